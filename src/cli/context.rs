//! Options of the context of sites, and what they name, loaded.

use std::path::{Path, PathBuf};

use clap::Args;

use super::catalogues::{add_catalogue, catalogue, named_catalogue};
use super::options::{ModelOptions, StrengthOptions};
use crate::context::features::GeneContext;
use crate::context::known::KnownSites;
use crate::context::model::ContextModel;
use crate::context::splice::{SpliceScorer, cache, learn};
use crate::engine::device::Workers;
use crate::error::{Error, Result};
use crate::genome::compression::Source;
use crate::genome::contigs::Contigs;
use crate::genome::fasta::FastaFile;
use crate::genome::windows::Windows;
use crate::models::{Model, registry};
use crate::scan::Targets;
use crate::scan::in_context::Context;
use crate::scan::settings::{ContextPlan, ContextSettings, Only};
use crate::timing::Profile;

/// How far from a known site a call is that site, nt.
const KNOWN_WITHIN: u64 = 24;

/// What the context of sites is made of.
#[derive(Debug, Args)]
pub struct ContextOptions {
    #[command(flatten)]
    strength: StrengthOptions,
    /// Also write PREFIX.context.tsv (what usage and expressed of each site follow from) and, with
    /// --annotation, PREFIX.genes.tsv (sites of each gene with their usage and 3' UTR lengths).
    #[arg(long)]
    context: bool,
    /// Leave out sites that are used with a probability (column expressed) below this (0-1).
    #[arg(long, value_name = "P", allow_negative_numbers = true)]
    min_expressed: Option<f64>,
    /// Known sites (BED of 6 or more columns), with the catalogue's name if it is not the file's;
    /// may be repeated. Calls near one are marked known; where none is called it is scored all the
    /// same (called: no).
    #[arg(long = "sites", value_name = "[NAME=]BED")]
    catalogues: Vec<String>,
    /// A call is known with a known site at most so many nt away [default: 24].
    #[arg(long, value_name = "NT")]
    known_within: Option<u64>,
    /// Also score the ends of annotated transcripts at which no site is called.
    #[arg(long, requires = "annotation")]
    score_ends: bool,
    /// Write sites near a known one only (of --sites, or an annotated transcript's end).
    #[arg(long, conflicts_with = "only_novel")]
    only_known: bool,
    /// Write sites far from known ones only.
    #[arg(long)]
    only_novel: bool,
    #[command(flatten)]
    splice: SpliceOptions,
}

/// Where scores of splice sites and usage models come from.
#[derive(Debug, Args)]
pub struct SpliceOptions {
    /// Folder with MaxEntScan's tables (score5_matrix.txt, score3_matrix.txt), in place of
    /// splice-site scores learned from the annotation and the genome.
    #[arg(long, value_name = "FOLDER", requires = "annotation")]
    pub splice_scores: Option<PathBuf>,
    /// Keep no splice-site scores beside the genome (GENOME.DIGEST.splice.tsv).
    #[arg(long)]
    pub no_splice_cache: bool,
    /// Usage models written by `train context`, in place of those inside the program.
    #[arg(long, value_name = "TOML")]
    pub context_model: Option<PathBuf>,
}

impl ContextOptions {
    /// Returns the files that are named.
    pub fn files(&self) -> Vec<&Path> {
        let named = self.catalogues.iter().map(|text| Path::new(catalogue(text).1));
        let models = self.splice.context_model.as_deref().into_iter().chain(self.strength.file());
        named.chain(models).collect()
    }

    /// Whether something is asked for that standard output cannot hold.
    pub fn needs_prefix(&self) -> bool {
        self.context
    }

    /// Describes what is asked for.
    ///
    /// # Errors
    /// If a file or model cannot be read, or a value is out of range.
    pub fn plan(&self, sites: &ModelOptions) -> Result<ContextPlan> {
        if let Some(least) = self.min_expressed.filter(|least| !(0.0..=1.0).contains(least)) {
            let problem = format!("--min-expressed {least}: it must lie between 0 and 1");
            return Err(Error::Usage(problem));
        }
        let strength = self.strength.name(sites);
        if strength.is_none() && self.min_expressed.is_some() {
            let problem = "--min-expressed needs a strength model: name one with --strength-model";
            return Err(Error::Usage(problem.into()));
        }
        let digest = |path: &Path| Source::open(path)?.sha256();
        let catalogues = self.catalogues.iter().map(|text| {
            let (name, path) = named_catalogue(text)?;
            Ok((name.to_owned(), path.to_owned(), digest(path)?))
        });
        let usage = self.splice.context_model.as_ref();
        let usage = usage.map(|path| Ok::<_, Error>((path.clone(), digest(path)?))).transpose()?;
        let strength = strength.map(|name| {
            let model = registry::load(name, &Workers::CPU)?;
            Ok::<_, Error>((name.to_owned(), model.card().sha256.clone()))
        });
        Ok(ContextPlan {
            model: sites.model.clone(),
            precision: sites.cpu_precision(),
            strength: strength.transpose()?,
            splice_scores: self.splice.splice_scores.clone(),
            keep_splice_scores: !self.splice.no_splice_cache,
            usage,
            catalogues: catalogues.collect::<Result<_>>()?,
            score_ends: self.score_ends,
            settings: ContextSettings {
                known_within: self.known_within.unwrap_or(KNOWN_WITHIN),
                only: match (self.only_known, self.only_novel) {
                    (true, _) => Some(Only::Known),
                    (_, true) => Some(Only::Novel),
                    _ => None,
                },
                min_expressed: self.min_expressed,
            },
            tables: self.context,
        })
    }
}

