//! Variants: VCF, BCF and alleles.

use std::path::Path;
use std::sync::LazyLock;

use proptest::prelude::*;

use super::damage::{damaged, damaged_text};
use super::text::decompressed;
use super::{contigs, file};
use crate::config::Config;
use crate::context::model::ContextModel;
use crate::genome::compression::Source;
use crate::genome::fasta::FastaFile;
use crate::genome::in_turn::InTurn;
use crate::genome::sequence::encode;
use crate::scan::testing::HashModel;
use crate::variants::annotate::Annotator;
use crate::variants::change::{Change, Reason};
use crate::variants::context::VariantContext;
use crate::variants::entry::KEYS;
use crate::variants::gene_usage::GeneUsage;
use crate::variants::input::Input;
use crate::variants::run::BatchReader;
use crate::variants::scorer::VariantScorer;
use crate::variants::settings::CheckRef;
use crate::variants::settings::LatentSites;
use crate::variants::totals::Totals;
use crate::variants::vcf::bcf::BcfEncoder;
use crate::variants::vcf::reader::VcfReader;

const VCF: [&str; 3] = [
    "##fileformat=VCFv4.2\n##contig=<ID=chr1,length=5000>\n##INFO=<ID=AF,Number=A,Type=Float,Description=\"x\">\n\
     #CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n\
     chr1\t1000\trs1\tC\tA,<DEL>,*\t5.1\tPASS\tAF=0.5\nchr1\t1010\t.\tCACGT\tC\t.\t.\t.\nchr1\t4999\t.\tA\t.\t.\t.\tAF=1\n",
    "##fileformat=VCFv4.5\r\n##FORMAT=<ID=GT,Number=1,Type=String,Description=\"x\">\r\n\
     #CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\ts 1\ts2\r\n\
     2\t400\t.\tc\tACGT,A]chr1:7]\t.\tq10;q20\tDB;PolyA=old\tGT\t0|1\t./.\r\n\r\nchrOther\t0\t.\tN\tA\t.\t.\t.\tGT\t0\t1\r\n",
    "##fileformat=VCFv4.1\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\nHLA-A*01:01\t150\t.\tC\tG\t.\t.\t.",
];

/// The genome that good files lie on.
pub(super) static GENOME: LazyLock<(tempfile::NamedTempFile, FastaFile)> = LazyLock::new(|| {
    let mut text = String::new();
    for contig in contigs().iter() {
        let letters = "ACGTTGCAAC".chars().cycle().take(contig.length as usize);
        text += &format!(">{}\n{}\n", contig.name, letters.collect::<String>());
    }
    let file = file(text.as_bytes());
    let fasta = FastaFile::open(file.path()).unwrap();
    (file, fasta)
});

/// The lines that are no part of the header, without their ends.
fn record_lines(content: &[u8]) -> Vec<Vec<u8>> {
    let ends = |byte: &u8| *byte == b'\r';
    let lines = content.split(|byte| *byte == b'\n').map(|line| {
        let end = line.iter().rposition(|byte| !ends(byte)).map_or(0, |last| last + 1);
        line[..end].to_vec()
    });
    lines.filter(|line| !line.is_empty() && !line.starts_with(b"#")).collect()
}

/// A line whose INFO holds no empty entry (`A=1;`, `;;`): none is written, and a dot where nothing
/// is left.
fn without_empty_entries(line: &[u8]) -> Vec<u8> {
    let mut columns: Vec<&[u8]> = line.split(|byte| *byte == b'\t').collect();
    let entries =
        columns[7].split(|byte| *byte == b';').filter(|entry| !matches!(*entry, b"" | b"."));
    let info = entries.collect::<Vec<_>>().join(&b';');
    columns[7] = if info.is_empty() { b"." } else { &info };
    columns.join(&b'\t')
}

