//! The input that a part of a network says most to (visualisation by optimisation: Olah,
//! Mordvintsev & Schubert 2017, Distill, doi:10.23915/distill.00007).
//!
//! The input is shares of letters, a softmax of scores that begin near 0 (farther off where nothing
//! has a slope there) and are drawn by a seed. Each step adds the gradient of what is wanted,
//! divided by its greatest entry: what matters gets ahead, what does not stays even.

pub mod figures;

use candle_core::{D, DType, Device, Tensor, Var};
use candle_nn::ops::softmax;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::soft::Soft;
use crate::error::{Error, Problem, Result};
use crate::train::network::normal;

/// Standard deviations of the first scores: the first of these where the target has a slope.
const FIRST: [f32; 3] = [0.05, 1.0, 4.0];
/// A climb ends where the steepest slope is this share of the steepest so far.
const LEAST_SLOPE: f32 = 1e-3;

/// What is made as large as can be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A logit or log odds of the network, by its name.
    Output(String),
    /// A unit of the last hidden layer, before its ReLU.
    Unit(usize),
    /// A kernel of the first layer, before its ReLU, at the middle of the input; its number through
    /// all banks.
    Kernel(usize),
}

impl std::str::FromStr for Target {
    type Err = Problem;

    fn from_str(text: &str) -> std::result::Result<Self, Problem> {
        let wrong = || Problem::from("write output:NAME, unit:N or kernel:N");
        let (kind, which) = text.split_once(':').ok_or_else(wrong)?;
        let number = || which.parse().map_err(|_| format!("{which:?} is not a number"));
        match kind {
            "output" => Ok(Self::Output(which.to_owned())),
            "unit" => Ok(Self::Unit(number()?)),
            "kernel" => Ok(Self::Kernel(number()?)),
            _ => Err(wrong()),
        }
    }
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Output(name) => write!(f, "output:{name}"),
            Self::Unit(number) => write!(f, "unit:{number}"),
            Self::Kernel(number) => write!(f, "kernel:{number}"),
        }
    }
}

/// How far and how fast.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    pub steps: usize,
    /// What the score that matters most grows in a step.
    pub rate: f64,
    pub seed: u64,
}

/// What was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Optimised {
    pub target: Target,
    /// Of each track, by nucleotide, the shares of its letters; of a kernel's target, what the
    /// kernel sees.
    pub shares: Vec<Vec<Vec<f64>>>,
    /// Value of the target at the beginning, at the end, and of the letters with the greatest
    /// shares.
    pub first: f64,
    pub last: f64,
    pub letters: f64,
}

/// What of a network is wanted: a number of its parts, and which nucleotides it sees.
struct Wanted {
    part: Part,
    sees: std::ops::Range<usize>,
}

enum Part {
    Output(usize),
    Unit(usize),
    /// Bank, kernel, place.
    Kernel(usize, usize, usize),
}

/// Finds the input that a target says most to.
///
/// # Errors
/// If the network has no such part, or the tensor library fails.
pub fn optimise(network: &dyn Soft, target: &Target, settings: Settings) -> Result<Optimised> {
    let nt = network.input().length.limits().1;
    let mut scores = drawn(network, nt, settings.seed, FIRST[0])?;
    let wanted = wanted(network, target, &scores, nt)?;
    // Between letters every unit may be silent; nearer to letters some are not.
    for deviation in FIRST {
        scores = drawn(network, nt, settings.seed, deviation)?;
        if steepest(&slopes(network, &wanted.part, &Var::from_tensor(&scores)?)?)? > 0.0 {
            break;
        }
    }
    let value = |x: &Tensor| -> Result<f64> {
        Ok(said(network, &wanted.part, x)?.to_dtype(DType::F64)?.to_scalar()?)
    };
    let first = value(&shares(network, &scores)?)?;
    let scores = Var::from_tensor(&scores)?;
    let mut greatest = 0f32;
    for _ in 0..settings.steps {
        let gradient = slopes(network, &wanted.part, &scores)?;
        let steepest = steepest(&gradient)?;
        if !steepest.is_finite() {
            return Err(Error::Internal(format!("{target}: its gradient is not a number")));
        }
        // Nothing leads much further up: all that matters is decided.
        if steepest <= LEAST_SLOPE * greatest {
            break;
        }
        greatest = greatest.max(steepest);
        let step = (gradient * (settings.rate / f64::from(steepest)))?;
        scores.set(&(scores.as_tensor().detach() + step)?)?;
    }
    let x = shares(network, &scores.as_tensor().detach())?;
    let values: Vec<f64> = x.to_dtype(DType::F64)?.flatten_all()?.to_vec1()?;
    let letters = value(&hard(network, &values, nt)?)?;
    let of_track = network.letters().shares(&values).into_iter();
    let shares = of_track.map(|track| track[wanted.sees.clone()].to_vec()).collect();
    Ok(Optimised { target: target.clone(), shares, first, last: value(&x)?, letters })
}

