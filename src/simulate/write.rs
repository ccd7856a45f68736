//! The files of a simulated genome.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use super::SimulationSettings;
use super::contig::{PlantedGene, PlantedSite, SimulatedContig};
use super::elements::CANONICAL;
use super::reads::Reads;
use super::variants::{Snv, Target};
use crate::error::{Error, Result};
use crate::genome::sequence::decode;
use crate::genome::strand::Strand;
use crate::output::atomic::AtomicFile;

/// Bases per line.
const LINE: usize = 60;

/// All files of one genome, written contig by contig.
pub(super) struct Writers {
    fasta: AtomicFile,
    genes: AtomicFile,
    truth: AtomicFile,
    decoys: AtomicFile,
    latent: AtomicFile,
    variants: AtomicFile,
    reads: Option<AtomicFile>,
    written: Written,
}

/// How many of each were written: names are numbered through.
#[derive(Clone, Copy, Default)]
struct Written {
    genes: usize,
    sites: usize,
    decoys: usize,
    latent: usize,
    snvs: usize,
}

impl Writers {
    /// Starts the files in `directory`, which is created if need be.
    pub(super) fn create(
        directory: &Path,
        settings: &SimulationSettings,
        lengths: &[u64],
    ) -> Result<Self> {
        let failed = |e| Error::io(directory, "cannot create the directory", e);
        fs::create_dir_all(directory).map_err(failed)?;
        let create = |name: &str| AtomicFile::create(&directory.join(name));
        let mut writers = Self {
            fasta: create("genome.fa")?,
            genes: create("genes.gtf")?,
            truth: create("truth.bed")?,
            decoys: create("decoys.bed")?,
            latent: create("latent.bed")?,
            variants: create("variants.vcf")?,
            reads: (settings.reads > 0).then(|| create("reads.bed")).transpose()?,
            written: Written::default(),
        };
        // The BED files begin with the names of their columns alone: pandas and others choke on more.
        let origin = provenance(settings);
        let bed = "#chrom\tstart\tend\tname\tscore\tstrand\tsignal";
        put(&mut writers.genes, |file| writeln!(file, "#!source {origin}"))?;
        put(&mut writers.truth, |file| writeln!(file, "{bed}\tsignal_offset\tfeature\tgene"))?;
        put(&mut writers.decoys, |file| writeln!(file, "{bed}"))?;
        put(&mut writers.latent, |file| writeln!(file, "{bed}\tsignal_offset\tmended_signal"))?;
        put(&mut writers.variants, |file| write_vcf_header(file, &origin, lengths))?;
        Ok(writers)
    }

    /// Writes one contig.
    pub(super) fn write(&mut self, contig: SimulatedContig) -> Result<()> {
        let before = self.written;
        put(&mut self.genes, |file| write_genes(file, &contig, before.genes))?;
        put(&mut self.truth, |file| write_truth(file, &contig, before))?;
        put(&mut self.decoys, |file| write_decoys(file, &contig, before.decoys))?;
        put(&mut self.latent, |file| write_latent(file, &contig, before.latent))?;
        put(&mut self.variants, |file| write_variants(file, &contig, before))?;
        self.written.genes += contig.genes.len();
        self.written.sites += contig.sites.len();
        self.written.decoys += contig.decoys.len();
        self.written.latent += contig.latent.len();
        self.written.snvs += contig.snvs.len();
        put(&mut self.fasta, |file| write_fasta(file, contig))
    }

    /// Writes the reads of one contig: places with the number of reads that end there as their
    /// score.
    pub(super) fn write_reads(&mut self, contig: &str, reads: &Reads) -> Result<()> {
        let Some(file) = &mut self.reads else { return Ok(()) };
        put(file, |file| {
            for (strand, counts) in Strand::BOTH.into_iter().zip(reads) {
                for (at, n) in counts {
                    writeln!(file, "{contig}\t{at}\t{}\t.\t{n}\t{strand}", at + 1)?;
                }
            }
            Ok(())
        })
    }

    /// Gives all files their names.
    pub(super) fn commit(self) -> Result<()> {
        let rest = [self.genes, self.truth, self.decoys, self.latent, self.variants];
        rest.into_iter().chain(self.reads).try_for_each(AtomicFile::commit)?;
        self.fasta.commit()
    }
}

fn put(file: &mut AtomicFile, write: impl FnOnce(&mut AtomicFile) -> io::Result<()>) -> Result<()> {
    write(file).map_err(|e| Error::io(file.path(), "cannot write", e))
}

/// The command without its directory, so that the bytes depend on the settings only.
fn provenance(settings: &SimulationSettings) -> String {
    // Reads change none of the files that name their origin.
    let SimulationSettings { length, sites, contigs, seed, reads: _ } = settings;
    let version = env!("CARGO_PKG_VERSION");
    format!(
        "polyascan {version} simulate --length {length} --sites {sites} --contigs {contigs} \
         --seed {seed}"
    )
}

fn write_fasta(file: &mut AtomicFile, contig: SimulatedContig) -> io::Result<()> {
    writeln!(file, ">{}", contig.name)?;
    let mut letters = decode(&contig.codes);
    drop(contig.codes);
    for mask in contig.masks {
        // N stays upper case, as genome browsers' files have it.
        let known = letters[mask].iter_mut().filter(|letter| **letter != b'N');
        known.for_each(|letter| letter.make_ascii_lowercase());
    }
    for line in letters.chunks(LINE) {
        file.write_all(line)?;
        file.write_all(b"\n")?;
    }
    Ok(())
}

