//! APARENT2. Its first convolution reads one nucleotide; the kernels are those of the first
//! residual block, which see three, through the stem, a batch norm and a ReLU.

use candle_core::Tensor;

use super::letters::Letters;
use super::operations::Layer;
use super::{Bank, Parts, Said, Soft};
use crate::error::Result;
use crate::models::aparent2::weights::Config;
use crate::models::aparent2::weights::{EPSILON, LENGTH, LIBRARIES};
use crate::models::aparent2::{HEXAMER, NARROW};
use crate::models::{Input, Length, Window};

/// Taps of a residual block's convolutions.
const TAPS: usize = 3;

struct Norm {
    scale: Tensor,
    shift: Tensor,
}

struct Group {
    dilation: usize,
    /// Norm and convolution, twice.
    blocks: Vec<[(Norm, Layer); 2]>,
    skip: Layer,
}

/// The network.
pub struct Aparent2 {
    stem: Layer,
    groups: Vec<Group>,
    last: Layer,
    output: Layer,
    /// What the library adds to each logit.
    library: Tensor,
    letters: Letters,
}

impl Aparent2 {
    /// Takes the tensors.
    ///
    /// # Errors
    /// If one is missing.
    pub fn new(parts: &Parts<'_>, config: &Config) -> Result<Self> {
        let half = |block: &str, n: usize| {
            let conv = parts.layer(&format!("{block}.conv{n}"))?;
            Ok::<_, crate::error::Error>((norm(parts, &format!("{block}.norm{n}"))?, conv))
        };
        let mut groups = Vec::new();
        for (g, &dilation) in config.dilations.iter().enumerate() {
            let block = |b: usize| {
                let name = format!("groups.{g}.blocks.{b}");
                Ok([half(&name, 0)?, half(&name, 1)?])
            };
            let blocks = (0..config.blocks).map(block).collect::<Result<_>>()?;
            groups.push(Group {
                dilation,
                blocks,
                skip: parts.layer(&format!("groups.{g}.skip"))?,
            });
        }
        let library = parts.layer("library")?;
        debug_assert_eq!(library.weight.dims(), [LENGTH + 1, LIBRARIES]);
        let column = library.weight.narrow(1, config.library, 1)?.squeeze(1)?;
        Ok(Self {
            stem: parts.layer("stem")?,
            groups,
            last: parts.layer("last")?,
            output: parts.layer("final")?,
            library: (column + library.bias)?,
            letters: Letters::bases(),
        })
    }

    /// Returns the logits of each frame: its positions, and "not here".
    fn logits(&self, x: &Tensor) -> Result<Tensor> {
        let mut x = self.stem.dense(x)?;
        let mut skips: Option<Tensor> = None;
        for Group { dilation, blocks, skip } in &self.groups {
            let tapped = skip.dense(&x)?;
            skips = Some(match skips {
                Some(sum) => (sum + tapped)?,
                None => tapped,
            });
            for [first, second] in blocks {
                let inner = half(&x, first, *dilation)?;
                x = (half(&inner, second, *dilation)? + x)?;
            }
        }
        let last = self.last.dense(&x)?;
        let sum = skips.map_or_else(|| Ok(last.clone()), |skips| skips + &last)?;
        let logits = self.output.dense(&sum)?.squeeze(2)?;
        Ok(logits.pad_with_zeros(1, 0, 1)?.broadcast_add(&self.library)?)
    }
}

fn norm(parts: &Parts<'_>, name: &str) -> Result<Norm> {
    let get = |part: &str| parts.get(&format!("{name}.{part}"));
    let deviation = (get("variance")? + EPSILON)?.sqrt()?;
    let scale = (get("gamma")? / deviation)?;
    let shift = (get("beta")? - (get("mean")? * &scale)?)?;
    Ok(Norm { scale, shift })
}

/// Half of a residual block, with padding.
fn half(x: &Tensor, (norm, conv): &(Norm, Layer), dilation: usize) -> Result<Tensor> {
    let x = x.broadcast_mul(&norm.scale)?.broadcast_add(&norm.shift)?.relu()?;
    conv.convolve(&x.pad_with_zeros(1, dilation, dilation)?, dilation)
}

impl Soft for Aparent2 {
    fn letters(&self) -> &Letters {
        &self.letters
    }

    fn input(&self) -> Input {
        Input { length: Length::Exactly(LENGTH), anchor: HEXAMER, structure: false, features: 0 }
    }

    /// An unknown base is a quarter of each.
    fn encode(&self, window: &Window<'_>, x: &mut Vec<f32>) {
        let first = x.len();
        self.letters.encode(window, x);
        for nucleotide in x[first..].chunks_exact_mut(4).filter(|x| x.iter().all(|&x| x == 0.0)) {
            nucleotide.fill(0.25);
        }
    }

    fn banks(&self) -> Vec<Bank> {
        let kernels = self.stem.bias.elem_count();
        vec![Bank { name: "", width: TAPS, kernels, tracks: vec![0] }]
    }

    fn kernels(&self, x: &Tensor) -> Result<Vec<Tensor>> {
        let stem = self.stem.dense(x)?;
        let Some(Group { dilation, blocks, .. }) = self.groups.first() else {
            return Ok(Vec::new());
        };
        let all = half(&stem, &blocks[0][0], *dilation)?;
        let places = all.dim(1)?;
        Ok(vec![all.narrow(1, *dilation, places - 2 * dilation)?])
    }

    fn outputs(&self) -> Vec<String> {
        vec!["logodds_narrow".into()]
    }

    fn said(&self, x: &Tensor) -> Result<Said> {
        let logits = self.logits(x)?;
        let inside = logits.narrow(1, NARROW.start, NARROW.len())?.log_sum_exp(1)?;
        let before = logits.narrow(1, 0, NARROW.start)?;
        let behind = logits.narrow(1, NARROW.end, LENGTH + 1 - NARROW.end)?;
        let outside = Tensor::cat(&[before, behind], 1)?.log_sum_exp(1)?;
        let outputs = (inside - outside)?.unsqueeze(1)?;
        Ok(Said { hidden: outputs.narrow(1, 0, 0)?, outputs })
    }
}
