//! htslib's own parser and formatter of VCF, in memory: a line of text and a record of BCF, each
//! from the other.
//!
//! rust-htslib opens nothing but files, keeps a header that htslib could not read as a null
//! pointer, and gives the text of a record only as UTF-8. So the functions of htslib are called
//! here, and nowhere else.

#![allow(unsafe_code)]

use std::ffi::CString;
use std::ptr::{self, NonNull};
use std::slice;

use rust_htslib::htslib as c;

/// What a file of BCF 2.2 begins with.
pub const MAGIC: &[u8] = b"BCF\x02\x02";
/// Bytes of the fixed fields of a record (VCF specification 4.5, section 6.3.1).
pub const FIXED: usize = 32;
/// What htslib notes of a record with a number that needs 64 bits; BCF has none (`BCF_IS_64BIT` of
/// vcf.c).
const IS_64BIT: i32 = 1 << 30;

/// htslib does not take a header or a record; it says why on standard error.
#[derive(Debug)]
pub struct Refused;

/// A header, and the one record that lines and bytes pass through.
pub struct Codec {
    header: NonNull<c::bcf_hdr_t>,
    record: NonNull<c::bcf1_t>,
    text: Text,
}

// SAFETY: the header, the record and the text belong to this value alone, and htslib ties none of
// them to a thread.
unsafe impl Send for Codec {}

impl Codec {
    /// Parses a header: lines of VCF up to a NUL or the end, with or without the numbers that BCF
    /// gives names (`IDX`).
    ///
    /// # Errors
    /// If htslib does not take it.
    pub fn new(header: &[u8]) -> Result<Self, Refused> {
        let text = header.split(|byte| *byte == 0).next().unwrap_or_default();
        let text = CString::new(text).map_err(|_| Refused)?;
        // SAFETY: the mode is one of htslib's, and ends in NUL.
        let parsed = NonNull::new(unsafe { c::bcf_hdr_init(c"r".as_ptr()) }).ok_or(Refused)?;
        // SAFETY: nothing is asked of the caller.
        let record = NonNull::new(unsafe { c::bcf_init() });
        let Some(record) = record else {
            // SAFETY: it was just made, and is given up.
            unsafe { c::bcf_hdr_destroy(parsed.as_ptr()) };
            return Err(Refused);
        };
        let codec = Self { header: parsed, record, text: Text::default() };
        // SAFETY: the header is valid; the text ends in NUL, and htslib only reads it, although it
        // asks for `*mut`.
        let code = unsafe { c::bcf_hdr_parse(codec.header.as_ptr(), text.as_ptr().cast_mut()) };
        if code < 0 { Err(Refused) } else { Ok(codec) }
    }

    /// Returns the header as the beginning of a BCF file.
    ///
    /// # Errors
    /// If memory does not suffice.
    pub fn header(&mut self) -> Result<Vec<u8>, Refused> {
        self.text.0.l = 0;
        // SAFETY: the header is valid, and the text a string that htslib may make longer.
        let code = unsafe { c::bcf_hdr_format(self.header.as_ptr(), 1, &raw mut self.text.0) };
        let text = self.text.bytes();
        let length = u32::try_from(text.len() + 1).map_err(|_| Refused)?.to_le_bytes();
        if code < 0 { Err(Refused) } else { Ok([MAGIC, &length, text, b"\0"].concat()) }
    }

    /// Appends the record that a line of VCF is, as BCF.
    ///
    /// # Errors
    /// If BCF cannot hold it, or the header does not define what is in it.
    pub fn encode(&mut self, line: &[u8], out: &mut Vec<u8>) -> Result<(), Refused> {
        self.text.set(line)?;
        // SAFETY: header and record are valid; the text is a string of C's allocator with its NUL,
        // which htslib changes in place and may make longer.
        let code = unsafe {
            c::vcf_parse(&raw mut self.text.0, self.header.as_ptr(), self.record.as_ptr())
        };
        // SAFETY: the record is valid, and nobody else has it.
        let record = unsafe { self.record.as_ref() };
        // The checks of htslib's `bcf_write`.
        let errors = record.errcode & !(c::BCF_ERR_LIMITS as i32) != 0;
        if code != 0 || errors || record.unpacked & IS_64BIT != 0 || !self.has_all_samples() {
            return Err(Refused);
        }
        let [shared, samples] = [&record.shared, &record.indiv].map(bytes);
        let size = |of: &[u8], fixed| u32::try_from(of.len() + fixed).map_err(|_| Refused);
        let fields = if record.n_sample() == 0 { 0 } else { record.n_fmt() };
        for number in [
            size(shared, FIXED - 8)?,
            size(samples, 0)?,
            record.rid as u32,
            record.pos as u32,
            record.rlen as u32,
            record.qual.to_bits(),
            record.n_allele() << 16 | record.n_info(),
            fields << 24 | record.n_sample(),
        ] {
            out.extend(number.to_le_bytes());
        }
        out.extend_from_slice(shared);
        out.extend_from_slice(samples);
        Ok(())
    }

