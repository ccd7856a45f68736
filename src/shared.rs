//! Test data that not every checkout has.

use std::path::{Path, PathBuf};

/// Returns a file or folder of ../shared. Tests that ask for one are marked as ignored where it is
/// not there (`cfg(shared)`, set by build.rs).
pub fn shared(path: &str) -> PathBuf {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared").join(path);
    assert!(file.exists(), "{} is not here", file.display());
    file
}
