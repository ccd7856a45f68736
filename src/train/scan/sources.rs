//! Where segments come from: windows around hexamers, and genomes with measured sites.

use std::collections::HashSet;
use std::io::BufRead;
use std::path::Path;

use candle_core::{DType, Device};
use rand::{Rng, RngExt};

use super::config::{GenomeSource, Labels, ScanTraining, WindowSource};
use super::segment::{Segment, labelled, past_following_as};
use crate::error::{Error, Result};
use crate::evaluate::measured::{MeasuredSite, Place, Tier, read_sites};
use crate::evaluate::negatives::Neighbours;
use crate::evaluate::windows::ends::bump;
use crate::genome::compression::Source;
use crate::genome::memory::Genome;
use crate::genome::sequence::reverse_complement;
use crate::genome::sequences::Sequences;
use crate::genome::strand::Strand;
use crate::train::recipe::Configuration;

/// Typical distance from a hexamer's first base to the cut; places pseudo signals like true ones.
const TYPICAL_CUT: usize = 20;

/// Windows around hexamers, with cut profiles where they are true signals.
pub struct Windows {
    pub config: WindowSource,
    rows: Vec<Segment>,
}

impl Windows {
    /// Reads the table and its teacher.
    ///
    /// # Errors
    /// Files that cannot be read, rows that do not match, a sequence without its hexamer.
    pub fn read(config: &WindowSource, training: &ScanTraining) -> Result<Self> {
        let path = training.file(&config.file);
        let row = |codes| Segment { codes, cuts: Vec::new() };
        let mut rows: Vec<Segment> = sequences(&path)?.into_iter().map(row).collect();
        check_hexamer(&path, rows.iter().map(|row| row.codes.len()), config.hexamer)?;
        if let Some(teacher) = &config.teacher {
            let teacher = training.file(teacher);
            let tensors = candle_core::safetensors::load(&teacher, &Device::Cpu)
                .map_err(|e| Error::of_file(&teacher, format!("no safetensors to read: {e}")))?;
            let Some(cut) = tensors.get("cut_70_136") else {
                return Err(Error::of_file(&teacher, "no tensor cut_70_136"));
            };
            let profiles = cut.to_dtype(DType::F32)?.to_vec2::<f32>()?;
            if profiles.len() != rows.len() {
                let problem = format!("{} rows for {} windows", profiles.len(), rows.len());
                return Err(Error::of_file(&teacher, problem));
            }
            for (row, profile) in rows.iter_mut().zip(profiles) {
                let sum: f32 = profile.iter().sum::<f32>().max(1e-6);
                let cuts = profile.iter().enumerate().map(|(i, p)| (config.hexamer + i, p / sum));
                row.cuts = cuts.filter(|cut| cut.0 < row.codes.len()).collect();
                past_following_as(&row.codes, &mut row.cuts);
            }
        }
        let left_out = match &config.leave_out {
            Some(table) => left_out(&training.file(table), &path)?,
            None => HashSet::new(),
        };
        let kept = rows.into_iter().enumerate().filter(|(row, _)| !left_out.contains(row));
        Ok(Self { config: config.clone(), rows: kept.map(|(_, row)| row).collect() })
    }

    /// Returns the number of windows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Returns whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Makes a segment of a window, some with a mutated hexamer.
    pub fn segment(
        &self,
        row: usize,
        labels: &Labels,
        length: usize,
        flank: Option<&[u8]>,
        rng: &mut impl Rng,
    ) -> Segment {
        let mut segment = self.rows[row].clone();
        let hexamer = self.config.hexamer;
        if !segment.cuts.is_empty() && rng.random::<f64>() < self.config.mutated {
            // Two of the four inner bases: no other known hexamer is likely to arise.
            for at in [hexamer + 1 + rng.random_range(0..2), hexamer + 3 + rng.random_range(0..2)] {
                segment.codes[at] = (segment.codes[at] + rng.random_range(1..4u8)) % 4;
            }
            segment.cuts.iter_mut().for_each(|cut| cut.1 *= labels.mutated_mass);
        }
        segment.crop(hexamer + TYPICAL_CUT, length, flank, rng)
    }

    /// Makes a segment of a window's other strand, which holds no site.
    pub fn antisense(
        &self,
        row: usize,
        length: usize,
        flank: Option<&[u8]>,
        rng: &mut impl Rng,
    ) -> Segment {
        let codes = reverse_complement(&self.rows[row].codes);
        let anchor = codes.len() / 2;
        Segment { codes, cuts: Vec::new() }.crop(anchor, length, flank, rng)
    }
}

/// Reads which rows (from 0) of a file of windows a table leaves out: lines of file name, tab, row.
///
/// # Errors
/// A table that cannot be read, a line without a row.
pub fn left_out(table: &Path, file: &Path) -> Result<HashSet<usize>> {
    let source = Source::open(table)?;
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let mut rows = HashSet::new();
    for (number, line) in source.reader().lines().enumerate() {
        let line = line.map_err(|e| source.error(e))?;
        let mut fields = line.split('\t');
        if fields.next() != Some(name.as_ref()) {
            continue;
        }
        let Some(row) = fields.next().and_then(|row| row.parse().ok()) else {
            let problem = "no row number after the file's name";
            return Err(Error::input(table, format!("line {}", number + 1), problem));
        };
        rows.insert(row);
    }
    Ok(rows)
}

