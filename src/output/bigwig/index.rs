//! Where the compressed sections of a bigWig lie, and the tree by which readers find them.

use std::io::{self, Write};

/// Entries of a node of the tree.
const BLOCK: usize = 256;
const MAGIC: u32 = 0x2468_ACE0;
/// Bytes of the tree's header, of a node's, and of an entry of a leaf and of another node.
const HEADER: u64 = 48;
const NODE: u64 = 4;
const LEAF_ENTRY: u64 = 32;
const ENTRY: u64 = 24;

/// A compressed section: what it covers, and its bytes. It lies behind the one before it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Section {
    /// Number of the contig in the file.
    pub contig: u32,
    pub start: u32,
    pub end: u32,
    pub bytes: u32,
}

/// What the entry of a node covers: first contig and position, last contig and end.
#[derive(Clone, Copy)]
struct Span([u32; 4]);

impl Span {
    fn of_sections(sections: &[Section]) -> Self {
        match sections {
            [first, .., last] => Self([first.contig, first.start, last.contig, last.end]),
            [one] => Self([one.contig, one.start, one.contig, one.end]),
            [] => Self([0; 4]),
        }
    }

    fn of_spans(spans: &[Self]) -> Self {
        match spans {
            [Self([contig, start, ..]), .., Self([.., last, end])] => {
                Self([*contig, *start, *last, *end])
            }
            [one] => *one,
            [] => Self([0; 4]),
        }
    }
}

/// The sections of the data or of a zoom level, in order.
#[derive(Debug, Default)]
pub(super) struct Sections {
    list: Vec<Section>,
    bytes: u64,
}

impl Sections {
    pub(super) fn push(&mut self, section: Section) {
        self.bytes += u64::from(section.bytes);
        self.list.push(section);
    }

    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    /// Returns the bytes of all sections.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Writes the tree at the offset `begin` of a file whose first section lies at `data`.
    pub(super) fn write_index(
        &self,
        out: &mut impl Write,
        (begin, data): (u64, u64),
        values_per_section: u32,
    ) -> io::Result<()> {
        put(out, &[MAGIC, BLOCK as u32])?;
        out.write_all(&(self.list.len() as u64).to_le_bytes())?;
        put(out, &Span::of_sections(&self.list).0)?;
        out.write_all(&begin.to_le_bytes())?;
        put(out, &[values_per_section, 0])?;
        // What the nodes of each level cover, from the leaves up to the root.
        let mut levels: Vec<Vec<Span>> =
            vec![self.list.chunks(BLOCK).map(Span::of_sections).collect()];
        while let Some(below) = levels.last().filter(|level| level.len() > 1) {
            levels.push(below.chunks(BLOCK).map(Span::of_spans).collect());
        }
        let mut at = begin + HEADER;
        for level in (1..levels.len()).rev() {
            let below = &levels[level - 1];
            at += NODE * levels[level].len() as u64 + ENTRY * below.len() as u64;
            let entry = if level > 1 { ENTRY } else { LEAF_ENTRY };
            write_level(out, below, at, NODE + entry * BLOCK as u64)?;
        }
        self.write_leaves(out, data)
    }

    fn write_leaves(&self, out: &mut impl Write, mut offset: u64) -> io::Result<()> {
        for leaf in self.list.chunks(BLOCK) {
            node(out, 1, leaf.len())?;
            for &Section { contig, start, end, bytes } in leaf {
                put(out, &[contig, start, contig, end])?;
                out.write_all(&offset.to_le_bytes())?;
                out.write_all(&u64::from(bytes).to_le_bytes())?;
                offset += u64::from(bytes);
            }
        }
        Ok(())
    }
}

/// Writes the nodes over those that cover `below`, which begin at `first` and take `size` bytes
/// each.
fn write_level(out: &mut impl Write, below: &[Span], first: u64, size: u64) -> io::Result<()> {
    let mut offset = first;
    for children in below.chunks(BLOCK) {
        node(out, 0, children.len())?;
        for Span(span) in children {
            put(out, span)?;
            out.write_all(&offset.to_le_bytes())?;
            offset += size;
        }
    }
    Ok(())
}

fn node(out: &mut impl Write, is_leaf: u8, entries: usize) -> io::Result<()> {
    out.write_all(&[is_leaf, 0])?;
    out.write_all(&(entries as u16).to_le_bytes())
}

/// Writes numbers as a bigWig has them.
pub(super) fn put(out: &mut impl Write, numbers: &[u32]) -> io::Result<()> {
    numbers.iter().try_for_each(|number| out.write_all(&number.to_le_bytes()))
}