/// All records of a file as lines, or nothing if it is refused.
fn read(path: &Path) -> Option<Vec<Vec<u8>>> {
    let mut vcf = VcfReader::new(Source::open(path).ok()?).ok()?;
    let mut lines = Vec::new();
    while let Some(record) = vcf.next_record().ok()? {
        assert!(
            record.start() >= -1 && !record.contig().is_empty() && !record.reference().is_empty()
        );
        let mut line = Vec::new();
        assert!(!record.write(record.reference(), &[], "", &mut line));
        assert_eq!(line.pop(), Some(b'\n'));
        assert!(line.iter().all(|byte| *byte >= b' ' || *byte == b'\t'));
        lines.push(line);
    }
    Some(lines)
}

/// Annotates a file and returns its records as they come out, or nothing if it is refused.
pub(super) fn annotated(path: &Path, check_ref: CheckRef) -> Option<(Vec<u8>, Totals)> {
    let fasta = &GENOME.1;
    let model = HashModel::new(0.05);
    let config = Config::load(None).unwrap();
    let thresholds = config.variants.thresholds(&config.scan);
    let settings = thresholds.engine(None, LatentSites::Changed, config.variants.remembered);
    let engine = VariantScorer::new(&model, None, settings).unwrap();
    let (genes, table, longest) = (None, true, 100);
    let usage = ContextModel::built_in().unwrap();
    let context = VariantContext { model: &usage, genes, rules: &[] };
    let annotator = Annotator {
        engine: &engine,
        genes,
        context,
        places: &[],
        usage: GeneUsage::default(),
        check_ref,
        longest,
        changed_motif_only: false,
        table,
        path,
    };
    let records = Input::open(path).ok()?.records().ok()?;
    let mut reader = BatchReader::new(records, InTurn::new(fasta).unwrap(), false, 0..u64::MAX);
    let (mut lines, mut totals) = (Vec::new(), Totals::named());
    while let Some(batch) = reader.next_batch().ok()? {
        let annotated = annotator.annotate(batch).ok()?;
        lines.extend(annotated.lines);
        totals += &annotated.totals;
    }
    Some((lines, totals))
}

/// Good files as BCF that is not compressed, and as BGZF of that.
fn bcf() -> Vec<Vec<u8>> {
    let good = VCF.iter().filter(|text| !text.contains("HLA")).map(|text| {
        let contigs = "##contig=<ID=chr1>\n##contig=<ID=2>\n##contig=<ID=chrOther>\n##FILTER=<ID=q10,Description=\"x\">\n\
             ##FILTER=<ID=q20,Description=\"x\">\n##INFO=<ID=DB,Number=0,Type=Flag,Description=\"x\">\n\
             ##INFO=<ID=PolyA,Number=.,Type=String,Description=\"x\">\n#CHROM";
        let text = text.replace('\r', "").replace("##contig=<ID=chr1,length=5000>\n", "");
        let text = text.replace("#CHROM", contigs).replace("\n\n", "\n");
        let records = text.find("\tINFO\tFORMAT").or(text.find("\tINFO\n")).unwrap();
        let records = records + text[records..].find('\n').unwrap() + 1;
        let mut encoder = BcfEncoder::new(&text.as_bytes()[..records]).unwrap();
        [encoder.header.clone(), encoder.encode(&text.as_bytes()[records..]).unwrap()].concat()
    });
    good.collect()
}

