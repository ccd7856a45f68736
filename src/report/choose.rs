//! Which loci are drawn, and the contigs that they lie on.

use std::collections::HashMap;
use std::ops::Range;
use std::path::Path;

use super::rows::Rows;
use super::run::{Kind, Run};
use super::tracks::Track;
use crate::error::{Error, Result};
use crate::genome::annotation::{Annotation, Gene};
use crate::genome::compression::Source;
use crate::genome::contigs::Contigs;
use crate::genome::region::Region;
use crate::variants::vcf::reader::VcfReader;

/// Loci of a report at most.
pub const MOST_LOCI: usize = 50;
/// Nucleotides of a locus at most.
pub const LONGEST: u64 = 10_000_000;
/// Nucleotides before a gene that are shown with it.
const BEFORE: u64 = 500;
/// Length of a contig that no file tells.
const UNKNOWN: u64 = 1 << 39;

/// A stretch of the genome to draw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Gene or region, as it was asked for.
    pub name: String,
    /// The gene that was asked for: symbol and id.
    pub gene: Option<(String, String)>,
    pub contig: usize,
    pub range: Range<u64>,
}

/// The contigs that the files of runs speak of, in order of appearance; the runs have no genome
/// with them.
#[derive(Default)]
pub struct KnownContigs {
    pub contigs: Contigs,
    /// The last place that is known of each whose length is not.
    extents: Vec<Option<u64>>,
}

impl KnownContigs {
    /// Collects them.
    ///
    /// # Errors
    /// If a file cannot be read.
    pub fn of(runs: &[Run]) -> Result<Self> {
        let mut lengths: Vec<(String, u64)> = Vec::new();
        let mut places: Vec<(String, u64)> = Vec::new();
        for run in runs {
            for track in &run.tracks {
                lengths.extend(Track::contigs(&track.path)?);
            }
            match run.kind {
                Kind::Scan => last_places(&run.results, "start", &mut places)?,
                Kind::Mutagenesis => last_places(&run.results, "pos", &mut places)?,
                Kind::Variants if is_table(&run.results) => {
                    last_places(&run.results, "pos", &mut places)?;
                }
                Kind::Variants => of_header(&run.results, &mut lengths)?,
            }
        }
        let mut known = Self::default();
        let length_of: HashMap<&str, u64> =
            lengths.iter().map(|(name, length)| (name.as_str(), *length)).collect();
        for (name, place) in places.iter().chain(&lengths) {
            let length = length_of.get(name.as_str()).copied();
            if known.contigs.push(name.clone(), length.unwrap_or(UNKNOWN)).is_some() {
                known.extents.push(length.is_none().then_some(*place));
            }
        }
        Ok(known)
    }

    /// Returns the end of a range within what is known of its contig.
    fn end(&self, contig: usize, end: u64) -> u64 {
        match self.extents.get(contig).copied().flatten() {
            Some(extent) if end == UNKNOWN => extent + BEFORE,
            _ => end,
        }
    }

    /// Returns the loci of regions, then of genes with `extension` nt past their ends. Names in
    /// messages: `results` for the files of the runs.
    ///
    /// # Errors
    /// A region that is none, or of another genome; too many or too long loci.
    pub fn loci(
        &self,
        regions: &[String],
        genes: &[&Gene],
        extension: u64,
        results: &Path,
    ) -> Result<Vec<Wanted>> {
        let mut loci = Vec::new();
        for text in regions {
            let Region { contig, range } = Region::parse(text, &self.contigs, results)?;
            let range = range.start..self.end(contig, range.end);
            loci.push(Wanted { name: text.clone(), gene: None, contig, range });
        }
        for gene in genes {
            let length = self.contigs[gene.contig].length;
            let Range { start, end } = gene.reach(extension, length);
            let range = start.saturating_sub(BEFORE)..(end + BEFORE).min(length);
            let named = Some((gene.name.clone(), gene.id.clone()));
            loci.push(Wanted { name: gene.name.clone(), gene: named, contig: gene.contig, range });
        }
        if loci.len() > MOST_LOCI {
            let problem =
                format!("{} genes and regions: at most {MOST_LOCI} are drawn", loci.len());
            return Err(Error::Usage(problem));
        }
        let long = loci.iter().find(|locus| locus.range.end - locus.range.start > LONGEST);
        if let Some(Wanted { name, range, .. }) = long {
            let length = range.end - range.start;
            let problem =
                format!("{name} has {length} nt: a locus of at most {LONGEST} nt can be drawn");
            return Err(Error::Usage(problem));
        }
        if let Some(empty) = loci.iter().find(|locus| locus.range.is_empty()) {
            return Err(Error::Usage(format!("region {:?} is empty", empty.name)));
        }
        Ok(loci)
    }
}

