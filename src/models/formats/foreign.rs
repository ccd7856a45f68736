//! What a file is that is not what it should be.

/// The first line of a Git LFS pointer file.
const LFS_POINTER: &[u8] = b"version https://git-lfs.github.com/spec/v1";

const HDF5_MAGIC: &[u8] = b"\x89HDF\r\n\x1a\n";

/// Returns whether the bytes carry the HDF5 signature: at 0, or at 512, 1024, ... after a user
/// block.
pub fn is_hdf5(bytes: &[u8]) -> bool {
    let mut at = 0;
    while let Some(rest) = bytes.get(at..) {
        if rest.starts_with(HDF5_MAGIC) {
            return true;
        }
        at = if at == 0 { 512 } else { at.saturating_mul(2) };
    }
    false
}

/// Says what the bytes of a file are, and what to do about it; `None` where they are in no format
/// that this program knows.
pub fn describe(bytes: &[u8]) -> Option<String> {
    if bytes.starts_with(LFS_POINTER) {
        return Some(lfs_pointer(bytes));
    }
    let kind = if is_hdf5(bytes) {
        "an HDF5 file, as Keras writes"
    } else if bytes.is_empty() {
        "an empty file: download it again"
    } else if HDF5_MAGIC.starts_with(bytes) {
        "only the first bytes of an HDF5 file: download it again"
    } else if bytes.starts_with(b"PK\x03\x04") {
        zip(bytes)
    } else if bytes.starts_with(b"\x93NUMPY") {
        "a NumPy array (.npy)"
    } else if bytes.starts_with(b"\x1f\x8b") {
        "a gzip-compressed file: unpack it first"
    } else if is_safetensors(bytes) {
        "a safetensors file: converted models need no conversion"
    } else if matches!(bytes, [0x80, 2..=5, ..]) {
        "a Python pickle, which could run code and is never read; save the whole model with Keras' \
         `model.save(\"model.h5\")`"
    } else if is_web_page(bytes) {
        "a web page, not the file itself: use the link for the raw file"
    } else if is_text(bytes) {
        "a text file"
    } else {
        return None;
    };
    Some(kind.to_owned())
}

/// The pointer names the file that Git LFS would have fetched.
fn lfs_pointer(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(1024)]);
    let field = |key: &str| {
        let value = text.lines().find_map(|line| line.strip_prefix(key)).unwrap_or("unknown");
        value.trim().chars().take(80).collect::<String>()
    };
    format!(
        "a Git LFS pointer, not the weights themselves (oid {}, {} bytes). Git hosts hand out such \
         pointers in place of large files: download the weights by hand from the repository's web \
         page, or run `git lfs pull` there",
        field("oid "),
        field("size ")
    )
}

fn zip(bytes: &[u8]) -> &'static str {
    let head = &bytes[..bytes.len().min(4096)];
    let has = |needle: &[u8]| head.windows(needle.len()).any(|window| window == needle);
    if has(b".npy") {
        "a NumPy archive (.npz)"
    } else if has(b"data.pkl") || has(b"/data/") {
        "a PyTorch archive"
    } else if has(b"metadata.json") || has(b"config.json") {
        "a Keras 3 archive (.keras): save the whole model as HDF5 (`model.save(\"model.h5\")`)"
    } else {
        "a zip archive: unpack it first"
    }
}

/// Returns whether the bytes begin as those of a safetensors file, complete or not.
pub fn is_safetensors(bytes: &[u8]) -> bool {
    // Eight bytes of length, then a JSON object.
    bytes.get(8..10).is_some_and(|head| head == b"{\"") && bytes[7] == 0
}

fn is_web_page(bytes: &[u8]) -> bool {
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(256)]).to_lowercase();
    let head = head.trim_start();
    head.starts_with("<!doctype html") || head.starts_with("<html")
}

fn is_text(bytes: &[u8]) -> bool {
    let printable = |byte: &u8| byte.is_ascii_graphic() || byte.is_ascii_whitespace();
    bytes.iter().take(512).all(printable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_git_lfs_pointer_is_named_with_what_it_points_to() {
        let pointer = b"version https://git-lfs.github.com/spec/v1\n\
            oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\n\
            size 131902008\n";
        let said = describe(pointer).unwrap();
        assert!(said.contains("Git LFS pointer"), "{said}");
        assert!(said.contains("sha256:4d7a2146") && said.contains("131902008 bytes"), "{said}");
        assert!(said.contains("by hand"), "{said}");
    }

    #[test]
    fn other_formats_are_called_by_name() {
        let cases: [(&[u8], &str); 9] = [
            (HDF5_MAGIC, "HDF5"),
            (b"", "empty"),
            (b"\x89HDF", "first bytes"),
            (b"PK\x03\x04......arr_0.npy", "NumPy archive"),
            (b"PK\x03\x04......thing", "zip"),
            (b"\x80\x04\x95\x10", "pickle"),
            (b"\x40\0\0\0\0\0\0\0{\"a\":1}", "safetensors"),
            (b"<!DOCTYPE html>\n<html>", "web page"),
            (b">chr1\nACGT\n", "text"),
        ];
        for (bytes, expected) in cases {
            let said = describe(bytes).unwrap();
            assert!(said.contains(expected), "{bytes:?}: {said}");
        }
        assert_eq!(describe(b"\x00\xff\x13"), None);
    }

    #[test]
    fn the_signature_is_found_behind_a_user_block() {
        let mut bytes = vec![0; 1024];
        assert!(!is_hdf5(&bytes));
        bytes.extend_from_slice(HDF5_MAGIC);
        assert!(is_hdf5(&bytes));
    }
}
