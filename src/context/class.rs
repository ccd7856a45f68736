//! Classes of sites by gene structure.

/// The class of a site by gene structure; of several that genes give, the first here counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Feature {
    /// Inside the last exon of a transcript.
    TerminalExon,
    /// Inside any other exon.
    UpstreamExon,
    /// Inside a gene, in no exon, and no exon starts between the nearest 5' splice site upstream
    /// and the site.
    IntronComposite,
    /// Inside a gene, in no exon, and an exon starts between the nearest 5' splice site upstream
    /// and the site.
    IntronSkipped,
    /// Past the annotated 3' end of a gene, before the next gene of the strand.
    ExtendedTerminalExon,
    /// Outside of all that, inside a gene of the other strand.
    Antisense,
    Intergenic,
}

impl Feature {
    /// All classes.
    pub const ALL: [Self; 7] = [
        Self::TerminalExon,
        Self::UpstreamExon,
        Self::IntronComposite,
        Self::IntronSkipped,
        Self::ExtendedTerminalExon,
        Self::Antisense,
        Self::Intergenic,
    ];

    /// Returns the name in the output.
    pub fn name(self) -> &'static str {
        match self {
            Self::TerminalExon => "terminal_exon",
            Self::UpstreamExon => "upstream_exon",
            Self::IntronComposite => "intron_composite",
            Self::IntronSkipped => "intron_skipped",
            Self::ExtendedTerminalExon => "extended_terminal_exon",
            Self::Antisense => "antisense",
            Self::Intergenic => "intergenic",
        }
    }

    /// Returns the class of this name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|feature| feature.name() == name)
    }

    /// Returns whether it is one of the two of introns.
    pub fn is_intron(self) -> bool {
        matches!(self, Self::IntronComposite | Self::IntronSkipped)
    }

    /// Returns whether transcripts that reach a site of this class have nothing left to be spliced
    /// before it.
    pub fn is_terminal(self) -> bool {
        matches!(self, Self::TerminalExon | Self::ExtendedTerminalExon)
    }
}
