use std::io::Write;

use proptest::prelude::*;

use super::*;
use crate::fuzz::damage::{bgzip, gzip};
use crate::fuzz::file;

fn read(path: &Path) -> Result<(Compression, Vec<u8>, String)> {
    let source = Source::open(path)?;
    let mut reader = source.hashing_reader();
    let mut content = Vec::new();
    reader.read_to_end(&mut content).map_err(|e| source.error(e))?;
    let sha256 = reader.finish().map_err(|e| source.error(e))?;
    Ok((source.compression(), content, sha256))
}

fn message(bytes: &[u8]) -> String {
    read(file(bytes).path()).map(|_| ()).unwrap_err().to_string()
}

#[test]
fn the_name_of_a_file_does_not_matter() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plain.txt");
    std::fs::write(&path, gzip(b"text")).unwrap();
    assert_eq!(read(&path).unwrap().1, b"text");
    let path = folder.path().join("compressed.gz");
    std::fs::write(&path, b"text").unwrap();
    assert_eq!(read(&path).unwrap().1, b"text");
}

#[test]
fn the_digest_is_of_the_bytes_on_disk() {
    // sha256sum of the three letters.
    let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(read(file(b"abc").path()).unwrap().2, expected);
    let compressed = gzip(b"abc");
    let plain_digest = read(file(&compressed).path()).unwrap().2;
    assert_ne!(plain_digest, expected);
}

#[test]
fn the_digest_does_not_depend_on_how_far_the_content_was_read() {
    let content = file(&vec![b'x'; 3 * 256 * 1024 + 17]);
    let source = Source::open(content.path()).unwrap();
    let early = source.hashing_reader().finish().unwrap();
    assert_eq!(early, read(content.path()).unwrap().2);
}

#[test]
fn a_truncated_gzip_file_is_an_error_with_a_cure() {
    let whole = gzip(&b"ACGTTGCAAGGCTTAGC".repeat(500));
    for end in [3, 12, whole.len() / 2, whole.len() - 1] {
        let text = message(&whole[..end]);
        assert!(text.contains("truncated gzip") && text.contains("download it again"), "{text}");
    }
}

/// Three blocks and the end-of-file block, and where each block begins.
fn blocks() -> (Vec<u8>, Vec<usize>) {
    let mut writer = noodles::bgzf::io::Writer::new(Vec::new());
    let mut starts = vec![0];
    for block in [&b"ACGTTGCAAGG"[..], b"CTTAGC", b"TTTTTTTTTTTTA"] {
        writer.write_all(block).unwrap();
        writer.flush().unwrap();
        starts.push(writer.get_ref().len());
    }
    (writer.finish().unwrap(), starts)
}

#[test]
fn bgzf_cut_anywhere_is_noticed() {
    let (whole, starts) = blocks();
    assert_eq!(whole.len() - 28, starts[3]);
    for end in 18..whole.len() {
        let text = message(&whole[..end]);
        assert!(text.contains("truncated BGZF: the end-of-file block is missing; "), "{text}");
    }
    // With an end put after the cut; at the boundary of a block, that is a whole file.
    for end in (0..whole.len()).filter(|end| !starts.contains(end)) {
        match read(file(&[&whole[..end], &BGZF_END].concat()).path()) {
            // Without the magic number it is taken for text, which no reader of text accepts.
            Ok((compression, ..)) => assert!(compression == Compression::Plain && end < 2, "{end}"),
            Err(error) => assert!(error.to_string().contains("again"), "{end}: {error}"),
        }
    }
}