    /// Returns the next of `records` as a line of VCF with its line feed, or nothing behind the
    /// last.
    ///
    /// # Errors
    /// If it is damaged, or the header does not define what is in it.
    pub fn decode(&mut self, records: &Records) -> Result<Option<&[u8]>, Refused> {
        let (header, record) = (self.header.as_ptr(), self.record.as_ptr());
        // SAFETY: the file is open, header and record are valid; htslib checks what it reads
        // against the header.
        match unsafe { c::bcf_read(records.0.as_ptr(), header, record) } {
            0 if self.has_all_samples() => {}
            -1 => return Ok(None),
            _ => return Err(Refused),
        }
        self.text.0.l = 0;
        // SAFETY: the record was just read and checked by htslib, with this header; the text is a
        // string that htslib may make longer. A value is written out of a record that is unpacked
        // in another way than out of one that is not (NUL alone in a text): unpacked is how
        // rust-htslib has always written them.
        let code = unsafe {
            c::bcf_unpack(record, c::BCF_UN_ALL as i32);
            c::vcf_format(header, record, &raw mut self.text.0)
        };
        if code == 0 { Ok(Some(self.text.bytes())) } else { Err(Refused) }
    }

    /// Returns whether the record has as many samples as the header.
    fn has_all_samples(&self) -> bool {
        // SAFETY: both are valid, and nobody else has them.
        let (header, record) = unsafe { (self.header.as_ref(), self.record.as_ref()) };
        header.n.get(c::BCF_DT_SAMPLE as usize) == Some(&(record.n_sample() as i32))
    }
}

impl Drop for Codec {
    fn drop(&mut self) {
        // SAFETY: both were made by htslib, and are given up here alone.
        unsafe {
            c::bcf_destroy(self.record.as_ptr());
            c::bcf_hdr_destroy(self.header.as_ptr());
        }
    }
}

/// Some records of BCF in memory, which htslib reads as a file.
pub struct Records(NonNull<c::htsFile>);

// SAFETY: the file belongs to this value alone, and htslib ties it to no thread.
unsafe impl Send for Records {}

impl Records {
    /// Opens records.
    ///
    /// # Errors
    /// If memory does not suffice.
    pub fn open(records: &[u8]) -> Result<Self, Refused> {
        let mut content = Text::default();
        // htslib tells a format by how a file begins; else a record might pass for something
        // compressed.
        content.set(&[MAGIC, records].concat())?;
        let (buffer, length) = (content.0.s, content.0.l);
        // SAFETY: the buffer is of C's allocator and holds `length` bytes. htslib's file owns it
        // from here on, also if it cannot be opened; so it is forgotten first.
        let stream = unsafe {
            std::mem::forget(content);
            c::hopen(c"mem:".as_ptr(), c"r:".as_ptr(), buffer, length)
        };
        let stream = NonNull::new(stream).ok_or(Refused)?;
        // SAFETY: the stream is open, and is the file's own from here on unless there is none.
        let file = unsafe { c::hts_hopen(stream.as_ptr(), c"records".as_ptr(), c"r".as_ptr()) };
        let Some(file) = NonNull::new(file) else {
            // SAFETY: nobody else has it.
            unsafe { c::hclose_abruptly(stream.as_ptr()) };
            return Err(Refused);
        };
        let records = Self(file);
        let mut magic = [0; MAGIC.len()];
        // SAFETY: htslib has told the format of the content, BCF, by its beginning, so `bgzf` is
        // the member of the union that is set; `magic` has room for what is read.
        let read =
            unsafe { c::bgzf_read(file.as_ref().fp.bgzf, magic.as_mut_ptr().cast(), magic.len()) };
        if read == MAGIC.len() as isize { Ok(records) } else { Err(Refused) }
    }
}

impl Drop for Records {
    fn drop(&mut self) {
        // SAFETY: the file was opened by htslib, and is given up here alone.
        unsafe { c::hts_close(self.0.as_ptr()) };
    }
}

/// A string of C's allocator, which htslib can make longer.
struct Text(c::kstring_t);

// SAFETY: the memory belongs to this value alone.
unsafe impl Send for Text {}

impl Default for Text {
    fn default() -> Self {
        Self(c::kstring_t { l: 0, m: 0, s: ptr::null_mut() })
    }
}

impl Text {
    fn bytes(&self) -> &[u8] {
        bytes(&self.0)
    }

    /// Puts bytes, and a NUL behind them, in the place of what there is.
    fn set(&mut self, new: &[u8]) -> Result<(), Refused> {
        let room = new.len() + 1;
        if self.0.m < room {
            // SAFETY: the pointer is null or of this allocator.
            let larger = unsafe { c::realloc(self.0.s.cast(), room as _) };
            if larger.is_null() {
                return Err(Refused);
            }
            (self.0.s, self.0.m) = (larger.cast(), room);
        }
        // SAFETY: there is room for so many bytes and one more; `new` lies elsewhere, as it is
        // borrowed beside `self`.
        unsafe {
            ptr::copy_nonoverlapping(new.as_ptr(), self.0.s.cast(), new.len());
            self.0.s.add(new.len()).write(0);
        }
        self.0.l = new.len();
        Ok(())
    }
}

impl Drop for Text {
    fn drop(&mut self) {
        // SAFETY: the pointer is null or of this allocator, and is given up here alone.
        unsafe { c::free(self.0.s.cast()) };
    }
}

/// Returns what a string of htslib holds.
fn bytes(text: &c::kstring_t) -> &[u8] {
    if text.s.is_null() {
        return &[];
    }
    // SAFETY: htslib keeps `l` bytes at `s`, and who borrows the string keeps it from being
    // changed.
    unsafe { slice::from_raw_parts(text.s.cast(), text.l) }
}