/// Reads the genes of an annotation that lie on contigs of the runs.
///
/// # Errors
/// If it cannot be read, or has none.
pub fn annotation(path: &Path, contigs: &Contigs) -> Result<Annotation> {
    Annotation::from_source(&Source::open(path)?, contigs)
}

fn is_table(path: &Path) -> bool {
    let name = path.to_string_lossy();
    name.ends_with(".tsv") || name.ends_with(".tsv.gz")
}

/// Adds each contig of a table with the last place on it.
fn last_places(path: &Path, column: &str, places: &mut Vec<(String, u64)>) -> Result<()> {
    let mut found: Vec<(String, u64)> = Vec::new();
    let mut seen: HashMap<String, usize> = HashMap::new();
    Rows::open(path, &["chrom", column])?.for_each(|row| {
        let (contig, place) = (row.text("chrom").unwrap_or_default(), row.position(column)?);
        let last = found.len().wrapping_sub(1);
        let at = match found.get(last) {
            Some((name, _)) if name == contig => last,
            _ => *seen.entry(contig.to_owned()).or_insert_with(|| {
                found.push((contig.to_owned(), 0));
                found.len() - 1
            }),
        };
        found[at].1 = found[at].1.max(place + 1);
        Ok(())
    })?;
    places.extend(found);
    Ok(())
}

/// Adds the contigs that the header of a VCF or BCF file defines.
fn of_header(path: &Path, lengths: &mut Vec<(String, u64)>) -> Result<()> {
    let reader = VcfReader::new(Source::open(path)?)?;
    let text = reader.header.text();
    let text = String::from_utf8_lossy(&text);
    for line in text.lines().filter_map(|line| line.strip_prefix("##contig=<")) {
        let entries = line.trim_end_matches('>').split(',');
        let value = |key: &str| entries.clone().find_map(|entry| entry.strip_prefix(key));
        if let Some(name) = value("ID=") {
            let length = value("length=").and_then(|length| length.parse().ok());
            let length: u64 = length.filter(|length| *length < UNKNOWN).unwrap_or(UNKNOWN);
            lengths.push((name.to_owned(), length));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::genome::strand::Strand;

    fn known() -> KnownContigs {
        let mut known = KnownContigs::default();
        known.contigs.push("known".into(), 20_000_000);
        known.contigs.push("open".into(), UNKNOWN);
        known.extents = vec![None, Some(900)];
        known
    }

    fn loci(regions: &[&str], genes: &[&Gene]) -> Result<Vec<Wanted>> {
        let regions: Vec<String> = regions.iter().map(|text| (*text).to_owned()).collect();
        known().loci(&regions, genes, 5_000, Path::new("x.sites.bed"))
    }

    #[test]
    fn a_gene_comes_with_what_lies_past_its_end() {
        let gene = |strand| Gene {
            name: "G".into(),
            id: "G1".into(),
            contig: 0,
            strand,
            range: 10_000..11_000,
            transcripts: Vec::new(),
            open_ended: Vec::new(),
            biotype: None,
            transcript_ids: Vec::new(),
            coding_ends: Vec::new(),
        };
        let range = |strand| loci(&[], &[&gene(strand)]).unwrap()[0].range.clone();
        assert_eq!(range(Strand::Plus), 9_500..16_500);
        assert_eq!(range(Strand::Minus), 4_500..11_500);
    }

    #[test]
    fn a_contig_whose_length_is_not_known_reaches_to_its_last_site() {
        let wanted = &loci(&["open:101", "known:101-200"], &[]).unwrap();
        assert_eq!(
            (wanted[0].range.clone(), wanted[1].range.clone()),
            (100..900 + BEFORE, 100..200)
        );
    }

    #[test]
    fn loci_are_neither_too_many_nor_too_long() {
        let said = |regions: &[&str]| loci(regions, &[]).unwrap_err().to_string();
        assert_eq!(said(&["open:1-9"; 51]), "51 genes and regions: at most 50 are drawn");
        assert!(
            said(&["known"]).starts_with("known has 20000000 nt: a locus of at most 10000000 nt")
        );
        assert_eq!(loci(&["open:1-9"; 50], &[]).unwrap().len(), 50);
    }
}
