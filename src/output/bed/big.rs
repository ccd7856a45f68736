//! Sites as a bigBed: BED9, whose last column is the colour of the strand, and the extra columns.

use std::fmt::Write as _;
use std::path::Path;

use super::{COLUMNS, Site, format_cells};
use crate::error::{Error, Result};
use crate::genome::contigs::Contigs;
use crate::genome::strand::Strand;
use crate::output::atomic::Complete;
use crate::output::bigwig::bed::{Columns, ItemWriter};

/// Columns of the BED file that BED defines.
const OF_BED: usize = 6;

/// Type in autoSql and meaning of each extra column. What may be absent (`.`) is a string.
const EXTRA: [(&str, &str); COLUMNS.len() - OF_BED] = [
    (
        "float",
        "Classification of the window centred on the site: a site in its central 50 nt, at even odds",
    ),
    ("string", "Share of such calls that are measured sites"),
    ("float", "Consolidated cleavage at the site, background subtracted"),
    ("uint", "Start of the cluster that the site represents, 0-based"),
    ("uint", "End of the cluster"),
    ("float", "Entropy of the cluster's normalised profile, nats"),
    ("uint", "Kept windows that cover the site"),
    ("string", "Strongest polyA signal upstream"),
    ("string", "Distance of its first base to the site, nt"),
    ("lstring", "Genes, by the annotation"),
    ("string", "Class in the gene structure"),
    ("string", "Log2 odds of usage, by the strength model"),
    ("string", "Share of the gene's transcripts that end there"),
    ("string", "Probability that the site is used at all"),
    ("lstring", "Catalogues with a site near"),
    ("string", "How far downstream of it this one lies, nt"),
    ("string", "no: a known site at which no site is called"),
];

/// Colour of a strand, red, green and blue (0-255): blue of the plus strand, orange of the minus
/// strand, as in reports.
pub fn colour(strand: Strand) -> &'static str {
    match strand {
        Strand::Plus => "0,114,178",
        Strand::Minus => "200,85,0",
    }
}

/// Returns the description of the columns in autoSql.
pub fn auto_sql() -> String {
    let mut text =
        "table polyascanSites\n\"PolyA cleavage sites predicted by polyascan\"\n(\n".to_owned();
    let bed = [
        ("string", "chrom", "Contig"),
        ("uint", "chromStart", "The site: the last nucleotide before the cut, 0-based"),
        ("uint", "chromEnd", "One nucleotide further on"),
        ("string", "name", "contig:position:strand, position 1-based"),
        ("uint", "score", "1000 x posterior (of models without: x probability)"),
        ("char[1]", "strand", "+ or -"),
        ("uint", "thickStart", "As chromStart"),
        ("uint", "thickEnd", "As chromEnd"),
        ("uint", "itemRgb", "Colour of the strand"),
    ];
    let names = COLUMNS[OF_BED..].iter().map(|(name, _)| *name);
    let extra = EXTRA.iter().zip(names).map(|((of, meaning), name)| (*of, name, *meaning));
    for (of, name, meaning) in bed.into_iter().chain(extra) {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{of:<8} {name}; \"{meaning}\"");
    }
    text + ")\n"
}

/// Writes sites as a bigBed.
pub struct BigSites {
    items: ItemWriter,
    contigs: Contigs,
    /// Reused for every site.
    text: String,
}

impl BigSites {
    /// Starts the file `path`.
    ///
    /// # Errors
    /// If it cannot be created, or the contigs are too long or too many for the format.
    pub fn create(path: &Path, contigs: &Contigs) -> Result<Self> {
        let (description, of_bed) = (auto_sql(), OF_BED + 3);
        let columns = Columns { description, all: COLUMNS.len() + 3, of_bed };
        let items = ItemWriter::create(path, contigs, columns)?;
        Ok(Self { items, contigs: contigs.clone(), text: String::new() })
    }

