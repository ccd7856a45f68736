//! Writing: sites, tracks, summaries, plots; files appear under their final name when complete.

pub mod atomic;
pub mod bed;
pub mod bigwig;
pub mod heat_map;
pub mod picture;
pub mod plot;
pub mod summary;
pub mod tabix;
pub mod temporaries;
