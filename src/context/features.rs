//! Site classes by gene structure.

use crate::genome::annotation::Annotation;
use crate::genome::contigs::Contigs;
use crate::genome::region::Intervals;
use crate::genome::strand::Strand;

/// The class of a site by gene structure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Feature {
    TerminalExon,
    ExtendedTerminalExon,
    UpstreamExon,
    Intron,
    Intergenic,
}

impl Feature {
    /// Returns the name in the output.
    pub fn name(self) -> &'static str {
        todo!()
    }
}

/// Finds the genes of a position.
#[derive(Debug, Default)]
pub struct GeneContext {}

impl GeneContext {
    /// Indexes an annotation; genes reach `extension` nt past their 3' ends, never into the next gene of the strand.
    pub fn new(_annotation: &Annotation, _contigs: &Contigs, _extension: u64) -> Self {
        todo!()
    }

    /// Returns the names of the genes (comma-separated, `.` if none) and the class of a site.
    pub fn classify(&self, _contig: usize, _strand: Strand, _position: u64) -> (String, Feature) {
        todo!()
    }

    /// Returns what an annotated scan covers on one contig and strand: genes and `extension` nt past their 3' ends.
    pub fn targets(&self, _contig: usize, _strand: Strand) -> Intervals {
        todo!()
    }
}
