//! The table that `scan --context` writes, read back.

use std::collections::HashMap;
use std::path::Path;

use super::Measured;
use crate::context::class::Feature;
use crate::context::values::{Value, Values};
use crate::error::{Error, Problem, Result};
use crate::genome::compression::Source;
use crate::genome::contigs::Contigs;
use crate::genome::strand::Strand;
use crate::genome::text_lines::TextLines;

/// A putative site in a gene.
#[derive(Clone, Debug)]
pub struct Putative {
    pub contig: usize,
    /// 0-based.
    pub position: u64,
    pub strand: Strand,
    pub gene: Option<String>,
    /// `None` without annotation.
    pub feature: Option<Feature>,
    pub values: Values,
    /// Reads of the measured site near it (0 where none were counted); `None` if there is none:
    /// unused.
    pub used: Option<f64>,
}

/// Reads the called sites of a table.
///
/// # Errors
/// If the file is no such table, or names contigs that the genome lacks.
pub fn read_putative(path: &Path, contigs: &Contigs, measured: &Measured) -> Result<Vec<Putative>> {
    let mut lines = TextLines::new(&Source::open(path)?);
    let mut columns: HashMap<String, usize> = HashMap::new();
    let mut sites = Vec::new();
    loop {
        let Some(line) = lines.next_line()? else { break };
        let line = String::from_utf8_lossy(line).into_owned();
        if line.starts_with("## ") || line.is_empty() {
            continue;
        }
        let cells: Vec<&str> = line.split('\t').collect();
        if let Some(first) = line.strip_prefix('#') {
            let names = first.split('\t').enumerate();
            columns = names.map(|(at, name)| (name.to_owned(), at)).collect();
            continue;
        }
        let site = site(&cells, &columns, contigs, measured);
        sites.extend(site.map_err(|problem| lines.wrong(problem))?);
    }
    if sites.is_empty() {
        let problem = "no called sites in this file; it should be PREFIX.context.tsv of `polyascan scan --context`";
        return Err(Error::of_file(path, problem));
    }
    Ok(sites)
}

/// Reads a row; `None` of a site that is not called.
fn site(
    cells: &[&str],
    columns: &HashMap<String, usize>,
    contigs: &Contigs,
    measured: &Measured,
) -> std::result::Result<Option<Putative>, Problem> {
    let get = |name: &str| {
        let cell = columns.get(name).and_then(|at| cells.get(*at)).copied();
        cell.ok_or_else(|| {
            format!("no column {name}; write the table with `polyascan scan --context`")
        })
    };
    if get("called")? == "no" {
        return Ok(None);
    }
    let name = get("contig")?;
    let contig = contigs.resolve(name);
    let contig = contig.ok_or_else(|| format!("contig {name} is not in the FASTA file"))?;
    let strand: Strand = get("strand")?.parse()?;
    let position = get("position")?;
    let wrong = || format!("position {position:?} is not a whole number from 1");
    let position = position.parse::<u64>().ok().and_then(|p| p.checked_sub(1)).ok_or_else(wrong)?;
    let feature = match get("feature")? {
        "." => None,
        name => Some(Feature::of_name(name).ok_or_else(|| format!("no class is called {name}"))?),
    };
    let mut values = Values::default();
    for value in Value::ALL {
        let text = get(value.name())?;
        if text != "." {
            let number = text.parse();
            let number =
                number.map_err(|_| format!("{} {text:?} is not a number", value.name()))?;
            values.set(value, number);
        }
    }
    let gene = Some(get("gene")?).filter(|gene| *gene != ".").map(str::to_owned);
    let used = measured.near(contig, strand, position);
    Ok(Some(Putative { contig, position, strand, gene, feature, values, used }))
}