/// Returns the parts that a network has, for messages.
fn wanted(network: &dyn Soft, target: &Target, scores: &Tensor, nt: usize) -> Result<Wanted> {
    let none = |there: String| {
        Err(Error::Usage(format!("--target {target}: the model has none such; {there}")))
    };
    match target {
        Target::Output(name) => {
            let outputs = network.outputs();
            match outputs.iter().position(|output| output == name) {
                Some(at) => Ok(Wanted { part: Part::Output(at), sees: 0..nt }),
                None => {
                    let few: Vec<&str> = outputs.iter().take(4).map(String::as_str).collect();
                    let more = if outputs.len() > few.len() { ", ..." } else { "" };
                    none(format!("its outputs are {}{more}", few.join(", ")))
                }
            }
        }
        Target::Unit(number) => {
            let units = network.said(&shares(network, scores)?)?.hidden.dim(1)?;
            if *number < units {
                Ok(Wanted { part: Part::Unit(*number), sees: 0..nt })
            } else {
                none(format!("its last hidden layer has {units} units, counted from 0"))
            }
        }
        Target::Kernel(number) => {
            let mut left = *number;
            for (bank, of) in network.banks().iter().enumerate() {
                if left < of.kernels {
                    let place = (nt - of.width) / 2;
                    let sees = place..place + of.width;
                    return Ok(Wanted { part: Part::Kernel(bank, left, place), sees });
                }
                left -= of.kernels;
            }
            none(format!("its first layer has {} kernels, counted from 0", number - left))
        }
    }
}

/// Draws scores of letters from a seed.
fn drawn(network: &dyn Soft, nt: usize, seed: u64, deviation: f32) -> Result<Tensor> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let channels = network.letters().channels();
    let scores: Vec<f32> = (0..nt * channels).map(|_| deviation * normal(&mut rng)).collect();
    Ok(Tensor::from_vec(scores, (1, nt, channels), &Device::Cpu)?)
}

/// Returns the slopes of what a part says by the scores.
fn slopes(network: &dyn Soft, part: &Part, scores: &Var) -> Result<Tensor> {
    let gradients = said(network, part, &shares(network, scores.as_tensor())?)?.backward()?;
    Ok(match gradients.get(scores) {
        Some(gradient) => gradient.detach(),
        None => scores.as_tensor().zeros_like()?,
    })
}

fn steepest(gradient: &Tensor) -> Result<f32> {
    Ok(gradient.abs()?.flatten_all()?.max(0)?.to_scalar()?)
}

/// Returns what a part says, one number.
fn said(network: &dyn Soft, part: &Part, x: &Tensor) -> Result<Tensor> {
    Ok(match *part {
        Part::Output(at) => network.said(x)?.outputs.narrow(1, at, 1)?.sum_all()?,
        Part::Unit(at) => network.said(x)?.hidden.narrow(1, at, 1)?.sum_all()?,
        Part::Kernel(bank, kernel, place) => {
            let said = network.kernels(x)?.swap_remove(bank);
            said.narrow(1, place, 1)?.narrow(2, kernel, 1)?.sum_all()?
        }
    })
}

/// Returns the shares of letters of scores: a softmax of each group of channels.
fn shares(network: &dyn Soft, scores: &Tensor) -> Result<Tensor> {
    let mut first = 0;
    let mut groups = Vec::new();
    for group in network.letters().groups() {
        groups.push(softmax(&scores.narrow(2, first, group)?.contiguous()?, D::Minus1)?);
        first += group;
    }
    Ok(Tensor::cat(&groups, 2)?)
}

