//! Files of frames: what a run has done so far, frame by frame, so that whatever was written whole
//! is of use even if the run was killed in the middle of a frame.
//!
//! ```text
//! magic | frame | frame | ...      frame = length (u64 LE) | CRC-32 (u32 LE) | zlib stream
//! ```
//!
//! The checksum is of the frame before's and the zlib stream: a frame that is missing, doubled or
//! of another file ends what is whole.

use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;

use crate::error::{Error, Result};

const MAGIC: &[u8] = b"polyascan frames 3\n";
/// Length and checksum.
const FRAME_HEAD: usize = 12;

/// Appends frames to an output.
pub struct FrameWriter<W> {
    path: PathBuf,
    out: W,
    /// Checksum of the last frame.
    last: u32,
}

impl<W: Write> FrameWriter<W> {
    /// Begins a file; `path` is for messages.
    ///
    /// # Errors
    /// If the output cannot be written.
    pub fn create(path: &Path, out: W) -> Result<Self> {
        let mut writer = Self { path: path.to_owned(), out, last: 0 };
        writer.write(MAGIC)?;
        Ok(writer)
    }

    /// Goes on behind the last frame that a reader has read of an output.
    pub fn go_on(read: &FrameReader, out: W) -> Self {
        Self { path: read.path.clone(), out, last: read.last }
    }

    /// Compresses and writes one frame, in one go.
    ///
    /// # Errors
    /// If the output cannot be written.
    pub fn append(&mut self, content: &[u8]) -> Result<()> {
        let mut encoder = ZlibEncoder::new(vec![0; FRAME_HEAD], Compression::fast());
        let compressed = encoder.write_all(content).and_then(|()| encoder.finish());
        let mut frame = compressed.map_err(|e| Error::io(&self.path, "cannot compress", e))?;
        let length = (frame.len() - FRAME_HEAD) as u64;
        let sum = checksum(self.last, &frame[FRAME_HEAD..]);
        frame[..8].copy_from_slice(&length.to_le_bytes());
        frame[8..FRAME_HEAD].copy_from_slice(&sum.to_le_bytes());
        self.write(&frame)?;
        self.last = sum;
        Ok(())
    }

    /// Returns the output underneath.
    pub fn get_ref(&self) -> &W {
        &self.out
    }

    /// Returns the output underneath, to complete it.
    pub fn into_inner(self) -> W {
        self.out
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.out.write_all(bytes).map_err(|e| Error::io(&self.path, "cannot write", e))
    }
}

/// Reads frames until the end of a file, or until one that is not whole.
pub struct FrameReader {
    path: PathBuf,
    file: BufReader<File>,
    /// Bytes of the file.
    length: u64,
    /// Bytes up to the end of the last whole frame, and its checksum.
    whole: u64,
    last: u32,
}

impl FrameReader {
    /// Opens a file.
    ///
    /// # Errors
    /// If it cannot be read or is of another kind.
    pub fn open(path: &Path) -> Result<Self> {
        let cannot_open = |e| Error::io(path, "cannot open", e);
        let file = File::open(path).map_err(cannot_open)?;
        let length = file.metadata().map_err(cannot_open)?.len();
        let whole = MAGIC.len() as u64;
        let file = BufReader::new(file);
        let mut reader = Self { path: path.to_owned(), file, length, whole, last: 0 };
        let mut magic = Vec::new();
        (&mut reader.file).take(whole).read_to_end(&mut magic).map_err(|e| reader.failed(e))?;
        if magic != MAGIC {
            let problem = "this is no file of a shard or a checkpoint, or one of another version; if it is a \
                checkpoint, delete it to begin anew";
            return Err(Error::of_file(path, problem));
        }
        Ok(reader)
    }

