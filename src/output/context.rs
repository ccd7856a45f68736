//! `PREFIX.context.tsv` and `PREFIX.genes.tsv`: what the usage of sites follows from, by site and
//! by gene.

mod genes;

use std::fmt::Write as _;
use std::io::Write as _;
use std::ops::Range;

use self::genes::GeneRow;
use super::atomic::{AtomicFile, Complete};
use super::bed::Site;
use super::provenance::header_line;
use crate::context::class::Feature;
use crate::context::features::GeneContext;
use crate::context::values::{Value, Values};
use crate::error::{Error, Result};
use crate::genome::contigs::Contigs;
use crate::genome::strand::Strand;

/// The first columns of the table of sites; those of [`Value::ALL`] follow.
const COLUMNS: [&str; 9] = [
    "#contig",
    "position",
    "strand",
    "gene",
    "feature",
    "called",
    "probability",
    "usage",
    "expressed",
];

/// Usage and probability of being used at all, of a site in a gene.
pub type Figures = (Option<f64>, Option<f64>);

/// Writes both tables.
pub struct ContextTables {
    sites: AtomicFile,
    genes: AtomicFile,
    /// By number of the gene.
    rows: Vec<GeneRow>,
    line: String,
}

impl ContextTables {
    /// Starts both; `provenance` ("key: value") become header lines.
    ///
    /// # Errors
    /// If a file cannot be created.
    pub fn create(prefix: &str, provenance: &[String]) -> Result<Self> {
        let create = |ending: &str| AtomicFile::create(format!("{prefix}.{ending}").as_ref());
        let (sites, genes) = (create("context.tsv")?, create("genes.tsv")?);
        let mut tables = Self { sites, genes, rows: Vec::new(), line: String::new() };
        let header: String = provenance.iter().map(|entry| header_line(entry)).collect();
        let columns = COLUMNS.into_iter().chain(Value::ALL.map(Value::name));
        let columns: Vec<&str> = columns.collect();
        put(&mut tables.sites, &format!("{header}{}\n", columns.join("\t")))?;
        put(&mut tables.genes, &format!("{header}{}\n", genes::COLUMNS.join("\t")))?;
        Ok(tables)
    }

    /// Writes a site in a gene.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn site(
        &mut self,
        contig: &str,
        site: &Site,
        (gene, feature, (usage, expressed), values): (
            Option<&str>,
            Option<Feature>,
            Figures,
            &Values,
        ),
    ) -> Result<()> {
        let line = &mut self.line;
        line.clear();
        let called = if site.context.uncalled { "no" } else { "yes" };
        let shown = |value: Option<f64>| value.map_or(".".to_owned(), |v| format!("{v:.4}"));
        // Writing to a String cannot fail.
        let _ = write!(
            line,
            "{contig}\t{}\t{}\t{}\t{}\t{called}\t{:.6}\t{}\t{}",
            site.position + 1,
            site.strand,
            gene.unwrap_or("."),
            feature.map_or(".", Feature::name),
            site.probability,
            shown(usage),
            shown(expressed),
        );
        for value in Value::ALL {
            let figure = values.get(value) + 0.0;
            let _ = match (figure.is_nan(), value.is_score()) {
                (true, _) => write!(line, "\t."),
                (false, true) => write!(line, "\t{figure:.4}"),
                (false, false) => write!(line, "\t{figure}"),
            };
        }
        line.push('\n');
        put(&mut self.sites, &self.line)
    }

    /// Remembers a site of a gene.
    pub fn of_gene(
        &mut self,
        gene: usize,
        site: &Site,
        feature: Option<Feature>,
        figures: Figures,
        values: &Values,
    ) {
        if self.rows.len() <= gene {
            self.rows.resize_with(gene + 1, GeneRow::default);
        }
        if let Some(feature) = feature.filter(|_| !site.context.uncalled) {
            self.rows[gene].add(site.position, feature, figures, values);
        }
    }

    /// Writes the genes of which a part was scanned.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn genes(
        &mut self,
        genes: &GeneContext,
        contigs: &Contigs,
        scanned: impl Fn(usize, Strand, Range<u64>) -> bool,
    ) -> Result<()> {
        let mut order: Vec<usize> = (0..genes.genes().len()).collect();
        let start = |gene: usize| {
            let gene = genes.gene(gene);
            let range = crate::context::structure::on_genome(gene.strand, &gene.range);
            (gene.contig, range.start, range.end, gene.strand)
        };
        order.sort_by_key(|gene| start(*gene));
        let empty = GeneRow::default();
        for number in order {
            let gene = genes.gene(number);
            let (contig, start, end, strand) = start(number);
            let body = start.max(0) as u64..end.max(0) as u64;
            if !scanned(contig, strand, body) {
                continue;
            }
            let row = self.rows.get(number).unwrap_or(&empty);
            let place = format!("{}\t{}\t{end}\t{strand}", contigs[contig].name, start + 1);
            let text = row.text(gene, &place, strand == Strand::Minus);
            put(&mut self.genes, &text)?;
        }
        Ok(())
    }

    /// Completes both.
    ///
    /// # Errors
    /// If the last bytes cannot be written.
    pub fn complete(self) -> Result<[Complete; 2]> {
        Ok([self.sites.complete()?, self.genes.complete()?])
    }
}

fn put(file: &mut AtomicFile, text: &str) -> Result<()> {
    let written = file.write_all(text.as_bytes());
    written.map_err(|e| Error::io(file.path(), "cannot write", e))
}
