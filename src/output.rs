//! Writing: sites, tracks, summaries; files appear under their final name when complete.

pub mod atomic;
pub mod bed;
pub mod bigwig;
pub mod summary;
pub mod tabix;
pub mod temporaries;