/// Reads the column `sequence` of a table.
pub fn sequences(path: &Path) -> Result<Vec<Vec<u8>>> {
    let mut sequences = Sequences::open(path, None)?;
    let mut rows = Vec::new();
    while let Some(sequence) = sequences.next().transpose()? {
        rows.push(sequences.codes(&sequence)?);
    }
    Ok(rows)
}

/// Checks that every sequence of a table holds a hexamer at this index.
///
/// # Errors
/// If one ends before.
pub fn check_hexamer(
    path: &Path,
    mut lengths: impl Iterator<Item = usize>,
    hexamer: usize,
) -> Result<()> {
    match lengths.position(|length| length < hexamer + 6) {
        None => Ok(()),
        Some(row) => {
            let problem = format!("the sequence ends before its hexamer, whose index is {hexamer}");
            Err(Error::input(path, format!("line {}", row + 2), problem))
        }
    }
}

/// Distance within which a cluster is the same as a site.
const SAME_SITE: usize = 40;

/// Reads the sites of the contigs that are not left out. A position past the end of one that is
/// left out is no error.
pub fn read_sites_of(path: &Path, genome: &Genome) -> Result<Vec<MeasuredSite>> {
    let mut sites = read_sites(path, genome)?;
    sites.retain(|site| !genome.codes[site.contig].is_empty());
    Ok(sites)
}

/// A genome and its measured sites.
pub struct Measured {
    pub config: GenomeSource,
    pub genome: Genome,
    pub sites: Vec<MeasuredSite>,
    /// High-scoring places away from sites.
    pub hard: Vec<Place>,
}

impl Measured {
    /// Reads the genome and its sites.
    ///
    /// # Errors
    /// Those of the readers; a genome without room for a segment.
    pub fn read(config: &GenomeSource, training: &ScanTraining) -> Result<Self> {
        let fasta = training.file(&config.fasta);
        let mut genome = Genome::read(&fasta)?;
        let except = genome.contigs.resolve_all(&config.except);
        let except = except.map_err(|problem| Error::input(&fasta, "except", problem))?;
        genome.leave_out(|contig| except.contains(&contig));
        let segment = training.labels.segment;
        if genome.codes.iter().all(|codes| codes.len() < segment) {
            let problem = format!("no contig is as long as a segment, {segment} nt");
            return Err(Error::of_file(&fasta, problem));
        }
        let mut sites = read_sites_of(&training.file(&config.sites), &genome)?;
        if let Some(clusters) = &config.clusters {
            let mut clusters = read_sites_of(&training.file(clusters), &genome)?;
            let near = Neighbours::new(&sites);
            clusters.retain(|c| c.is(Tier::Strong) && !near.within(c.place(), SAME_SITE));
            sites.extend(clusters);
        }
        Ok(Self { config: config.clone(), genome, sites, hard: Vec::new() })
    }

    /// Returns how often a site is shown per epoch.
    pub fn repeats(&self, site: usize) -> usize {
        if self.sites[site].is(Tier::High) {
            self.config.high_repeats
        } else {
            self.config.other_repeats
        }
    }

    /// Makes a segment with a site near its middle.
    pub fn at_site(
        &self,
        site: usize,
        labels: &Labels,
        length: usize,
        rng: &mut impl Rng,
    ) -> Option<Segment> {
        self.near(self.sites[site].place(), labels, length, rng)
    }

    /// Makes a segment with a place near its middle, labelled with every site of the strand in it.
    pub fn near(
        &self,
        place: Place,
        labels: &Labels,
        length: usize,
        rng: &mut impl Rng,
    ) -> Option<Segment> {
        let (first, last) = labelled(length);
        let before = rng.random_range(first..=last);
        self.stretch(place, before, labels, length)
    }

    /// Makes a segment from anywhere.
    pub fn random(&self, labels: &Labels, length: usize, rng: &mut impl Rng) -> Option<Segment> {
        let mut at = rng.random_range(0..self.genome.codes.iter().map(Vec::len).sum::<usize>());
        let mut contig = 0;
        while at >= self.genome.codes[contig].len() {
            at -= self.genome.codes[contig].len();
            contig += 1;
        }
        let strand = Strand::BOTH[usize::from(rng.random::<bool>())];
        self.stretch(Place { contig, strand, position: at }, length / 2, labels, length)
    }

    fn stretch(
        &self,
        place: Place,
        before: usize,
        labels: &Labels,
        length: usize,
    ) -> Option<Segment> {
        let Place { contig, strand, position } = place;
        let codes = self.genome.around(contig, strand, position, before, length)?;
        let mut cuts = Vec::new();
        for site in self.sites.iter().filter(|s| s.contig == contig && s.strand == strand) {
            let offset = match strand {
                Strand::Plus => site.position as isize - position as isize,
                Strand::Minus => position as isize - site.position as isize,
            };
            if let Some(at) =
                usize::try_from(before as isize + offset).ok().filter(|&at| at < length)
            {
                let mass = match site.reads {
                    Some(reads) if labels.full_reads > 0.0 => (reads / labels.full_reads) as f32,
                    _ => 1.0,
                };
                let cuts_here = bump(at, labels.spread, length);
                cuts.extend(cuts_here.map(|(at, share)| (at, mass * share)));
            }
        }
        Some(Segment { codes, cuts })
    }
}
