//! `polyascan train scan`: fits a dense-scan model.

use std::io::Write;
use std::path::Path;
use std::time::Instant;

use candle_core::{D, Device, Tensor};
use candle_nn::ops::log_softmax;
use indicatif::{ProgressBar, ProgressStyle};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::Serialize;

use super::batch::{Batch, Epoch, Sources};
use super::config::ScanTraining;
use super::optimiser::Weights;
use crate::error::{Error, Result};
use crate::evaluate::accuracy::{Ranking, rankings};
use crate::evaluate::measured::{MeasuredSite, read_sites};
use crate::evaluate::negatives::{Place, random};
use crate::genome::memory::Genome;
use crate::genome::strand::Strand;
use crate::models::card::{ModelCard, Task};
use crate::models::dense::network::{DenseNetwork, Residuals};
use crate::models::dense::{ARCHITECTURE, DenseScan, file};
use crate::models::weight_file::sha256;
use crate::models::{CENTRE, CLEAVAGE, Model, WINDOW};
use crate::output::atomic::AtomicFile;

/// A hard negative is the highest-scoring place within this many nt of a random one.
const MINING_REACH: usize = 100;

/// Fits a model; writes the best epoch's averaged weights to `out` and, beside them, the model card
/// (.toml) and the log (.tsv).
///
/// # Errors
/// Data that cannot be read, outputs that cannot be written, failures of the tensor library.
pub fn train(config: &ScanTraining, device: &Device, out: &Path) -> Result<()> {
    let begin = Instant::now();
    let mut sources = Sources::read(config)?;
    let genome = Genome::read(&config.file(&config.validation.fasta))?;
    let sites = read_sites(&config.file(&config.validation.sites), &genome)?;
    let (network, mut weights) = Weights::start(config, device)?;
    // Before anything is written: whether the data fill a batch.
    Epoch::new(&sources, config, 0)?;
    let mut log = Log::create(&out.with_extension("tsv"))?;
    let mut best = Best { merit: f64::NEG_INFINITY, epoch: 0 };
    let epochs = config.optimiser.epochs;
    for number in 0..epochs {
        let begin = Instant::now();
        let epoch = Epoch::new(&sources, config, number)?;
        let loss = run_epoch(&network, &mut weights, &epoch, config, device, number)?;
        let model = build(config, &weights)?;
        let rankings = rankings(&model, &genome, &sites)?;
        log.epoch(number, loss, begin.elapsed().as_secs_f64(), &rankings)?;
        let merit = merit(&rankings);
        if merit > best.merit {
            best = Best { merit, epoch: number + 1 };
            file::save(out, &config.network, &weights.averaged())?;
        }
        if number + 1 < epochs {
            let seed = config.seed + number as u64;
            for measured in &mut sources.genomes {
                let count = measured.config.hard;
                measured.hard = mine(&model, &measured.genome, &measured.sites, count, seed)?;
            }
        }
    }
    write_card(config, best.epoch, begin.elapsed().as_secs_f64(), out)
}

/// The epoch that is kept.
struct Best {
    merit: f64,
    /// Counted from 1.
    epoch: usize,
}

/// The model card as training writes it; accuracy is added by whoever measures it.
#[derive(Serialize)]
struct TrainedCard<'a> {
    #[serde(flatten)]
    card: ModelCard,
    bytes: usize,
    flop_per_position: usize,
    training: Training<'a>,
}

#[derive(Serialize)]
struct Training<'a> {
    /// Version of the program that trained.
    program: &'static str,
    seconds: f64,
    kept_epoch: usize,
    config: &'a ScanTraining,
}

