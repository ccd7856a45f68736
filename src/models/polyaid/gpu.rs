//! The scan of a PolyaID on a GPU, sharing what [`super::shared`] shares: convolution and pooling
//! once per position in one kernel, the projection into the gates as one product, the recurrence of
//! all windows in one kernel, the heads as products over many windows.

use candle_core::{D, DType, Device, Result as TensorResult, Tensor};
use candle_nn::ops::softmax;

use super::weights::{Dense, Direction, GATES, POOL, Sizes, Weights};
use crate::engine::cpu::lstm::pad_gates;
use crate::engine::cpu::matmul::padded;
use crate::engine::cuda::{Embed, MOST_UNITS, Precision, Recurrence};
use crate::error::Result;
use crate::models::gpu::GpuNetwork;

/// Weights on a GPU.
#[derive(Debug)]
pub struct GpuBiLstm {
    device: Device,
    recurrence: Recurrence,
    /// Pooled positions that a window spans beyond its first.
    span: usize,
    /// Width x 4 x filters.
    table: Tensor,
    conv_bias: Tensor,
    /// Filters x 8 units, and the bias.
    input: (Tensor, Tensor),
    recurrent: Tensor,
    classification: Vec<(Tensor, Tensor)>,
    cleavage: Vec<(Tensor, Tensor)>,
}

impl GpuBiLstm {
    /// Returns whether the kernel takes a model of this size.
    pub fn takes(sizes: Sizes) -> bool {
        padded(sizes.units) <= MOST_UNITS
    }

    /// Packs the weights of a model with the heads classification and cleavage for a device.
    ///
    /// # Errors
    /// If the device fails, or the model is another.
    pub fn new(weights: &Weights<'_>, device: &Device, precision: Precision) -> Result<Self> {
        let Sizes { width, filters, units, steps } = weights.sizes;
        let [classification, cleavage] = weights.heads.as_slice() else {
            let problem = "the scan needs a classification and a cleavage head";
            return Err(crate::error::Error::Internal(problem.into()));
        };
        let wide = padded(units);
        let place = |values: &[f32], shape: &[usize]| Tensor::from_slice(values, shape, device);
        let of_both =
            |part: for<'a> fn(&Direction<'a>) -> &'a [f32], rows: usize| -> TensorResult<Tensor> {
                let shape = (rows, GATES * wide);
                let matrix = |direction: &Direction<'_>| {
                    Tensor::from_vec(pad_gates(part(direction), units), shape, &Device::Cpu)
                };
                let [forward, backward] = &weights.directions;
                Tensor::cat(&[matrix(forward)?, matrix(backward)?], 1)?.to_device(device)
            };
        let recurrent = weights.directions.each_ref().map(|direction| {
            let mut matrix = pad_gates(direction.recurrent, units);
            matrix.resize(wide * GATES * wide, 0.0);
            matrix
        });
        let [forward, backward] = &recurrent;
        let kind = if precision == Precision::Bf16 { DType::BF16 } else { DType::F32 };
        let head = |layers: &[Dense<'_>]| head(layers, units, wide, kind, device);
        Ok(Self {
            recurrence: Recurrence { steps, precision },
            span: POOL * (steps - 1),
            table: place(weights.conv_weight, &[width, 4, filters])?,
            conv_bias: place(weights.conv_bias, &[filters])?,
            input: (
                of_both(|direction| direction.input, filters)?,
                of_both(|direction| direction.bias, 1)?,
            ),
            recurrent: Recurrence::pack([forward, backward], wide, precision)?.to_device(device)?,
            classification: head(classification)?,
            cleavage: head(cleavage)?,
            device: device.clone(),
        })
    }
}

impl GpuNetwork for GpuBiLstm {
    /// 650 MB of the published model's outputs in f32.
    const BLOCK: usize = 8_192;

    fn device(&self) -> &Device {
        &self.device
    }

    fn classify(&self, codes: &Tensor) -> TensorResult<(Tensor, Tensor)> {
        let windows = codes.dim(0)? + 1 - crate::models::WINDOW;
        let convolution = Embed { pool: POOL, rectified: true };
        let pooled = convolution.apply(codes, &self.table, &self.conv_bias)?;
        let pooled = pooled.narrow(0, 0, windows + self.span)?;
        let projected = pooled.matmul(&self.input.0)?.broadcast_add(&self.input.1)?;
        let outputs = self.recurrence.apply(&projected, &self.recurrent)?;
        let logits = run(&self.classification, &outputs)?;
        Ok((outputs, logits))
    }

    fn cleavage(&self, rows: &Tensor) -> TensorResult<Tensor> {
        softmax(&run(&self.cleavage, rows)?, D::Minus1)
    }
}

