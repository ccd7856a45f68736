//! RNA secondary structure as one letter per nucleotide, for models that read it beside the
//! sequence.
//!
//! Letters are those of forgi and pysster (Budach & Marsico 2018): `S` stem, `H` hairpin loop, `I`
//! internal loop or bulge, `M` multiloop, `F` unpaired 5' end, `T` unpaired 3' end.

pub mod files;
pub mod fold;
pub mod labels;
pub mod matched;

pub use files::{Form, Record, Records};
pub use fold::{Folder, Program};
pub use labels::{LABELS, label};
pub use matched::{Annotated, Matched, annotated};
