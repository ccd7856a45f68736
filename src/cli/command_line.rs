//! The command line as headers and summaries show it, from clap's own account of what was given.

use std::ffi::OsString;
use std::sync::{PoisonError, RwLock};

use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command};

/// Arguments, of any command, that change what a result is: files, models, thresholds, what is
/// asked for.
#[cfg(test)]
const WITH_EFFECT: &[&str] = &[
    "alphabet",
    "anchor",
    "anchor_at",
    "annotation",
    "archive",
    "around",
    "background",
    "bgzip",
    "bigbed",
    "by",
    "calls",
    "catalogues",
    "channels",
    "changed_motif_only",
    "baseline",
    "class",
    "classes",
    "clustered",
    "check_ref",
    "command",
    "config",
    "context",
    "context_model",
    "contigs",
    "counts",
    "data",
    "decoys",
    "default",
    "deletions",
    "dimension",
    "epochs",
    "every",
    "features",
    "fasta",
    "floor",
    "fold",
    "folds",
    "gene",
    "genes",
    "genome",
    "genomic_as",
    "haplotypes",
    "hub",
    "input",
    "input_length",
    "k",
    "keep_primed",
    "known_within",
    "latent",
    "labelled",
    "labels",
    "learning_rate",
    "labels",
    "length",
    "library",
    "max_length",
    "merge_distance",
    "min_centre_cleavage",
    "min_expressed",
    "min_posterior",
    "min_probability",
    "model",
    "name",
    "negative",
    "negatives",
    "only_known",
    "only_novel",
    "part",
    "positive",
    "precision",
    "pretrained",
    "regions",
    "regions_file",
    "replacements",
    "rate",
    "reads",
    "recall",
    "runs",
    "seqlet_p",
    "sequences",
    "steps",
    "target",
    "title",
    "rows",
    "variants",
    "width",
    "rules",
    "score_ends",
    "screen",
    "seed",
    "shards",
    "shell",
    "simd",
    "sites",
    "splice_scores",
    "strand",
    "strength_model",
    "strict",
    "stringency",
    "structures",
    "subsample",
    "table",
    "task",
    "threshold",
    "tracks",
    "trials",
    "truth",
    "usage",
    "validation",
    "whole_genome",
    "window",
    "windows",
    "calibration_windows",
    "within",
];

/// Those that change no byte of a result: where it goes, in what form, how fast it comes, what is
/// said meanwhile. Headers leave them out, so that equal results are equal files.
const WITHOUT_EFFECT: &[&str] = &[
    "threads",
    "chunk_size",
    "output",
    "quiet",
    "verbose",
    "log_format",
    "device",
    "tsv",
    "output_type",
    "format",
    "write_index",
    "shard",
    "resume",
    "force",
    "plots",
    "plot",
    "cutoff",
    "places",
    "json",
    "weights",
    "keep_folds",
    "profile",
    "multiqc",
    "no_splice_cache",
    "precomputed",
    "predictions",
    "per_table",
];

/// The command line of this run.
#[derive(Clone, Default)]
struct CommandLine {
    typed: String,
    result: String,
}

static CURRENT: RwLock<Option<CommandLine>> = RwLock::new(None);

/// Notes what a run was asked for, at its start.
pub fn note(arguments: &[OsString], command: &Command, matches: &ArgMatches) {
    let typed: Vec<String> =
        arguments.iter().map(|argument| argument.to_string_lossy().into_owned()).collect();
    let result = with_effect(command, matches);
    let mut current = CURRENT.write().unwrap_or_else(PoisonError::into_inner);
    *current = Some(CommandLine { typed: typed.join(" "), result });
}

fn current() -> CommandLine {
    CURRENT.read().unwrap_or_else(PoisonError::into_inner).clone().unwrap_or_default()
}

/// Returns the command line as typed, for summaries.
pub fn typed() -> String {
    current().typed
}

/// Returns the command line without what has no effect on results, each option by its long name,
/// for headers.
pub fn result() -> String {
    current().result
}

/// An argument that was given: where it stood, and its words.
struct Given {
    place: usize,
    words: Vec<String>,
    positional: bool,
}

fn with_effect(command: &Command, matches: &ArgMatches) -> String {
    let mut words = vec![command.get_name().to_owned()];
    let (mut command, mut matches) = (command, matches);
    loop {
        words.extend(words_of(command, matches));
        let Some((name, inner)) = matches.subcommand() else { break };
        words.push(name.to_owned());
        let Some(next) = command.find_subcommand(name) else { break };
        (command, matches) = (next, inner);
    }
    words.join(" ")
}

/// Returns the words of the arguments with effect that were given to one command, in the order in
/// which they were.
fn words_of(command: &Command, matches: &ArgMatches) -> Vec<String> {
    let named =
        command.get_arguments().filter(|arg| !WITHOUT_EFFECT.contains(&arg.get_id().as_str()));
    let mut all: Vec<Given> = named.flat_map(|arg| given(arg, matches)).collect();
    all.sort_by_key(|given| given.place);
    let like_an_option = |given: &Given| {
        let first = given.words.first();
        given.positional && first.is_some_and(|word| word.starts_with('-') && word != "-")
    };
    if let Some(at) = all.iter().position(like_an_option) {
        let place = all[at].place;
        all.insert(at, Given { place, words: vec!["--".to_owned()], positional: true });
    }
    all.into_iter().flat_map(|given| given.words).collect()
}

/// Returns each time that an argument was given on the command line.
fn given(arg: &Arg, matches: &ArgMatches) -> Vec<Given> {
    let id = arg.get_id().as_str();
    if matches.value_source(id) != Some(ValueSource::CommandLine) {
        return Vec::new();
    }
    let option = arg.get_long().map(|name| format!("--{name}"));
    let positional = option.is_none();
    let mut places = matches.indices_of(id).into_iter().flatten();
    if !arg.get_action().takes_values() {
        let place = places.next().unwrap_or_default();
        return vec![Given { place, words: option.into_iter().collect(), positional }];
    }
    let times = matches.get_raw_occurrences(id).into_iter().flatten();
    let times = times.map(|values| {
        let values: Vec<String> =
            values.map(|value| value.to_string_lossy().into_owned()).collect();
        let place = places.by_ref().take(values.len()).min().unwrap_or_default();
        let words = match &option {
            Some(option) if arg.is_require_equals_set() => {
                vec![format!("{option}={}", values.join(","))]
            }
            _ => option.iter().cloned().chain(values).collect(),
        };
        Given { place, words, positional }
    });
    times.collect()
}

#[cfg(test)]
mod tests;
