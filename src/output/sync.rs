//! Files forced to the disk, where that can be.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::sync::OnceLock;

/// What there is to say of the first file that could not be forced to the disk.
static UNSYNCED: OnceLock<String> = OnceLock::new();

/// Returns a remark, if a file of this process could not be forced to the disk.
pub fn remark() -> Option<&'static str> {
    UNSYNCED.get().map(String::as_str)
}

/// Waits until everything that was written to a file is on the disk. Some network and FUSE file
/// systems cannot tell: every byte was written all the same, and only a crash of the machine could
/// lose it: see [`remark`].
///
/// # Errors
/// If something could not be written (an error of the disk, no room, a quota).
pub fn sync(file: &File, path: &Path) -> io::Result<()> {
    match file.sync_all() {
        Err(e) if cannot_tell(&e) => {
            UNSYNCED.get_or_init(|| {
                format!(
                    "{}: this file system cannot force files to the disk ({e}); all is written, but a crash of \
                     the machine may lose it",
                    path.display()
                )
            });
            Ok(())
        }
        synced => synced,
    }
}

/// EINVAL, EOPNOTSUPP, ENOSYS, ENOTTY: there is no such operation here.
fn cannot_tell(error: &io::Error) -> bool {
    const ENOTTY: i32 = 25;
    matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::Unsupported)
        || error.raw_os_error() == Some(ENOTTY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_lack_of_the_operation_is_no_error() {
        for (code, lack) in
            [(22, true), (95, true), (38, true), (25, true), (5, false), (28, false), (122, false)]
        {
            assert_eq!(cannot_tell(&io::Error::from_raw_os_error(code)), lack, "{code}");
        }
    }
}