proptest! {
    #[test]
    fn a_vcf_is_refused_or_read_as_it_stands(bytes in damaged_text(&VCF)) {
        let file = file(&bytes);
        let Some(lines) = read(file.path()) else { return Ok(()) };
        let content = decompressed(&bytes);
        if content.starts_with(b"BCF") {
            return Ok(());
        }
        let stands = record_lines(&content);
        prop_assert_eq!(lines.len(), stands.len());
        prop_assert!(lines.iter().zip(&stands).all(|(read, line)| *read == without_empty_entries(line)));
    }

    #[test]
    fn every_record_of_a_vcf_comes_out_and_every_allele_is_accounted_for(
        bytes in damaged_text(&VCF), check_ref in prop::sample::select(&[CheckRef::W, CheckRef::X, CheckRef::S][..])
    ) {
        let file = file(&bytes);
        let Some((lines, totals)) = annotated(file.path(), check_ref) else { return Ok(()) };
        if Input::open(file.path()).unwrap().is_table() {
            return Ok(());
        }
        prop_assert!(totals.check().is_ok(), "{:?}", totals);
        let (out, read) = (record_lines(&lines), read(file.path()).unwrap());
        prop_assert_eq!((out.len() as u64, read.len() as u64), (totals.written, totals.records));
        prop_assert!(check_ref == CheckRef::X || totals.excluded == 0);
        for line in &out {
            // An allele that is not scored has a reason, each in its place.
            let columns: Vec<&[u8]> = line.split(|byte| *byte == b'\t').collect();
            let alleles = columns[4].split(|byte| *byte == b',').filter(|_| columns[4] != b".").count();
            let info = columns[7].split(|byte| *byte == b';');
            for key in &KEYS[1..] {
                let start = format!("{key}=");
                for value in info.clone().filter_map(|entry| entry.strip_prefix(start.as_bytes())) {
                    prop_assert_eq!(value.split(|byte| *byte == b',').count(), alleles);
                }
            }
        }
    }

    #[test]
    fn a_bcf_is_refused_or_its_records_are_lines(bytes in damaged(bcf())) {
        let file = file(&bytes);
        for line in read(file.path()).unwrap_or_default() {
            prop_assert!(!line.contains(&b'\n') && line.iter().filter(|byte| **byte == b'\t').count() > 6);
        }
    }

    #[test]
    fn an_allele_is_a_change_within_the_sequence_or_has_a_reason(
        position in prop_oneof![9 => -2i64..60, 1 => any::<i64>()],
        reference in prop_oneof![3 => (0usize..9).prop_map(Err), 1 => "[ACGTacgtNR.]{0,9}".prop_map(Ok)],
        alternate in prop_oneof![3 => "[ACGTacgtN]{0,9}", 1 => "[ACGTN*<>.]{0,9}"],
        any: Vec<u8>,
    ) {
        let letters = "ACGTNACACACATTTTTTGCANNNACGTACGGGTTTACAACGATTT";
        let sequence = encode(letters.as_bytes()).unwrap();
        let here = |length| {
            let start = usize::try_from(position).unwrap_or(0).min(letters.len());
            letters[start..letters.len().min(start + length)].to_owned()
        };
        let reference = reference.unwrap_or_else(here);
        for alternate in [alternate.as_bytes(), &any] {
            match Change::of_allele(&sequence, position, reference.as_bytes(), alternate, 5) {
                Ok(change) => {
                    prop_assert!(change.end() <= sequence.len() as u64);
                    prop_assert!(change.removed <= 5 && change.inserted.len() <= 5);
                    let (start, end) = (change.start as usize, change.end() as usize);
                    let at = position as usize;
                    let changed = [&sequence[..start], &change.inserted, &sequence[end..]].concat();
                    let put = encode(alternate).unwrap();
                    let plainly = [&sequence[..at], &put, &sequence[at + reference.len()..]].concat();
                    prop_assert_eq!(changed, plainly);
                }
                Err(reason) => prop_assert!(!matches!(reason, Reason::MissingContig | Reason::NoGene)),
            }
        }
    }
}

#[test]
fn the_undamaged_variants_are_taken() {
    for text in VCF {
        let file = file(text.as_bytes());
        let lines = read(file.path()).unwrap();
        assert_eq!(lines, record_lines(text.as_bytes()));
        let (_, totals) = annotated(file.path(), CheckRef::W).unwrap();
        assert_eq!(totals.records, lines.len() as u64);
        // One of them lies on a contig that is too short.
        assert!(totals.scored > 0 || text.contains("HLA"), "{totals:?}");
    }
    let counts: Vec<usize> =
        bcf().iter().map(|bytes| read(file(bytes).path()).unwrap().len()).collect();
    assert_eq!(counts, [3, 2]);
}
