use clap::CommandFactory;

use super::*;
use crate::cli::Cli;

fn line(typed: &str) -> String {
    let words = std::iter::once("polyascan").chain(typed.split(' '));
    let matches = Cli::command().try_get_matches_from(words).unwrap();
    with_effect(&Cli::command(), &matches)
}

#[test]
fn headers_do_not_name_threads_or_outputs_and_keep_the_order_of_the_rest() {
    for typed in [
        "scan g.fa -t 4 --strand - -o out/a --tracks",
        "scan --threads=2 g.fa --strand - --tracks -oout -q",
        "-q scan g.fa --chunk-size 100 --strand=- -t8 --tracks --output x",
        "scan g.fa --shard 1/2 --strand - --tracks --resume -o x",
        "scan g.fa -qt 2 --strand - --tracks -ox",
        "scan g.fa -qox --profile --strand - --tracks -t3",
        "scan -o x --strand - --tracks -- g.fa",
    ] {
        let expected = if typed.ends_with("-- g.fa") {
            "polyascan scan --strand - --tracks g.fa"
        } else {
            "polyascan scan g.fa --strand - --tracks"
        };
        assert_eq!(line(typed), expected, "{typed}");
    }
    assert_eq!(line("scan -o x -- -t5.fa"), "polyascan scan -- -t5.fa");
    assert_eq!(
        line("scan -r a:1-9 -o x --min-posterior 0.1 -r b -f g.fa"),
        "polyascan scan --region a:1-9 --min-posterior 0.1 --region b --fasta g.fa"
    );
}

#[test]
fn however_an_option_is_written_the_header_is_the_same() {
    let expected = "polyascan variants in.vcf --fasta g.fa --annotation g.gtf";
    for typed in [
        "variants in.vcf -f g.fa -a g.gtf",
        "variants in.vcf --fasta=g.fa --gtf g.gtf -q",
        "variants in.vcf -fg.fa --annotation g.gtf -Wo x.vcf.gz -Oz",
    ] {
        assert_eq!(line(typed), expected, "{typed}");
    }
}

#[test]
fn a_program_that_folds_is_named_with_an_equals_sign_as_clap_reads_it() {
    for (typed, header) in [
        ("predict a.fa --fold", "polyascan predict a.fa --fold=rnafold"),
        ("predict --fold=rnashapes a.fa", "polyascan predict --fold=rnashapes a.fa"),
    ] {
        assert_eq!(line(typed), header);
        assert_eq!(line(header.strip_prefix("polyascan ").unwrap()), header);
    }
}

#[test]
fn several_values_of_one_option_stay_together() {
    assert_eq!(
        line("evaluate classes --negative n.fa --positive a.fa b.fa --by x --positive c.fa"),
        "polyascan evaluate classes --negative n.fa --positive a.fa b.fa --by x --positive c.fa"
    );
}

fn every_argument(command: &Command, found: &mut Vec<(String, String)>) {
    for arg in command.get_arguments() {
        found.push((arg.get_id().to_string(), command.get_name().to_owned()));
    }
    command.get_subcommands().for_each(|inner| every_argument(inner, found));
}

#[test]
fn every_argument_of_every_command_is_said_to_have_an_effect_on_results_or_none() {
    let mut found = Vec::new();
    every_argument(&Cli::command(), &mut found);
    assert!(found.len() > 100);
    let unknown: Vec<_> = found
        .iter()
        .filter(|(id, _)| {
            WITH_EFFECT.contains(&id.as_str()) == WITHOUT_EFFECT.contains(&id.as_str())
        })
        .collect();
    assert!(
        unknown.is_empty(),
        "in one of the two tables of cli/command_line.rs, and in one alone: {unknown:?}"
    );
    let gone: Vec<_> = WITH_EFFECT
        .iter()
        .chain(WITHOUT_EFFECT)
        .filter(|id| !found.iter().any(|(there, _)| there == *id))
        .collect();
    assert!(gone.is_empty(), "no command has these arguments: {gone:?}");
}
