//! Reading: sequences, regions, gene annotation.

pub mod annotation;
pub mod compression;
pub mod contigs;
pub mod fasta;
pub mod in_turn;
pub mod limited;
pub mod memory;
pub mod region;
pub mod sequence;
pub mod sequences;
pub mod strand;
pub mod text_lines;
pub mod windows;
