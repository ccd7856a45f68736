//! A run that left files under a prefix: which files, and what its summary says.

use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::Value;

use crate::error::{Error, Result};
use crate::genome::strand::Strand;

/// What a run was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Scan,
    Variants,
    Mutagenesis,
}

impl Kind {
    /// Returns the command.
    pub fn name(self) -> &'static str {
        match self {
            Self::Scan => "scan",
            Self::Variants => "variants",
            Self::Mutagenesis => "mutagenesis",
        }
    }

    /// Returns the endings of the file that holds the results, the first that is there counts.
    fn endings(self) -> &'static [&'static str] {
        match self {
            Self::Scan => &[".sites.bed.gz", ".sites.bed"],
            Self::Variants => &[".vcf.gz", ".vcf.bgz", ".vcf", ".bcf", ".tsv.gz", ".tsv"],
            Self::Mutagenesis => &[".mutagenesis.tsv.gz"],
        }
    }
}

const SUMMARY: &str = ".summary.json";
/// Quantities of tracks that a locus shows.
const QUANTITIES: [&str; 3] = ["probability", "cleavage", "strongest"];

/// A track in a bigWig file.
#[derive(Clone, Debug)]
pub struct TrackFile {
    pub strand: Strand,
    pub quantity: &'static str,
    pub path: PathBuf,
}

/// The files of a run.
#[derive(Clone, Debug)]
pub struct Run {
    /// As it was named, without ending.
    pub prefix: String,
    pub kind: Kind,
    /// Sites, variants or rows of mutagenesis.
    pub results: PathBuf,
    /// Its `summary.json`.
    pub summary: Value,
    pub tracks: Vec<TrackFile>,
    /// Table of genes that a scan with --context has written.
    pub genes: Option<PathBuf>,
}

impl Run {
    /// Finds the files of a run by its prefix, or by the name of one of its files.
    ///
    /// # Errors
    /// If there is no summary, it is of no such run, or the results are not there.
    pub fn find(text: &str) -> Result<Self> {
        let (prefix, named) = split(text);
        let path = PathBuf::from(format!("{prefix}{SUMMARY}"));
        if !path.is_file() {
            let problem = "there is no such file: give the PREFIX that `polyascan scan`, `variants` or `mutagenesis` \
                           has written to with -o";
            return Err(Error::of_file(&path, problem));
        }
        let bytes = std::fs::read(&path).map_err(|e| Error::io(&path, "cannot read", e))?;
        let summary: Value = serde_json::from_slice(&bytes)
            .map_err(|e| Error::of_file(&path, format!("not a summary: {e}")))?;
        let kind = kind_of(&summary).ok_or_else(|| {
            Error::of_file(&path, "not the summary of a scan, of variants or of mutagenesis")
        })?;
        let ours = |ending: &str| kind.endings().contains(&ending);
        let results = match named.filter(|ending| ours(ending)) {
            Some(_) => PathBuf::from(text),
            None => results(&prefix, kind).ok_or_else(|| {
                let tried: Vec<String> =
                    kind.endings().iter().map(|ending| format!("{prefix}{ending}")).collect();
                let what = kind.name();
                let problem = format!(
                    "it is of `polyascan {what}`, whose results are not beside it (looked for {})",
                    tried.join(", ")
                );
                Error::of_file(&path, problem)
            })?,
        };
        let tracks = tracks(&prefix);
        let genes = Some(PathBuf::from(format!("{prefix}.genes.tsv")));
        let genes = genes.filter(|path| kind == Kind::Scan && path.is_file());
        Ok(Self { prefix, kind, results, summary, tracks, genes })
    }

    /// Returns all files that it is read from.
    pub fn files(&self) -> Vec<PathBuf> {
        let summary = PathBuf::from(format!("{}{SUMMARY}", self.prefix));
        let tracks = self.tracks.iter().map(|track| track.path.clone());
        let files = [self.results.clone(), summary].into_iter().chain(tracks);
        files.chain(self.genes.clone()).collect()
    }

    /// Returns a remark on results of another run under the same prefix, whose summary this one's
    /// has replaced.
    pub fn remark(&self) -> Option<String> {
        let others = [Kind::Scan, Kind::Mutagenesis].into_iter().filter(|kind| *kind != self.kind);
        let other = others.into_iter().find_map(|kind| results(&self.prefix, kind))?;
        Some(format!(
            "{} is of another run under the same prefix, whose summary was replaced: it is not in this report; give \
             each run a prefix of its own",
            other.display()
        ))
    }