    /// Returns the content of the next frame; `None` at the end and where a frame is damaged or
    /// cut.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn next_frame(&mut self) -> Result<Option<Vec<u8>>> {
        let left = self.length - self.whole;
        let mut head = [0; FRAME_HEAD];
        if left < FRAME_HEAD as u64 {
            return Ok(None);
        }
        self.file.read_exact(&mut head).map_err(|e| self.failed(e))?;
        let [length @ .., a, b, c, d] = head;
        let length = u64::from_le_bytes(length);
        if length > left - FRAME_HEAD as u64 {
            return Ok(None);
        }
        let mut compressed = Vec::new();
        (&mut self.file).take(length).read_to_end(&mut compressed).map_err(|e| self.failed(e))?;
        let sum = checksum(self.last, &compressed);
        if sum != u32::from_le_bytes([a, b, c, d]) {
            return Ok(None);
        }
        let mut content = Vec::new();
        if ZlibDecoder::new(compressed.as_slice()).read_to_end(&mut content).is_err() {
            return Ok(None);
        }
        self.whole += FRAME_HEAD as u64 + length;
        self.last = sum;
        Ok(Some(content))
    }

    /// Returns the number of bytes up to the end of the last frame that was read.
    pub fn whole(&self) -> u64 {
        self.whole
    }

    /// Returns whether nothing follows the last frame that was read.
    pub fn is_at_end(&self) -> bool {
        self.whole == self.length
    }

    fn failed(&self, error: io::Error) -> Error {
        Error::io(&self.path, "cannot read", error)
    }
}

fn checksum(before: u32, bytes: &[u8]) -> u32 {
    let mut sum = flate2::Crc::new();
    sum.update(&before.to_le_bytes());
    sum.update(bytes);
    sum.sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn file(frames: &[Vec<u8>]) -> Vec<u8> {
        let mut writer = FrameWriter::create(Path::new("x"), Vec::new()).unwrap();
        frames.iter().for_each(|frame| writer.append(frame).unwrap());
        writer.into_inner()
    }

    fn read(bytes: &[u8]) -> (Vec<Vec<u8>>, u64, bool) {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        let mut reader = FrameReader::open(file.path()).unwrap();
        let frames = std::iter::from_fn(|| reader.next_frame().unwrap()).collect();
        (frames, reader.whole(), reader.is_at_end())
    }

    proptest! {
        #[test]
        fn a_file_cut_anywhere_or_with_a_flipped_bit_gives_its_whole_frames_and_no_other(
            frames in prop::collection::vec(prop::collection::vec(0u8..9, 0..300), 0..5),
            at in any::<prop::sample::Index>(),
            bit in 0u8..8,
        ) {
            let bytes = file(&frames);
            prop_assert_eq!(read(&bytes), (frames.clone(), bytes.len() as u64, true));
            let at = MAGIC.len() + at.index(bytes.len() - MAGIC.len() + 1);
            let (cut, whole, _) = read(&bytes[..at]);
            prop_assert!(frames.starts_with(&cut) && whole as usize <= at);
            prop_assert_eq!(&bytes[..whole as usize], &file(&cut)[..]);
            if at < bytes.len() {
                let mut flipped = bytes.clone();
                flipped[at] ^= 1 << bit;
                let (found, whole, at_end) = read(&flipped);
                prop_assert!(frames.starts_with(&found) && found.len() < frames.len());
                prop_assert!(whole as usize <= at && !at_end);
            }
        }
    }

    #[test]
    fn what_follows_a_frame_that_was_taken_out_or_doubled_is_not_read() {
        let frames: Vec<Vec<u8>> = (0u8..5).map(|i| vec![i; 50]).collect();
        let ends: Vec<usize> = (0..=5).map(|n| file(&frames[..n]).len()).collect();
        let bytes = file(&frames);
        for n in 0..4 {
            let without = [&bytes[..ends[n]], &bytes[ends[n + 1]..]].concat();
            assert_eq!(read(&without), (frames[..n].to_vec(), ends[n] as u64, false));
            let twice = [&bytes[..ends[n + 1]], &bytes[ends[n]..]].concat();
            assert_eq!(read(&twice), (frames[..=n].to_vec(), ends[n + 1] as u64, false));
        }
    }

    #[test]
    fn another_kind_of_file_is_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        for text in ["", "polyascan", ">chr1\nACGTACGTACGTACGTACGTACGT\n"] {
            std::fs::write(file.path(), text).unwrap();
            assert!(FrameReader::open(file.path()).is_err(), "{text}");
        }
    }
}