fn write_card(config: &ScanTraining, kept_epoch: usize, seconds: f64, out: &Path) -> Result<()> {
    let weights = std::fs::read(out).map_err(|e| Error::io(out, "cannot read", e))?;
    let tensors = candle_core::safetensors::load_buffer(&weights, &Device::Cpu)?;
    let parameters = tensors.values().map(Tensor::elem_count).sum();
    let card = TrainedCard {
        card: ModelCard { parameters, sha256: sha256(&weights), ..card(config) },
        bytes: weights.len(),
        flop_per_position: config.network.flop_per_position(),
        training: Training { program: env!("CARGO_PKG_VERSION"), seconds, kept_epoch, config },
    };
    let text = toml::to_string(&card).map_err(|e| Error::Internal(format!("model card: {e}")))?;
    let path = out.with_extension("toml");
    let mut file = AtomicFile::create(&path)?;
    file.write_all(text.as_bytes()).map_err(|e| Error::io(&path, "cannot write", e))?;
    file.commit()
}

fn card(config: &ScanTraining) -> ModelCard {
    ModelCard {
        description: config.description.clone(),
        licence: config.licence.clone(),
        source: "trained by polyascan".into(),
        ..ModelCard::new(&config.name, ARCHITECTURE.name, Task::Sites)
    }
}

