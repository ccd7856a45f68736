//! What a killed run goes on from: the state after each epoch.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::fit::{Fitted, Validation};
use super::log::{EpochLog, Log};
use super::recipe::Configuration;
use super::weights::Weights;
use crate::error::{Error, Problem, Result};
use crate::models::weight_file::{self, sha256};
use crate::output::atomic::write;

/// How far a run is.
#[derive(Default)]
pub struct Progress {
    /// Epochs done.
    pub epochs: usize,
    /// The best epoch so far (from 1), its validation and its weight file.
    best: Option<(usize, Validation, Vec<u8>)>,
    log: Log,
}

impl Progress {
    /// Returns whether there are no more epochs to be done.
    pub fn is_over(&self, epochs: usize, patience: usize) -> bool {
        let best = self.best.as_ref().map_or(0, |best| best.0);
        self.epochs >= epochs || (patience > 0 && self.epochs >= best + patience)
    }

    /// Returns how often the learning rate has been halved by an epoch's begin: each time that so
    /// many epochs in a row were no better than the best before.
    pub fn halvings(&self, plateau: usize) -> u32 {
        let (mut best, mut waited, mut halvings) = (f64::NEG_INFINITY, 0, 0);
        for merit in self.log.0.iter().filter_map(|epoch| epoch.merit) {
            if merit > best {
                (best, waited) = (merit, 0);
            } else {
                waited += 1;
            }
            if waited >= plateau {
                (waited, halvings) = (0, halvings + 1);
            }
        }
        halvings
    }

    /// Adds an epoch.
    pub fn end_epoch(&mut self, line: EpochLog, validation: Validation, weights: Vec<u8>) {
        self.epochs += 1;
        self.log.0.push(line);
        if self.best.as_ref().is_none_or(|(_, best, _)| validation.merit > best.merit) {
            self.best = Some((self.epochs, validation, weights));
        }
    }

    /// Ends the run.
    pub fn finish(self) -> Fitted {
        let (kept_epoch, best, weights) = self.best.unwrap_or_default();
        let seconds = self.log.0.iter().map(|epoch| epoch.seconds).sum();
        Fitted {
            weights,
            calibration: None,
            posterior: None,
            kept_epoch,
            best,
            log: self.log,
            seconds,
        }
    }
}

/// The part of the progress that is no tensor.
#[derive(Serialize, Deserialize)]
struct Saved {
    /// sha256 of the configuration and of the weights it began with.
    run: String,
    step: usize,
    epochs: usize,
    best: Option<(usize, f64)>,
    /// sha256 of the best weights' file.
    best_sha256: Option<String>,
    log: Log,
}

/// The metadata entry that holds it.
const ENTRY: &str = "progress";

/// Ends a checkpoint, before the sha256 of all before it (hexadecimal): safetensors have no
/// checksum.
const SEAL: &[u8] = b"\npolyascan sha256 ";

/// Puts a seal behind bytes.
fn sealed(mut bytes: Vec<u8>) -> Vec<u8> {
    let digest = sha256(&bytes);
    bytes.extend_from_slice(SEAL);
    bytes.extend_from_slice(digest.as_bytes());
    bytes
}

/// Returns the bytes before a seal, if it is theirs.
fn unsealed(bytes: &[u8]) -> Option<&[u8]> {
    const DIGEST: usize = 64;
    let (rest, digest) = bytes.split_at_checked(bytes.len().checked_sub(DIGEST)?)?;
    let content = rest.strip_suffix(SEAL)?;
    (sha256(content).as_bytes() == digest).then_some(content)
}

/// A checkpoint file of one run.
pub struct Checkpoint {
    path: PathBuf,
    run: String,
    /// Whether to go on from what is there.
    resume: bool,
}

impl Checkpoint {
    /// Names the checkpoint of a run; without `resume`, an older one is not looked at.
    ///
    /// # Errors
    /// If the configuration cannot be written as TOML.
    pub fn new<C: Configuration>(
        path: PathBuf,
        config: &C,
        pretrained: Option<&[u8]>,
        resume: bool,
    ) -> Result<Self> {
        let mut text = toml::to_string(config).map_err(|e| Error::Internal(e.to_string()))?;
        text += &pretrained.map_or(String::new(), sha256);
        Ok(Self { path, run: sha256(text.as_bytes()), resume })
    }

