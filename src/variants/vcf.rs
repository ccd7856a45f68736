//! VCF and BCF files.
//!
//! A record is a line of VCF text of which only INFO (and REF, if told to) is changed: everything
//! else leaves as it came, to the byte. BCF is turned into such lines and back by htslib.

pub mod bcf;
pub mod header;
pub mod htslib;
pub mod line;
pub mod reader;
pub mod writer;