/// Takes a head to the device; the first layer reads padded units, of type `kind`.
fn head(
    layers: &[Dense<'_>],
    units: usize,
    wide: usize,
    kind: DType,
    device: &Device,
) -> TensorResult<Vec<(Tensor, Tensor)>> {
    let layers = layers.iter().enumerate().map(|(n, layer)| {
        let mut weight = layer.weight.to_vec();
        let mut inputs = layer.inputs;
        if n == 0 {
            let rows = weight.chunks_exact(units * layer.outputs);
            let padding = vec![0.0; (wide - units) * layer.outputs];
            inputs = layer.inputs / units * wide;
            weight = rows.flat_map(|rows| rows.iter().chain(&padding)).copied().collect();
        }
        let kind = if n == 0 { kind } else { DType::F32 };
        let weight = Tensor::from_vec(weight, (inputs, layer.outputs), device)?.to_dtype(kind)?;
        Ok((weight, Tensor::from_slice(layer.bias, layer.outputs, device)?))
    });
    layers.collect()
}

/// Returns the last layer's values; a ReLU follows each but the last.
fn run(layers: &[(Tensor, Tensor)], rows: &Tensor) -> TensorResult<Tensor> {
    let mut x = rows.clone();
    for (n, (weight, bias)) in layers.iter().enumerate() {
        x = x.matmul(weight)?.to_dtype(DType::F32)?.broadcast_add(bias)?;
        if n + 1 < layers.len() {
            x = x.relu()?;
        }
    }
    Ok(x)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::random::{Shape, random};
    use super::super::weights::Kind;
    use super::super::{BiLstm, POLYAID};
    use super::*;
    use crate::engine::device::{DeviceKind, Workers};
    use crate::genome::sequence::UNKNOWN;
    use crate::models::card::{ModelCard, Task};
    use crate::models::{Model, WINDOW};

    fn models(shape: Shape<'_>, seed: u64, precision: Precision) -> [BiLstm; 2] {
        let tensors = random(Kind::PolyaId, shape, seed);
        [Workers::CPU, Workers::new(vec![Device::Cpu], precision)].map(|workers| {
            let card = ModelCard::new("random", POLYAID.name, Task::Sites);
            BiLstm::load(Kind::PolyaId, &tensors, card, &workers).unwrap()
        })
    }

    fn shapes() -> impl Strategy<Value = Shape<'static>> {
        let dense = prop::sample::select(vec![&[][..], &[7], &[16, 5]]);
        let width = prop::sample::select(vec![1usize, 8, 9, 200, 238]);
        (width, 1usize..20, prop::sample::select(vec![1usize, 5, 16, 24, 32]), dense)
            .prop_map(|(width, filters, units, dense)| Shape { width, filters, units, dense })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn equals_the_cpu_on_every_window(
            shape in shapes(), extra in 0usize..90, unknown in 0usize..60, at in 0usize..60,
            seed: u64,
        ) {
            let [cpu, gpu] = models(shape, seed, Precision::F32);
            prop_assert_eq!((cpu.device(), gpu.device()), (DeviceKind::CPU, DeviceKind::Cuda(Precision::F32)));
            let code = |i: u64| ((i.wrapping_mul(seed | 1) >> 7) & 3) as u8;
            let mut codes: Vec<u8> = (0..(WINDOW + extra) as u64).map(code).collect();
            codes[at..at + unknown].fill(UNKNOWN);
            let (expected, said) = (cpu.scan(&codes, 0.5).unwrap(), gpu.scan(&codes, 0.5).unwrap());
            prop_assert_eq!(said.probability.len(), extra + 1);
            for (a, b) in said.probability.iter().zip(&expected.probability) {
                prop_assert!((a - b).abs() < 1e-4, "{} {}", a, b);
            }
            // Windows at the threshold may fall on either side of it.
            let sure = |s: usize| (expected.probability[s] - 0.5).abs() > 1e-4;
            let kept = |all: &[(usize, [f32; 50])]| {
                all.iter().filter(|(s, _)| sure(*s)).copied().collect::<Vec<_>>()
            };
            let (expected, said) = (kept(&expected.cleavage), kept(&said.cleavage));
            prop_assert_eq!(expected.len(), said.len());
            for ((s, a), (t, b)) in said.iter().zip(&expected) {
                prop_assert_eq!(s, t);
                prop_assert!(a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-4));
            }
        }
    }

    #[test]
    fn a_model_too_large_for_the_kernel_stays_on_the_cpu() {
        let shape = Shape { width: 8, filters: 2, units: MOST_UNITS + 1, dense: &[] };
        let [_, large] = models(shape, 1, Precision::F32);
        assert_eq!(large.device(), DeviceKind::CPU);
        let [_, fits] = models(Shape { units: MOST_UNITS, ..shape }, 1, Precision::F32);
        assert_eq!(fits.device(), DeviceKind::Cuda(Precision::F32));
    }
}
