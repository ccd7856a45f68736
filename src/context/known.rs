//! Known sites: catalogues as BED, and the ends of annotated transcripts.

use std::path::Path;

use super::features::GeneContext;
use super::reaches::Reaches;
use super::structure::along;
use crate::error::Result;
use crate::evaluate::calls::read_bed6;
use crate::genome::contigs::Contigs;
use crate::genome::strand::Strand;

/// What the ends of annotated transcripts are called.
pub const ANNOTATION: &str = "annotation";

/// A known site or cluster of sites.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownSite {
    pub contig: usize,
    pub strand: Strand,
    /// 0-based half-open.
    pub range: std::ops::Range<u64>,
    /// The nucleotide that stands for it, 0-based: what the name says (`chr1:1234:+`, as in
    /// PolyASite and in our own files), or the last one in transcript direction.
    pub position: u64,
    /// Number of its catalogue.
    catalogue: usize,
    /// Whether it is scored where no site is called.
    scored: bool,
}

/// Known sites of all catalogues, by place.
#[derive(Debug, Default)]
pub struct KnownSites {
    catalogues: Vec<String>,
    sites: Vec<KnownSite>,
    /// By contig and strand.
    index: Vec<[Reaches; 2]>,
}

impl KnownSites {
    /// Adds a catalogue, BED of 6 or more columns; returns how many sites lie on contigs of the
    /// genome and how many do not.
    ///
    /// # Errors
    /// If the file cannot be read or a line is no BED.
    pub fn add_bed(&mut self, name: &str, path: &Path, contigs: &Contigs) -> Result<(u64, u64)> {
        let (mut inside, mut outside) = (0, 0);
        let catalogue = self.catalogues.len();
        self.catalogues.push(name.to_owned());
        for place in read_bed6(path)? {
            let contig = contigs.resolve(&place.contig);
            let contig = contig.filter(|contig| place.end <= contigs[*contig].length);
            let Some(contig) = contig.filter(|_| place.start < place.end) else {
                outside += 1;
                continue;
            };
            inside += 1;
            let range = place.start..place.end;
            let named = place.name.split(':').nth(1).and_then(|text| text.parse::<u64>().ok());
            let named = named.and_then(|position| position.checked_sub(1));
            let last = match place.strand {
                Strand::Plus => place.end - 1,
                Strand::Minus => place.start,
            };
            let position = named.filter(|position| range.contains(position)).unwrap_or(last);
            let (strand, scored) = (place.strand, true);
            self.sites.push(KnownSite { contig, strand, range, position, catalogue, scored });
        }
        Ok((inside, outside))
    }

    /// Adds the ends of annotated transcripts; `scored`: also where no site is called.
    pub fn add_ends(&mut self, genes: &GeneContext, scored: bool) {
        let catalogue = self.catalogues.len();
        self.catalogues.push(ANNOTATION.to_owned());
        for gene in genes.genes() {
            let (contig, strand) = (gene.contig, gene.strand);
            for end in &gene.ends {
                // On the minus strand places along transcription are negative.
                let position = end.unsigned_abs();
                let range = position..position + 1;
                self.sites.push(KnownSite { contig, strand, range, position, catalogue, scored });
            }
        }
    }

    /// Makes the sites findable, once all are there.
    pub fn finish(&mut self, contigs: &Contigs) {
        let key = |site: &KnownSite| (site.contig, site.position, site.strand, site.catalogue);
        self.sites.sort_by_key(key);
        self.sites.dedup_by_key(|site| key(site));
        let mut lists: Vec<[Vec<_>; 2]> = contigs.iter().map(|_| Default::default()).collect();
        for (number, site) in self.sites.iter().enumerate() {
            lists[site.contig][site.strand.index()].push((site.range.clone(), number));
        }
        self.index = lists.into_iter().map(|lists| lists.map(Reaches::new)).collect();
    }

    /// Returns the positions of the sites that are scored in any case, by contig and strand,
    /// ascending.
    pub fn places(&self, contigs: &Contigs) -> Vec<[Vec<u64>; 2]> {
        let mut places: Vec<[Vec<u64>; 2]> = contigs.iter().map(|_| Default::default()).collect();
        for site in self.sites.iter().filter(|site| site.scored) {
            let of_strand = &mut places[site.contig][site.strand.index()];
            if of_strand.last() != Some(&site.position) {
                of_strand.push(site.position);
            }
        }
        places
    }

    /// Returns whether there are none.
    pub fn is_empty(&self) -> bool {
        self.sites.is_empty()
    }

    /// Returns whether there are sites that are scored where no site is called.
    pub fn has_scored(&self) -> bool {
        self.sites.iter().any(|site| site.scored)
    }

    /// Returns the catalogues with a known site at most `within` nt from a position
    /// (comma-separated), and how far downstream of the nearest one the position lies: 0 inside a
    /// cluster, negative upstream.
    pub fn near(
        &self,
        contig: usize,
        strand: Strand,
        position: u64,
        within: u64,
    ) -> Option<(String, i64)> {
        let index = &self.index.get(contig)?[strand.index()];
        let around = position.saturating_sub(within)..position.saturating_add(within + 1);
        let near = index.overlapping(&around);
        let distance = |number: &usize| {
            let range = &self.sites[*number].range;
            let nearest = position.clamp(range.start, range.end - 1);
            along(strand, position) - along(strand, nearest)
        };
        let nearest = near.iter().map(distance).min_by_key(|far| (far.abs(), *far))?;
        let names =
            near.iter().map(|number| self.catalogues[self.sites[*number].catalogue].as_str());
        let mut names: Vec<&str> = names.collect();
        names.sort_unstable();
        names.dedup();
        Some((names.join(","), nearest))
    }

    /// Returns the sites of a contig that are scored where no site is called, by position, plus
    /// before minus.
    pub fn scored_on(&self, contig: usize) -> impl Iterator<Item = &KnownSite> {
        let start = self.sites.partition_point(|site| site.contig < contig);
        let here = self.sites[start..].iter().take_while(move |site| site.contig == contig);
        here.filter(|site| site.scored)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn catalogues_are_found_by_distance_along_transcription() {
        let mut contigs = Contigs::default();
        contigs.push("chr1".to_owned(), 1_000);
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let rows = "1\t100\t110\t1:105:+\t5\t+\n1\t200\t201\tx\t0\t-\nchr7\t1\t2\tx\t0\t+\n";
        file.write_all(rows.as_bytes()).unwrap();
        let mut known = KnownSites::default();
        assert_eq!(known.add_bed("A", file.path(), &contigs).unwrap(), (2, 1));
        assert_eq!(known.add_bed("B", file.path(), &contigs).unwrap(), (2, 1));
        known.finish(&contigs);
        let near = |strand, position| known.near(0, strand, position, 24);
        assert_eq!(near(Strand::Plus, 105), Some(("A,B".to_owned(), 0)));
        assert_eq!(near(Strand::Plus, 133), Some(("A,B".to_owned(), 24)));
        assert_eq!(near(Strand::Plus, 134), None);
        assert_eq!(near(Strand::Plus, 90), Some(("A,B".to_owned(), -10)));
        assert_eq!(near(Strand::Minus, 190), Some(("A,B".to_owned(), 10)));
        assert_eq!(near(Strand::Minus, 105), None);
        let scored: Vec<u64> = known.scored_on(0).map(|site| site.position).collect();
        assert_eq!(scored, [104, 104, 200, 200]);
    }
}