/// Returns the mean loss.
fn run_epoch(
    network: &DenseNetwork,
    weights: &mut Weights,
    epoch: &Epoch<'_>,
    config: &ScanTraining,
    device: &Device,
    number: usize,
) -> Result<f64> {
    let steps = epoch.steps();
    let bar = ProgressBar::new(steps as u64).with_style(style());
    let mut rng = ChaCha8Rng::seed_from_u64(config.seed ^ ((number as u64) << 32));
    let mut sum = 0.0;
    for step in 0..steps {
        let batch = epoch.batch(step, device)?;
        let loss = loss(network, &batch, config, &mut rng)?;
        weights.descend(&loss, config, steps * config.optimiser.epochs)?;
        sum += f64::from(loss.to_scalar::<f32>()?);
        if !sum.is_finite() {
            let problem = format!("the loss is {sum} in epoch {}: learn more slowly", number + 1);
            return Err(Error::model(&config.name, problem));
        }
        bar.set_message(format!("epoch {} loss {:.4}", number + 1, sum / (step + 1) as f64));
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(sum / steps.max(1) as f64)
}

fn style() -> ProgressStyle {
    ProgressStyle::with_template("{msg} {bar:30} {pos}/{len} {eta}")
        .unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// Binary cross-entropy of the classification plus cross-entropy of the cleavage vectors.
fn loss(
    network: &DenseNetwork,
    batch: &Batch,
    config: &ScanTraining,
    rng: &mut ChaCha8Rng,
) -> Result<Tensor> {
    let fused = match batch.one_hot.device() {
        Device::Cpu => Residuals::Fused,
        _ => Residuals::Plain,
    };
    let features = network.trunk(&batch.one_hot, fused)?;
    let features = dropout(&features, config.optimiser.dropout, rng)?;
    let outputs = network.heads(&features)?.flatten_to(1)?;
    let logits = outputs.narrow(1, 0, 1)?.squeeze(1)?;
    // max(x, 0) - x t + ln(1 + exp(-|x|)): no overflow for any logit.
    let softplus = (logits.abs()?.neg()?.exp()? + 1.0)?.log()?;
    let entropy = ((logits.relu()? - (&logits * &batch.mass)?)? + softplus)?.mean_all()?;
    let total = (entropy * config.optimiser.classification_loss)?;
    let Some((indices, vectors, weights)) = &batch.labelled else {
        return Ok(total);
    };
    let cleavage = outputs.index_select(indices, 0)?.narrow(1, 1, CLEAVAGE)?;
    let cross = (log_softmax(&cleavage, D::Minus1)? * vectors)?.sum(1)?.neg()?;
    let cross = ((cross * weights)?.sum_all()? / weights.sum_all()?)?;
    Ok((total + (cross * config.optimiser.cleavage_loss)?)?)
}

/// Drops whole channels of a segment: neighbouring positions are too alike for single values.
fn dropout(features: &Tensor, share: f64, rng: &mut ChaCha8Rng) -> Result<Tensor> {
    let (batch, _, channels) = features.dims3()?;
    let keep = (1.0 / (1.0 - share)) as f32;
    let mask: Vec<f32> = (0..batch * channels)
        .map(|_| if rng.random::<f64>() < share { 0.0 } else { keep })
        .collect();
    let mask = Tensor::from_vec(mask, (batch, 1, channels), features.device())?;
    Ok(features.broadcast_mul(&mask)?)
}

fn build(config: &ScanTraining, weights: &Weights) -> Result<DenseScan> {
    let mut tensors = weights.averaged();
    for tensor in tensors.values_mut() {
        *tensor = tensor.to_device(&Device::Cpu)?;
    }
    DenseScan::load(&config.network, &tensors, card(config), &Device::Cpu)
}

/// What chooses the epoch: sites (high-evidence ones, if there are any) against random places, both
/// scores.
fn merit(rankings: &[Ranking]) -> f64 {
    let of_tier = |tier| {
        let ranking = rankings.iter().find(|r| r.tier == tier && r.negatives == "random")?;
        Some(ranking.auroc_p50? + ranking.auroc_pv?)
    };
    of_tier("high").or_else(|| of_tier("all")).unwrap_or(0.0)
}

/// Returns the place of the highest classification within 100 nt of each of many random places, all
/// of them away from sites.
fn mine(
    model: &dyn Model,
    genome: &Genome,
    sites: &[MeasuredSite],
    count: usize,
    seed: u64,
) -> Result<Vec<Place>> {
    // Random places are 200 nt or more from any site, so what is near them still is 100 nt away.
    let hardest = random(genome, sites, count, seed).into_par_iter().map(|place| {
        let Place { contig, strand, position } = place;
        let (before, length) = (CENTRE + MINING_REACH, WINDOW + 2 * MINING_REACH);
        let Some(codes) = genome.around(contig, strand, position, before, length) else {
            return Ok(place);
        };
        let scores = model.scan(&codes, f32::INFINITY)?.probability;
        let best = (0..scores.len()).max_by(|&a, &b| scores[a].total_cmp(&scores[b]));
        let best = best.unwrap_or(MINING_REACH);
        let position = match strand {
            Strand::Plus => position + best - MINING_REACH,
            Strand::Minus => position + MINING_REACH - best,
        };
        Ok(Place { contig, strand, position })
    });
    hardest.collect()
}

/// One line per epoch, as a table and on the terminal.
struct Log(std::fs::File, std::path::PathBuf);

impl Log {
    fn create(path: &Path) -> Result<Self> {
        let file = std::fs::File::create(path).map_err(|e| Error::io(path, "cannot create", e))?;
        let mut log = Self(file, path.to_owned());
        log.line(
            "epoch\tloss\tseconds\tnegatives\ttier\tauroc_p50\tauroc_pv\tauprc_p50\tauprc_pv",
        )?;
        Ok(log)
    }

    fn epoch(
        &mut self,
        number: usize,
        loss: f64,
        seconds: f64,
        rankings: &[Ranking],
    ) -> Result<()> {
        let show = |value: Option<f64>| value.map_or("NA".into(), |value| format!("{value:.4}"));
        for r in rankings {
            self.line(&format!(
                "{}\t{loss:.5}\t{seconds:.1}\t{}\t{}\t{}\t{}\t{}\t{}",
                number + 1,
                r.negatives,
                r.tier,
                show(r.auroc_p50),
                show(r.auroc_pv),
                show(r.auprc_p50),
                show(r.auprc_pv),
            ))?;
        }
        Ok(())
    }

    fn line(&mut self, line: &str) -> Result<()> {
        eprintln!("{line}");
        writeln!(self.0, "{line}").map_err(|e| Error::io(&self.1, "cannot write", e))
    }
}