    /// Writes one site. Sites come in order of contig, position and strand.
    ///
    /// # Errors
    /// If the file cannot be written, or a site is out of order.
    pub fn write(&mut self, site: &Site) -> Result<()> {
        let contig = &self.contigs[site.contig].name;
        let (start, end) = (site.position, site.position + 1);
        let text = &mut self.text;
        text.clear();
        // Writing to a String cannot fail.
        let _ = format_cells(text, &COLUMNS[3..OF_BED], contig, site);
        let _ = write!(text, "\t{start}\t{end}\t{}\t", colour(site.strand));
        let _ = format_cells(text, &COLUMNS[OF_BED..], contig, site);
        let position = u32::try_from(start).map_err(|_| {
            Error::Internal(format!("a site lies beyond what a bigBed holds: {text}"))
        })?;
        self.items.add(site.contig, position, &self.text)
    }

    /// Completes the file; `None` without a site, as a bigBed cannot be empty.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn complete(self) -> Result<Option<Complete>> {
        self.items.finish()
    }
}

#[cfg(test)]
mod tests {
    use bigtools::BigBedRead;
    use proptest::prelude::*;

    use super::*;
    use crate::output::atomic::publish;
    use crate::output::bed::{InContext, format_row};

    fn genome() -> Contigs {
        let mut contigs = Contigs::default();
        for (name, length) in [("chr2", 5_000_000), ("chr10", 1_000_000), ("chr1", 2_000_000)] {
            contigs.push(name.to_owned(), length);
        }
        contigs
    }

    fn site((contig, position, strand): (usize, u64, usize)) -> Site {
        Site {
            contig,
            position,
            strand: Strand::BOTH[strand],
            probability: 0.98765,
            posterior: (position % 3 > 0).then_some(0.125),
            cleavage: 0.25,
            cluster: position.saturating_sub(3)..position + 9,
            entropy: 1.23456,
            windows: 31,
            signal: (position % 2 > 0).then_some(("AATAAA", 21)),
            gene: None,
            context: InContext::default(),
        }
    }

    /// The row of the BED file that an item stands for.
    fn row(contig: &str, item: &bigtools::BedEntry) -> String {
        let cells: Vec<&str> = item.rest.split('\t').collect();
        assert_eq!(cells.len() + 3, COLUMNS.len() + 3);
        let (start, end) = (item.start.to_string(), item.end.to_string());
        assert_eq!(cells[3..5], [start.as_str(), &end]);
        assert_eq!(cells[5] == colour(Strand::Plus), cells[2] == "+");
        let place = [contig, &start, &end].into_iter();
        place.chain(cells[..3].iter().chain(&cells[6..]).copied()).collect::<Vec<_>>().join("\t")
            + "\n"
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn a_big_bed_has_the_rows_of_the_bed(
            places in prop::collection::btree_set((0usize..3, 0u64..900_000, 0usize..2), 1..1500),
            near in 0u64..600,
        ) {
            // Both strands of one place, and sections that end there.
            let near = (0..near).flat_map(|at| [(1, 900_000 + at / 2, 0), (1, 900_000 + at / 2, 1)]);
            let places: std::collections::BTreeSet<_> = places.into_iter().chain(near).collect();
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("x.bb");
            let mut writer = BigSites::create(&path, &genome()).unwrap();
            let mut expected = [const { Vec::new() }; 3];
            for place in places {
                let site = site(place);
                writer.write(&site).unwrap();
                let mut line = String::new();
                format_row(&mut line, &genome()[site.contig].name, &site).unwrap();
                expected[site.contig].push(line);
            }
            publish(writer.complete().unwrap().into_iter().collect()).unwrap();
            let mut reader = BigBedRead::open_file(&path).unwrap();
            prop_assert_eq!(reader.autosql().unwrap(), Some(auto_sql()));
            let all: u64 = expected.iter().map(|rows| rows.len() as u64).sum();
            prop_assert_eq!(reader.item_count().unwrap(), all);
            for (contig, expected) in genome().iter().zip(expected) {
                if expected.is_empty() {
                    continue;
                }
                let items = reader.get_interval(&contig.name, 0, contig.length as u32).unwrap();
                let found: Vec<String> = items.map(|item| row(&contig.name, &item.unwrap())).collect();
                prop_assert_eq!(found, expected);
            }
        }
    }

    #[test]
    fn no_site_gives_no_file_and_disorder_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.bb");
        assert!(BigSites::create(&path, &genome()).unwrap().complete().unwrap().is_none());
        let mut writer = BigSites::create(&path, &genome()).unwrap();
        writer.write(&site((0, 7, 0))).unwrap();
        assert!(writer.write(&site((0, 6, 0))).is_err());
        drop(writer);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}