/// Returns the input of the letters with the greatest shares, the first of equals.
fn hard(network: &dyn Soft, values: &[f64], nt: usize) -> Result<Tensor> {
    let channels = network.letters().channels();
    let mut x = vec![0f32; values.len()];
    for (shares, x) in values.chunks_exact(channels).zip(x.chunks_exact_mut(channels)) {
        let mut first = 0;
        for group in network.letters().groups() {
            let own = &shares[first..first + group];
            let most = own.iter().copied().fold(0.0, f64::max);
            let at = own.iter().position(|&share| share == most).unwrap_or(0);
            x[first + at] = 1.0;
            first += group;
        }
    }
    Ok(Tensor::from_vec(x, (1, nt, channels), &Device::Cpu)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interpret::soft;

    const SETTINGS: Settings = Settings { steps: 60, rate: 0.2, seed: 1 };

    #[test]
    fn the_target_rises_and_a_seed_gives_one_answer() {
        let network = soft::load("default").unwrap();
        for text in ["output:classification", "unit:3", "kernel:5"] {
            let target: Target = text.parse().unwrap();
            assert_eq!(target.to_string(), text);
            let found = optimise(network.as_ref(), &target, SETTINGS).unwrap();
            assert!(found.last > found.first + 0.5, "{found:?}");
            for shares in &found.shares[0] {
                assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-5);
            }
            assert_eq!(found, optimise(network.as_ref(), &target, SETTINGS).unwrap());
        }
    }

    /// A kernel is linear in its input: its optimum is the greatest weight of each column, which a
    /// long enough climb finds.
    #[test]
    fn a_kernels_optimum_is_its_greatest_weights() {
        let network = soft::load("default").unwrap();
        let bank = network.banks().swap_remove(0);
        let target = Target::Kernel(0);
        let settings = Settings { steps: 600, rate: 0.5, seed: 2 };
        let found = optimise(network.as_ref(), &target, settings).unwrap();
        assert_eq!(found.shares[0].len(), bank.width);
        let weights = crate::models::registry::weights("default").unwrap();
        let stem = &weights.tensors["stem.weight"];
        let kernels = stem.shape[1];
        let best: f64 = stem
            .values
            .chunks(kernels)
            .map(|row| f64::from(row[0]))
            .collect::<Vec<_>>()
            .chunks(4)
            .map(|column| column.iter().copied().fold(f64::NEG_INFINITY, f64::max))
            .sum();
        let best = best + f64::from(weights.tensors["stem.bias"].values[0]);
        assert!((found.letters - best).abs() < 0.05 * best.abs(), "{} {best}", found.letters);
    }

    /// Whose hidden units are silent where all letters are equally likely.
    #[test]
    fn a_start_without_a_slope_is_left() {
        let weights = |hidden: f32| {
            let tensor = |shape: &[usize], values: Vec<f32>| {
                crate::models::weight_file::RawTensor { shape: shape.to_vec(), values }
            };
            let mut file = crate::models::weight_file::WeightFile::default();
            let config = "{\"alphabet\":\"ACGT\",\"length\":8,\"pools\":[{\"size\":1,\"stride\":1}],\"output\":\"softmax\"}";
            for (key, value) in [("architecture", "pysster"), ("config", config)] {
                file.metadata.insert(key.into(), value.into());
            }
            // The kernel is CG; the unit adds its places, less a bias.
            let conv = vec![0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0];
            for (name, shape, values) in [
                ("conv.0.weight", vec![2, 4, 1], conv),
                ("conv.0.bias", vec![1], vec![hidden]),
                ("dense.0.weight", vec![7, 1], vec![1.0; 7]),
                ("dense.0.bias", vec![1], vec![0.0]),
            ] {
                file.tensors.insert(name.into(), tensor(&shape, values));
            }
            soft::build(&file, DType::F32).unwrap()
        };
        // Half of a kernel's two letters is what even shares give it: it takes more than 0.9.
        let network = weights(-0.9);
        let target = Target::Output("class_0".into());
        let found = optimise(network.as_ref(), &target, SETTINGS).unwrap();
        assert!(found.last > found.first + 1.0, "{found:?}");
    }

    #[test]
    fn parts_that_are_not_there_are_refused() {
        let network = soft::load("default").unwrap();
        for (text, told) in [
            ("output:x", "its outputs are classification, cleavage_0"),
            ("unit:9999", "units"),
            ("kernel:9999", "kernels"),
        ] {
            let refused = optimise(network.as_ref(), &text.parse().unwrap(), SETTINGS).unwrap_err();
            assert!(refused.to_string().contains(told), "{refused}");
        }
        for text in ["kernel", "kernel:x", "layer:3"] {
            assert!(text.parse::<Target>().is_err(), "{text}");
        }
    }
}
