//! Writing: sites, tracks, summaries, plots, work so far; files appear under their final name when
//! complete.

pub mod atomic;
pub mod bed;
pub mod bigwig;
mod commit;
pub mod context;
pub mod frames;
pub mod grid;
pub mod heat_map;
pub mod hub;
pub mod lines;
pub mod lock;
pub mod logo;
pub mod markup;
pub mod multiqc;
pub mod parquet;
pub mod picture;
pub mod plot;
pub mod provenance;
pub mod summary;
pub mod sync;
pub mod tabix;
pub mod temporaries;