    /// Returns its name for headings: the last part of the prefix.
    pub fn name(&self) -> String {
        let name = Path::new(&self.prefix).file_name();
        name.map_or_else(|| self.prefix.clone(), |name| name.to_string_lossy().into_owned())
    }
}

/// Returns the prefix, and the ending if the text is the name of a file.
fn split(text: &str) -> (String, Option<&'static str>) {
    let kinds = [Kind::Mutagenesis, Kind::Scan, Kind::Variants];
    let endings = kinds.iter().flat_map(|kind| kind.endings()).copied().chain([SUMMARY]);
    let is_file = Path::new(text).is_file();
    for ending in endings.filter(|_| is_file) {
        if let Some(prefix) = text.strip_suffix(ending) {
            return (prefix.to_owned(), Some(ending));
        }
    }
    (text.to_owned(), None)
}

fn kind_of(summary: &Value) -> Option<Kind> {
    if summary["windows"]["requested"].is_u64() {
        Some(Kind::Scan)
    } else if summary["totals"]["alleles"].is_u64() {
        Some(Kind::Variants)
    } else if summary["totals"]["positions"].is_object() {
        Some(Kind::Mutagenesis)
    } else {
        None
    }
}

fn results(prefix: &str, kind: Kind) -> Option<PathBuf> {
    let files = kind.endings().iter().map(|ending| PathBuf::from(format!("{prefix}{ending}")));
    files.into_iter().find(|file| file.is_file())
}

fn tracks(prefix: &str) -> Vec<TrackFile> {
    let mut tracks = Vec::new();
    for strand in Strand::BOTH {
        let name = strand.name();
        for quantity in QUANTITIES {
            let path = PathBuf::from(format!("{prefix}.{name}.{quantity}.bw"));
            if path.is_file() {
                tracks.push(TrackFile { strand, quantity, path });
            }
        }
    }
    tracks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        folder
    }

    const SCAN: &str = r#"{"windows":{"requested":1}}"#;
    const VARIANTS: &str = r#"{"totals":{"alleles":1}}"#;

    #[test]
    fn a_run_is_found_by_prefix_or_by_any_of_its_files() {
        let folder = folder(&[
            ("a.summary.json", SCAN),
            ("a.sites.bed", ""),
            ("a.plus.cleavage.bw", ""),
            ("b.summary.json", VARIANTS),
            ("b.vcf", ""),
            ("b.tsv", ""),
        ]);
        let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        for name in ["a", "a.sites.bed", "a.summary.json"] {
            let run = Run::find(&at(name)).unwrap();
            assert_eq!((run.kind, run.name(), run.tracks.len()), (Kind::Scan, "a".into(), 1));
            assert_eq!(run.results, Path::new(&at("a.sites.bed")));
        }
        for (name, results) in [("b", "b.vcf"), ("b.tsv", "b.tsv")] {
            let run = Run::find(&at(name)).unwrap();
            assert_eq!((run.kind, run.results), (Kind::Variants, PathBuf::from(at(results))));
        }
    }

    #[test]
    fn another_run_under_the_same_prefix_is_told() {
        let folder = folder(&[("a.summary.json", VARIANTS), ("a.vcf", ""), ("a.sites.bed", "")]);
        let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        let remark = Run::find(&at("a")).unwrap().remark().unwrap();
        assert!(remark.starts_with(&at("a.sites.bed")), "{remark}");
        std::fs::remove_file(at("a.sites.bed")).unwrap();
        assert_eq!(Run::find(&at("a")).unwrap().remark(), None);
    }

    #[test]
    fn what_is_missing_is_named() {
        let folder =
            folder(&[("a.summary.json", SCAN), ("b.summary.json", "{}"), ("c.summary.json", "{")]);
        let said = |name: &str| {
            let path = folder.path().join(name).to_str().unwrap().to_owned();
            Run::find(&path).unwrap_err().to_string()
        };
        assert!(said("a").contains("whose results are not beside it"), "{}", said("a"));
        assert!(said("b").contains("not the summary of"), "{}", said("b"));
        assert!(said("c").contains("not a summary"), "{}", said("c"));
        assert!(said("x").contains("give the PREFIX"), "{}", said("x"));
    }
}