#[test]
fn a_flipped_bit_anywhere_in_compressed_data_is_refused_or_changes_nothing() {
    let content = b"ACGTTGCAAGGCTTAGCTTTTTTTTTTTTA";
    for whole in [gzip(content), blocks().0, [gzip(&content[..9]), gzip(&content[9..])].concat()] {
        let mut refused = 0;
        for flip in 0..8 * whole.len() {
            let mut bytes = whole.clone();
            bytes[flip / 8] ^= 1 << (flip % 8);
            match read(file(&bytes).path()) {
                // Without the magic number it is taken for text, which no reader of text accepts.
                Ok((Compression::Plain, ..)) => assert!(flip < 16),
                Ok((_, read_back, _)) => assert_eq!(read_back, content, "bit {flip}"),
                Err(error) => {
                    refused += 1;
                    assert!(error.to_string().contains("again"), "bit {flip}: {error}");
                }
            }
        }
        assert!(refused > 4 * whole.len(), "{refused}");
    }
}

#[test]
fn text_in_an_encoding_that_is_not_read_is_named_with_a_cure() {
    for content in [&b"\xef\xbb\xbf>a\nA\n"[..], b"\xff\xfe>\0a\0", b"\xfe\xff\0>\0a"] {
        for bytes in [content.to_vec(), gzip(content), bgzip(content)] {
            let text = message(&bytes);
            assert!(
                text.contains("sed '1s/^\\xEF\\xBB\\xBF//'") || text.contains("iconv"),
                "{text}"
            );
        }
    }
}

#[test]
fn damage_inside_compressed_data_is_an_error() {
    for (mut bytes, format) in [(gzip(&[b'A'; 999]), "gzip"), (bgzip(&[b'A'; 999]), "BGZF")] {
        let place = bytes.windows(2).rposition(|pair| pair == 999u16.to_le_bytes()).unwrap() - 2;
        bytes[place] ^= 0xff; // inside the checksum
        assert!(message(&bytes).contains(&format!("damaged {format} data")));
    }
}

#[test]
fn other_compressions_are_named_with_a_cure() {
    assert!(message(b"BZh91AY&SY").contains("bunzip2"));
    assert!(message(b"\x28\xb5\x2f\xfd....").contains("unzstd"));
    assert!(message(b"\x43\x27\x41\x1a....").contains("twoBitToFa"));
}

#[test]
fn a_missing_file_and_a_folder_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let text = Source::open(folder.path()).map(|_| ()).unwrap_err().to_string();
    assert!(text.contains("is a directory"), "{text}");
    let path = folder.path().join("none.fa");
    let text = Source::open(&path).map(|_| ()).unwrap_err().to_string();
    assert!(text.contains("none.fa: cannot open"), "{text}");
}

#[test]
fn a_stream_can_be_read_twice_and_at_the_same_time() {
    let bytes = gzip(b"one two");
    let source = Source::from_stream(Path::new("<stdin>"), &bytes[..]).unwrap();
    let (mut first, mut second) = (source.reader(), source.reader());
    let (mut a, mut b) = (String::new(), String::new());
    first.read_to_string(&mut a).unwrap();
    second.read_to_string(&mut b).unwrap();
    assert_eq!((a.as_str(), b.as_str()), ("one two", "one two"));
}

#[test]
fn replacing_a_file_between_passes_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    std::fs::write(&path, b"old").unwrap();
    let source = Source::open(&path).unwrap();
    std::fs::write(folder.path().join("b"), b"new").unwrap();
    std::fs::rename(folder.path().join("b"), &path).unwrap();
    let mut text = String::new();
    source.reader().read_to_string(&mut text).unwrap();
    assert_eq!(text, "old");
}

proptest! {
    #[test]
    fn all_three_forms_hold_the_same_content(content: Vec<u8>, cut in 0usize..100) {
        let content = [b"#".as_slice(), &content].concat();
        let cut = cut.min(content.len());
        let two_members = [gzip(&content[..cut]), gzip(&content[cut..])].concat();
        for (bytes, expected) in [
            (content.clone(), Compression::Plain),
            (gzip(&content), Compression::Gzip),
            (two_members, Compression::Gzip),
            (bgzip(&content), Compression::Bgzf),
        ] {
            let (compression, read_back, _) = read(file(&bytes).path()).unwrap();
            prop_assert_eq!(compression, expected);
            prop_assert_eq!(&read_back, &content);
        }
    }
}