/// What a plan names, loaded.
pub struct LoadedContext {
    strength: Option<Box<dyn Model>>,
    sites: Option<Box<dyn Model>>,
    usage: ContextModel,
    known: KnownSites,
    plan: ContextPlan,
}

impl LoadedContext {
    /// Loads models and catalogues, and scores the splice sites of `genes`. `annotation` is the
    /// digest of the annotation. Returns remarks, too.
    ///
    /// # Errors
    /// If something cannot be read or is no longer what it was.
    pub fn load(
        plan: &ContextPlan,
        genes: Option<(&mut GeneContext, &str)>,
        contigs: &Contigs,
        fasta: Option<&FastaFile>,
    ) -> Result<(Self, Vec<String>)> {
        let mut notes = Vec::new();
        let strength = plan.strength.as_ref().map(|(name, sha256)| {
            let model = registry::load(name, &Workers::CPU)?;
            if model.card().sha256 != *sha256 {
                let problem = "it is another one than the scan was begun with";
                return Err(Error::model(name, problem));
            }
            Ok(model)
        });
        let strength = strength.transpose()?;
        if let Some((path, sha256)) = &plan.usage {
            check_digest(path, sha256)?;
        }
        let usage = ContextModel::load(plan.usage.as_ref().map(|(path, _)| path.as_path()))?;
        let mut known = KnownSites::default();
        for (name, path, sha256) in &plan.catalogues {
            check_digest(path, sha256)?;
            notes.extend(add_catalogue(&mut known, name, path, contigs)?);
        }
        if let Some((genes, annotation)) = genes {
            if let Some(fasta) = fasta.filter(|_| plan.needs_genome()) {
                let keep = plan.keep_splice_scores;
                notes.extend(splice(
                    plan.splice_scores.as_deref(),
                    keep,
                    genes,
                    annotation,
                    fasta,
                )?);
            }
            known.add_ends(genes, plan.score_ends);
        }
        known.finish(contigs);
        let workers = Workers::cpu(plan.precision);
        let sites = known.has_scored().then(|| registry::load(&plan.model, &workers));
        let sites = sites.transpose()?;
        Ok((Self { strength, sites, usage, known, plan: plan.clone() }, notes))
    }

    /// Returns what the stage works with.
    ///
    /// # Errors
    /// If the genome cannot be read.
    pub fn context<'a>(
        &'a self,
        contigs: &'a Contigs,
        fasta: Option<&FastaFile>,
        targets: &'a Targets,
        genes: Option<&'a GeneContext>,
        profile: &'a Profile,
    ) -> Result<Context<'a>> {
        let needed = self.strength.is_some() || self.sites.is_some();
        let fasta = fasta.filter(|_| needed);
        let windows = fasta.map(|fasta| fasta.bases().map(Windows::new)).transpose()?;
        Ok(Context {
            contigs,
            targets,
            genes,
            model: &self.usage,
            windows,
            strength: self.strength.as_deref(),
            sites: self.sites.as_deref(),
            known: &self.known,
            settings: &self.plan.settings,
            unscorable: 0,
            profile,
        })
    }
}

fn check_digest(path: &Path, expected: &str) -> Result<()> {
    if Source::open(path)?.sha256()? == expected {
        return Ok(());
    }
    let problem = "this is no longer the file that the scan was begun with (its sha256 differs)";
    Err(Error::of_file(path, problem))
}

/// Scores the splice sites of genes: from the file beside the genome, or anew. Returns a remark on
/// how good the scores are.
///
/// # Errors
/// If the genome or the tables cannot be read.
pub fn splice(
    tables: Option<&Path>,
    keep: bool,
    genes: &mut GeneContext,
    annotation: &str,
    fasta: &FastaFile,
) -> Result<Vec<String>> {
    let digest = |folder: &Path| -> Result<String> {
        let files = ["score5_matrix.txt", "score3_matrix.txt"].map(|name| folder.join(name));
        let digests = files.iter().map(|file| Source::open(file)?.sha256());
        Ok(digests.collect::<Result<Vec<_>>>()?.concat())
    };
    let tables_digest = tables.map(digest).transpose()?;
    let path = cache::place(&fasta.path, &fasta.sha256, annotation, tables_digest.as_deref());
    let keep = keep && fasta.path.is_file();
    let cached = if keep { cache::load(&path, genes, &fasta.contigs) } else { None };
    let quality = match cached {
        Some(quality) => quality,
        None => {
            let scorer = tables.map(SpliceScorer::read).transpose()?;
            let quality = learn::score(genes, fasta, scorer.as_ref())?;
            if keep {
                // Beside the genome there may be no room or no right to write: then the next run
                // learns again.
                cache::store(&path, genes, &fasta.contigs, &quality);
            }
            quality
        }
    };
    if quality.sites == [0, 0] {
        return Ok(Vec::new());
    }
    let shown = |value: Option<f64>| crate::evaluate::metrics::shown(value, 3);
    let mut note = format!(
        "splice sites: {} 5' and {} 3' sites; AUROC against the same two bases elsewhere in introns {} and {}",
        quality.sites[0],
        quality.sites[1],
        shown(quality.auroc[0]),
        shown(quality.auroc[1])
    );
    if tables.is_some() {
        let [five, three] = quality.correlation.map(shown);
        note += &format!("; correlation of learned scores with these {five} and {three}");
    }
    Ok(vec![note])
}
