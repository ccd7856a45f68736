//! The names that values of the library have on the command line, and what help says of them.

use clap::ValueEnum;
use clap::builder::PossibleValue;

use crate::engine::cpu::simd;
use crate::engine::device::Precision;
use crate::models::deeprke::words::Labels;
use crate::models::part::Part;
use crate::reads::bam::Library;
use crate::reads::cleavage::GenomicAs;
use crate::scan::Anchor;
use crate::structure::Program;
use crate::variants::settings::CheckRef;
use crate::variants::settings::ContextRule;
use crate::variants::settings::LatentSites;
use crate::variants::vcf::writer::OutputType;

/// Says of each value of a type what it is called and what help says of it.
macro_rules! choices {
    ($($type:ty { $($value:ident $name:literal $help:literal,)+ })+) => {$(
        impl ValueEnum for $type {
            fn value_variants<'a>() -> &'a [Self] {
                &[$(Self::$value),+]
            }

            fn to_possible_value(&self) -> Option<PossibleValue> {
                // No `_`: a value that is added is asked for here.
                Some(match self {
                    $(Self::$value => PossibleValue::new($name).help($help),)+
                })
            }
        }
    )+};
}

choices! {
    Anchor {
        Window "window" "Every position",
        Signal "signal" "Where one of the known polyA signals begins ([`crate::context::signal::SIGNALS`])",
    }
    LatentSites {
        Changed "changed" "Those whose strength changes by `delta` of the rule or more",
        All "all" "All",
        None "none" "None",
    }
    ContextRule {
        IntronExpressed "intron-expressed" "A site in an intron counts if one haplotype's is used with a probability of 0.9 or more",
        Extended1kb "extended-1kb" "A site past the last exon counts up to 1 kb from the annotated end",
    }
    Program {
        RnaFold "rnafold" "RNAfold of ViennaRNA",
        RnaShapes "rnashapes" "RNAshapes, as DeepRKE's authors used it",
    }
    GenomicAs {
        First "first" "The first A",
        Before "before" "The nucleotide before the first A",
        Last "last" "The last A",
        Keep "keep" "None: ends stay where they are",
    }
    Labels {
        Six "six" "F, T, H, I, M, S",
        Five "five" "T counts as F: with k = 3 the 125 words that the paper names",
    }
    Part {
        Training "training" "Those that train",
        Validation "validation" "Those that choose the epoch",
        Test "test" "Those that test",
    }
    Library {
        Forward "forward" "In its direction: tails are As at the end",
        Reverse "reverse" "Against it: tails are Ts at the beginning",
    }
    CheckRef {
        E "e" "End with an error",
        W "w" "Warn, and skip its alleles",
        X "x" "Leave the record out",
        S "s" "Set REF to the genome's, unless an ALT is that",
    }
    OutputType {
        V "v" "VCF",
        Z "z" "VCF, BGZF",
        B "b" "BCF, BGZF",
        U "u" "BCF, not compressed",
    }
    Precision {
        F32 "f32" "Not at all",
        Tf32 "tf32" "On a GPU: 10 bits of mantissa, on tensor cores",
        Bf16 "bf16" "On a GPU: 7 bits in the recurrence and the first layer behind it; else as tf32",
        Int8 "int8" "On the CPU, of the dense models: activations to 7 bits, weights to 8, sums are exact",
    }
    simd::Path {
        Portable "portable" "What every CPU has, without fused multiply-add",
        Neon "neon" "NEON, of 64-bit ARM",
        Avx2 "avx2" "AVX2 with fused multiply-add",
        Avx512 "avx512" "AVX-512",
        Avx512Pairs "avx512-pairs" "AVX-512 on a CPU that adds beside its multiplications (AMD from Zen 4 on): large products do half of their multiplications as additions",
    }
}

/// Returns the name of a value on the command line.
pub fn value_name(value: impl ValueEnum) -> String {
    value.to_possible_value().map_or(String::new(), |value| value.get_name().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names on the command line.
    fn names<T: ValueEnum>() -> Vec<String> {
        T::value_variants().iter().cloned().map(value_name).collect()
    }

    /// Those that the library gives.
    fn given<T: ValueEnum>(name: impl Fn(&T) -> String) -> Vec<String> {
        T::value_variants().iter().map(name).collect()
    }

    #[test]
    fn what_help_calls_a_value_is_its_name() {
        assert_eq!(names::<Anchor>(), given(|value: &Anchor| value.name().to_owned()));
        assert_eq!(names::<Part>(), given(|value: &Part| value.name().to_owned()));
        assert_eq!(names::<LatentSites>(), given(|value: &LatentSites| value.name().to_owned()));
        assert_eq!(names::<Precision>(), given(|value: &Precision| value.name().to_owned()));
        assert_eq!(names::<simd::Path>(), given(simd::Path::to_string));
        assert_eq!(simd::Path::value_variants(), simd::Path::ALL);
        // What is printed of the others is their form in JSON.
        let json = |value: serde_json::Result<serde_json::Value>| {
            value.unwrap().as_str().unwrap_or_default().to_owned()
        };
        assert_eq!(
            names::<ContextRule>(),
            given(|rule| json(serde_json::to_value::<&ContextRule>(rule)))
        );
        assert_eq!(
            names::<CheckRef>(),
            given(|check| json(serde_json::to_value::<&CheckRef>(check)))
        );
    }
}