    /// Goes back to the state of the last whole epoch, if there is one and it is asked for.
    ///
    /// # Errors
    /// If the checkpoint is damaged or of another run.
    pub fn restore(&self, weights: &mut Weights) -> Result<Option<Progress>> {
        if !self.resume || !self.path.exists() {
            return Ok(None);
        }
        let advice = "; delete it to begin anew";
        let wrong = |problem: Problem| Error::of_file(&self.path, format!("{problem}{advice}"));
        let bytes =
            std::fs::read(&self.path).map_err(|e| Error::io(&self.path, "cannot read", e))?;
        let damaged = || wrong("the checkpoint is damaged, or of another version".into());
        let file = weight_file::decode(unsealed(&bytes).ok_or_else(damaged)?).map_err(wrong)?;
        let saved: Saved = serde_json::from_str(file.entry(ENTRY))
            .map_err(|e| wrong(format!("no checkpoint: {e}").into()))?;
        if saved.run != self.run {
            let problem = "the checkpoint is of a run with another configuration or --pretrained";
            return Err(wrong(problem.into()));
        }
        weights.restore(&file.tensors, saved.step)?;
        let best = match saved.best {
            None => None,
            Some((epoch, merit)) => {
                let path = self.best();
                let bytes = std::fs::read(&path).map_err(|e| Error::io(&path, "cannot read", e))?;
                if saved.best_sha256.as_ref() != Some(&sha256(&bytes)) {
                    let problem = "these are not the weights that the checkpoint speaks of, or they are damaged";
                    return Err(Error::of_file(
                        &path,
                        format!("{problem}; delete both to begin anew"),
                    ));
                }
                let line = saved.log.0.get(epoch - 1);
                let figures = line.map(|line| line.figures.clone()).unwrap_or_default();
                Some((epoch, Validation { merit, figures }, bytes))
            }
        };
        tracing::info!(
            kind = "row",
            "{}: going on after epoch {}",
            self.path.display(),
            saved.epochs
        );
        Ok(Some(Progress { epochs: saved.epochs, best, log: saved.log }))
    }

    /// Writes the state after an epoch.
    ///
    /// # Errors
    /// If the files cannot be written.
    pub fn save(&self, weights: &Weights, progress: &Progress) -> Result<()> {
        let best = progress.best.as_ref();
        // The best weights first: the checkpoint speaks of them.
        if let Some((epoch, _, bytes)) = best
            && *epoch == progress.epochs
        {
            write(&self.best(), bytes)?;
        }
        let saved = Saved {
            run: self.run.clone(),
            step: weights.step,
            epochs: progress.epochs,
            best: best.map(|(epoch, validation, _)| (*epoch, validation.merit)),
            best_sha256: best.map(|(_, _, bytes)| sha256(bytes)),
            log: progress.log.clone(),
        };
        let saved = serde_json::to_string(&saved).map_err(|e| Error::Internal(e.to_string()))?;
        let tensors = weight_file::raw(&weights.state())?;
        let bytes = weight_file::encode(&tensors, &BTreeMap::from([(ENTRY, saved.as_str())]))
            .map_err(|e| Error::Internal(format!("checkpoint: {e}")))?;
        write(&self.path, &sealed(bytes))
    }

    /// Deletes the files of a run that is over.
    pub fn delete(&self) {
        for path in [self.path.clone(), self.best()] {
            // Left behind they do no harm.
            let _ = std::fs::remove_file(path);
        }
    }

    fn best(&self) -> PathBuf {
        self.path.with_extension("best")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_flipped_bit_and_no_cut_passes_the_seal() {
        let bytes = sealed(b"weights of some kind".to_vec());
        assert_eq!(unsealed(&bytes), Some(&b"weights of some kind"[..]));
        for at in 0..bytes.len() {
            assert_eq!(unsealed(&bytes[..at]), None);
            for bit in 0..8 {
                let mut flipped = bytes.clone();
                flipped[at] ^= 1 << bit;
                assert_eq!(unsealed(&flipped), None, "byte {at}, bit {bit}");
            }
        }
    }
}
