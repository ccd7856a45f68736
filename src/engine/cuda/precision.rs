//! How exactly a GPU multiplies.

use candle_core::DType;

/// What factors of a product are rounded to on a GPU; sums are always f32.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Precision {
    /// Not at all: the ordinary cores.
    #[default]
    F32,
    /// 10 bits of mantissa, on tensor cores.
    Tf32,
    /// 7 bits in the recurrence and the first layer behind it; else as tf32.
    Bf16,
}

impl Precision {
    /// Returns the name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::Tf32 => "tf32",
            Self::Bf16 => "bf16",
        }
    }

    /// Returns what layers of the convolutional model are multiplied in.
    pub(super) fn convolutional(self) -> Self {
        match self {
            Self::F32 => Self::F32,
            Self::Tf32 | Self::Bf16 => Self::Tf32,
        }
    }

    /// Returns the type of the recurrence's weights and outputs.
    pub(super) fn recurrent_type(self) -> DType {
        match self {
            Self::F32 | Self::Tf32 => DType::F32,
            Self::Bf16 => DType::BF16,
        }
    }

    /// Returns the rows of a packed tile of the recurrence's weights (`DEPTH` in tiles.cuh).
    pub(super) fn recurrent_depth(self) -> usize {
        match self {
            Self::F32 | Self::Tf32 => 8,
            Self::Bf16 => 16,
        }
    }
}
