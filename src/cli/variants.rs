//! `polyascan variants`

mod account;
pub mod output;
pub mod report;
mod run;
mod survey;

use std::path::{Path, PathBuf};

use clap::Args as ClapArgs;

use super::catalogues::catalogue;
use super::claim;
use super::context::SpliceOptions;
use super::options::{ModelOptions, StrengthOptions, ThreadOptions, check_stdin};
use super::parts::PartOptions;
use super::precompute::computed_with;
use crate::config::Config;
use crate::error::{Error, Result, excerpt};
use crate::genome::fasta::FastaFile;
use crate::models::Model;
use crate::output::lock::Lock;
use crate::variants::entry::KEYS;
use crate::variants::input::Input;
use crate::variants::precomputed::table::Tables;
use crate::variants::settings::CheckRef;
use crate::variants::settings::ContextRule;
use crate::variants::settings::{LatentSites, VariantSettings};
use crate::variants::tables::short;
use crate::variants::vcf::header::Header;
use crate::variants::vcf::line::COLUMNS;
use crate::variants::work::VariantWork;
use output::{Destination, OutputOptions};
use report::Report;

/// Samples that a message names.
const NAMED: usize = 10;

/// Say what variants do to polyA sites: VCF, BCF or a table in, annotated VCF or BCF out.
///
/// Every ALT is scored by itself, on both strands or, with --annotation, on those of the genes
/// here: all 240-nt windows that touch the change, on both haplotypes; sites of both, matched;
/// strength at the site. INFO/PolyA has an entry per allele x gene x site, INFO/PolyA_max the
/// largest |change| in strength, INFO/PolyA_skip why an allele was not scored. Every record comes
/// out, in order, otherwise untouched; OUT.summary.json accounts for all alleles. Method and
/// thresholds: docs/VARIANTS.md.
#[derive(Debug, ClapArgs)]
pub struct Args {
    /// Variants: VCF, BCF, a table (chrom pos ref alt, GWAS Catalog) or a list (chr1:12345:A:G,
    /// HGVS g.), told by content, plain, gzip or BGZF; - is standard input.
    #[arg(value_name = "VARIANTS", required_unless_present = "variants")]
    input: Option<PathBuf>,
    /// A variant in place of a file, as chr1:12345:A:G or 'NC_000001.11:g.12345A>G'; may be
    /// repeated.
    #[arg(long = "variant", value_name = "VARIANT", conflicts_with = "input")]
    variants: Vec<String>,
    /// Genome that they were called on: plain, gzip or BGZF.
    #[arg(short, long, value_name = "FASTA")]
    fasta: PathBuf,
    /// Genes (GTF or GFF3, plain or compressed): alleles are scored on the strands of the genes
    /// that they lie in, or past whose ends they lie (up to 5 kb, never into the next gene).
    #[arg(short, long, visible_alias = "gtf", value_name = "GTF|GFF3")]
    annotation: Option<PathBuf>,
    /// Known sites (BED of 6 or more columns): an allele that reaches one has an entry for it,
    /// however unlikely the site looks, as for the ends of the transcripts of --annotation; may be
    /// repeated.
    #[arg(long = "sites", value_name = "[NAME=]BED")]
    catalogues: Vec<String>,
    #[command(flatten)]
    model: ModelOptions,
    #[command(flatten)]
    strength: StrengthOptions,
    #[command(flatten)]
    splice: SpliceOptions,
    /// Which sites count, by published rules: effects on the others are unchanged and PolyA_max
    /// leaves them out; may be repeated.
    #[arg(long = "rule", value_enum, value_name = "RULE", requires = "annotation")]
    rules: Vec<ContextRule>,
    /// Latent sites that have entries: cleavage maxima that are called on neither haplotype, and
    /// that nobody knows.
    #[arg(long, value_enum, default_value = "changed", value_name = "SITES")]
    latent: LatentSites,
    /// Score only alleles that make, break or modify an element (polyA signal, TGTA, T-rich,
    /// GT/CT-rich, G-rich) on a strand that is scored, as Stroup & Ji 2023 do; the others are
    /// skipped (no_motif_change) before any model runs.
    #[arg(long)]
    changed_motif_only: bool,
    /// A sample whose phased genotypes say which variants lie on one haplotype: those up to 240 nt
    /// apart are also scored together (INFO/PolyA_hap). Records must be in order.
    #[arg(long, value_name = "SAMPLE")]
    haplotypes: Option<String>,
    /// Look effects up in this folder of `polyascan precompute`, which was made with the same
    /// genome, models, settings, --annotation and --sites, and compute only what is not there;
    /// results are the same.
    #[arg(long, value_name = "DIR")]
    precomputed: Option<PathBuf>,
    /// Longest allele that is scored, in nt that are replaced or put in [default: 100].
    #[arg(long, value_name = "NT")]
    max_length: Option<usize>,
    /// A REF that is not the genome's: e ends with an error, w warns and skips the record's
    /// alleles, x leaves the record out, s sets REF (unless an ALT is the genome's; genotypes
    /// stay).
    #[arg(short, long, value_enum, default_value = "w")]
    check_ref: CheckRef,
    /// The same as --check-ref e.
    #[arg(long, conflicts_with = "check_ref")]
    strict: bool,
    /// Settings that replace those of config/default.toml (TOML).
    #[arg(long, value_name = "TOML")]
    config: Option<PathBuf>,
    #[command(flatten)]
    threads: ThreadOptions,
    /// Where to write; - is standard output.
    #[arg(short, long, value_name = "FILE", default_value = "-", value_parser = crate::cli::options::name)]
    output: PathBuf,
    #[command(flatten)]
    formats: OutputOptions,
    #[command(flatten)]
    parts: PartOptions,
}