fn gene_name(number: usize) -> String {
    format!("SIM{number}")
}

fn write_genes(file: &mut AtomicFile, contig: &SimulatedContig, before: usize) -> io::Result<()> {
    for (i, PlantedGene { strand, exons }) in contig.genes.iter().enumerate() {
        let number = before + i + 1;
        let id = format!("SIMG{number:06}");
        let gene = format!("gene_id \"{id}\"; gene_name \"{}\";", gene_name(number));
        let transcript = format!("{gene} transcript_id \"{id}.1\";");
        let mut row = |kind: &str, start: usize, end: usize, attributes: &str| {
            let name = &contig.name;
            let start = start + 1;
            writeln!(
                file,
                "{name}\tpolyascan\t{kind}\t{start}\t{end}\t.\t{strand}\t.\t{attributes}"
            )
        };
        let (Some(first), Some(last)) = (exons.first(), exons.last()) else { continue };
        row("gene", first.start, last.end, &gene)?;
        row("transcript", first.start, last.end, &transcript)?;
        for exon in exons {
            row("exon", exon.start, exon.end, &transcript)?;
        }
    }
    Ok(())
}

/// The first seven columns of a site's row.
fn site_columns(contig: &SimulatedContig, site: &PlantedSite, name: &str) -> String {
    let PlantedSite { position, strand, signal, offset, .. } = site;
    let (chrom, end) = (&contig.name, position + 1);
    format!("{chrom}\t{position}\t{end}\t{name}\t1000\t{strand}\t{signal}\t{offset}")
}

fn write_truth(file: &mut AtomicFile, contig: &SimulatedContig, before: Written) -> io::Result<()> {
    for (i, site) in contig.sites.iter().enumerate() {
        let columns = site_columns(contig, site, &site_name(before.sites + i));
        // Every site has a gene, genes are disjoint: it is the last that starts before the site.
        let gene = contig.genes.partition_point(|gene| gene.exons[0].start <= site.position);
        let gene = gene_name(before.genes + gene);
        writeln!(file, "{columns}\t{}\t{gene}", site.feature)?;
    }
    Ok(())
}

fn write_decoys(file: &mut AtomicFile, contig: &SimulatedContig, before: usize) -> io::Result<()> {
    for (i, decoy) in contig.decoys.iter().enumerate() {
        let (chrom, strand) = (&contig.name, decoy.strand);
        let (start, end, number) = (decoy.range.start, decoy.range.end, before + i + 1);
        writeln!(file, "{chrom}\t{start}\t{end}\tdecoy_{number}\t0\t{strand}\t{CANONICAL}")?;
    }
    Ok(())
}

fn write_latent(file: &mut AtomicFile, contig: &SimulatedContig, before: usize) -> io::Result<()> {
    for (i, site) in contig.latent.iter().enumerate() {
        let columns = site_columns(contig, site, &latent_name(before + i));
        writeln!(file, "{columns}\t{CANONICAL}")?;
    }
    Ok(())
}

fn site_name(index: usize) -> String {
    format!("site_{}", index + 1)
}

fn latent_name(index: usize) -> String {
    format!("latent_{}", index + 1)
}

fn write_vcf_header(file: &mut AtomicFile, origin: &str, lengths: &[u64]) -> io::Result<()> {
    writeln!(file, "##fileformat=VCFv4.3\n##source=\"{origin}\"\n##reference=genome.fa")?;
    for (i, length) in lengths.iter().enumerate() {
        writeln!(file, "##contig=<ID=chrSim{},length={length}>", i + 1)?;
    }
    let class = "breaking destroys the signal of a site, creating completes that of a latent \
        site, neutral lies at least 300 nt from both and from decoys";
    let site = "The site of truth.bed or latent.bed that the variant acts on";
    writeln!(file, "##INFO=<ID=CLASS,Number=1,Type=String,Description=\"{class}\">")?;
    writeln!(file, "##INFO=<ID=SITE,Number=1,Type=String,Description=\"{site}\">")?;
    writeln!(file, "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO")
}

fn write_variants(
    file: &mut AtomicFile,
    contig: &SimulatedContig,
    before: Written,
) -> io::Result<()> {
    let letter = |code: u8| char::from(b"ACGTN"[usize::from(code)]);
    for (i, snv) in contig.snvs.iter().enumerate() {
        let Snv { position, reference, alternate, class, target } = snv;
        let (chrom, position, number) = (&contig.name, position + 1, before.snvs + i + 1);
        let (reference, alternate, class) = (letter(*reference), letter(*alternate), class.name());
        write!(file, "{chrom}\t{position}\tvar_{number}\t{reference}\t{alternate}\t.\tPASS\t")?;
        match target {
            None => writeln!(file, "CLASS={class}")?,
            Some(Target::Site(i)) => {
                writeln!(file, "CLASS={class};SITE={}", site_name(before.sites + i))?;
            }
            Some(Target::Latent(i)) => {
                writeln!(file, "CLASS={class};SITE={}", latent_name(before.latent + i))?;
            }
        }
    }
    Ok(())
}
