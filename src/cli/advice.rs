//! What to do about arguments that clap does not know.

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};

/// Files by their endings, and how they are given.
const BY_ENDING: [(&[&str], &str); 4] = [
    (&[".gtf", ".gff", ".gff3"], "genes are given with an option: --annotation"),
    (
        &[".bed"],
        "regions and known sites are given with options: see --regions and --sites in --help",
    ),
    (&[".vcf", ".bcf"], "for effects of variants: polyascan variants VCF --fasta GENOME"),
    (
        &[".fa", ".fasta", ".fna"],
        "one genome at a time; join files with `cat`, or run once for each",
    ),
];

/// Adds advice to an error of arguments, where there is some.
pub fn add(mut error: clap::Error) -> clap::Error {
    let advice = match (error.kind(), error.get(ContextKind::InvalidArg)) {
        (ErrorKind::UnknownArgument, Some(ContextValue::String(argument))) => of_file(argument),
        _ => None,
    };
    if let Some(advice) = advice {
        let tips = ContextValue::StyledStrs(vec![StyledStr::from(advice)]);
        error.insert(ContextKind::Suggested, tips);
    }
    error
}

fn of_file(argument: &str) -> Option<&'static str> {
    let name = argument.strip_suffix(".gz").unwrap_or(argument).to_ascii_lowercase();
    let mut kinds = BY_ENDING.iter();
    let kind = kinds.find(|(endings, _)| endings.iter().any(|ending| name.ends_with(ending)));
    kind.filter(|_| !argument.starts_with('-')).map(|(_, advice)| *advice)
}