/// Runs the command.
///
/// # Errors
/// Wrong input, an output that cannot be written, an interrupt.
pub fn run(args: &Args) -> Result<()> {
    let destination = args.formats.destination(&args.output);
    run::run(args, &destination).map_err(|error| destination.explain(error))
}

impl Args {
    /// Finds the column of the sample whose haplotypes are asked for.
    fn sample(&self, header: &Header, input: &Input) -> Result<Option<usize>> {
        let Some(name) = &self.haplotypes else { return Ok(None) };
        let samples = header.samples();
        let place = samples.iter().position(|sample| sample == name);
        place.map(|place| Some(COLUMNS.len() + 1 + place)).ok_or_else(|| {
            let there = match samples.len() {
                0 => "there are none".to_owned(),
                n => {
                    let some: Vec<&str> = samples.iter().take(NAMED).map(String::as_str).collect();
                    let more = if n > NAMED { ", ..." } else { "" };
                    format!("there are {}{more}", some.join(", "))
                }
            };
            let problem = format!("no sample {:?} for --haplotypes; {there}", excerpt(name));
            Error::input(input.source.path(), "header", problem)
        })
    }

    /// Opens the tables of precomputed effects.
    fn tables(
        &self,
        settings: &VariantSettings,
        models: (&dyn Model, Option<&dyn Model>),
        fasta: &FastaFile,
        places: &[[Vec<u64>; 2]],
    ) -> Result<Option<Tables>> {
        let Some(folder) = &self.precomputed else { return Ok(None) };
        let VariantSettings { thresholds, latent, .. } = settings;
        let here = computed_with((thresholds, *latent), models, fasta, places);
        Tables::open(folder, &fasta.contigs, &here, thresholds.rule).map(Some)
    }

    fn input(&self) -> Result<Input> {
        match &self.input {
            Some(path) => Input::open(path),
            None => Input::of_variants(&self.variants),
        }
    }

    fn inputs(&self) -> Vec<&Path> {
        let given = [
            self.input.as_ref(),
            Some(&self.fasta),
            self.annotation.as_ref(),
            self.config.as_ref(),
        ];
        let usage = self.splice.context_model.as_deref();
        let models = [self.model.file(), self.strength.file(), usage];
        let catalogues = self.catalogues.iter().map(|text| Path::new(catalogue(text).1));
        let given = given.into_iter().flatten().map(PathBuf::as_path);
        given.chain(models.into_iter().flatten()).chain(catalogues).collect()
    }

    /// Refuses what cannot be.
    fn check(&self, destination: &Destination<'_>, inputs: &[&Path]) -> Result<()> {
        let usage = |problem: &str| Err(Error::Usage(problem.to_owned()));
        check_stdin(inputs)?;
        for variant in &self.variants {
            if let Err(reason) = short::parse(variant) {
                let meaning = reason.meaning();
                return usage(&format!("--variant {:?}: {meaning}", excerpt(variant)));
            }
        }
        if self.parts.shard.is_some() && (self.formats.is_given() || self.formats.is_more()) {
            return usage(
                "--shard writes no VCF: give --output-type, --write-index, --tsv, --multiqc and --format to `polyascan merge`",
            );
        }
        if self.parts.keep_parts() && destination.prefix().is_none() {
            return usage("--shard and --resume need the name of a file: -o out.vcf.gz");
        }
        destination.check(inputs)
    }

    /// Claims the names of a shard and of what it keeps.
    fn claim_shard(&self, prefix: &str, inputs: &[&Path]) -> Result<Lock> {
        let base = self.parts.base(prefix);
        claim::claim(&base, &claim::files(&base, &["shard", "checkpoint"]), inputs)
    }

    /// Describes the run, whose output gets `header` with what is added to it.
    fn work(
        &self,
        records: u64,
        header: &mut Header,
        fasta: &FastaFile,
        report: &Report,
        settings: VariantSettings,
    ) -> VariantWork {
        let replaced = header.remove(&KEYS);
        header.add(report.header_lines());
        VariantWork {
            shard: self.parts.share(),
            records,
            header: header.text(),
            replaced,
            genome_contigs: fasta.contigs.examples(3),
            longest_contig: fasta.contigs.iter().map(|contig| contig.length).max().unwrap_or(0),
            // Who merges shards decides on a table.
            table: self.formats.tsv.is_some() || self.parts.shard.is_some(),
            settings,
            summary: report.summary().clone(),
        }
    }

    /// What decides the results.
    fn settings(&self, config: &Config) -> VariantSettings {
        VariantSettings {
            thresholds: config.variants.thresholds(&config.scan),
            latent: self.latent,
            rules: self.rules.clone(),
            haplotypes: self.haplotypes.clone(),
            changed_motif_only: self.changed_motif_only,
            max_length: config.variants.max_length,
            extension: config.annotation.extension,
            check_ref: if self.strict { CheckRef::E } else { self.check_ref },
        }
    }

    /// The settings: command line over file over default.
    fn config(&self) -> Result<Config> {
        let mut config = Config::load(self.config.as_deref())?;
        let variants = &mut config.variants;
        variants.max_length = self.max_length.unwrap_or(variants.max_length);
        Ok(config)
    }
}
