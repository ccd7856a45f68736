//! Alleles and their entries, from VCF, BCF and the tables of `variants` and `mutagenesis`.

use std::path::Path;

use super::{Allele, Entry};
use crate::error::{Error, Problem, Result};
use crate::genome::compression::Source;
use crate::report::rows::{Row, Rows};
use crate::variants::entry::KEYS;
use crate::variants::vcf::line::Line;
use crate::variants::vcf::reader::VcfReader;

/// Takes an allele and its entries.
type Take<'t> = dyn FnMut(Allele, Vec<Entry>) + 't;

/// Reads the file that `variants` has written.
pub fn variants(path: &Path, take: &mut Take<'_>) -> Result<()> {
    let name = path.to_string_lossy();
    if name.ends_with(".tsv") || name.ends_with(".tsv.gz") {
        table(path, take)
    } else {
        vcf(path, take)
    }
}

/// Reads the alleles of VCF or BCF.
fn vcf(path: &Path, take: &mut Take<'_>) -> Result<()> {
    let mut reader = VcfReader::new(Source::open(path)?)?;
    let fields = fields(&reader.header.text()).ok_or_else(|| {
        let problem = "the header does not define INFO/PolyA; is it a file that `polyascan variants` has written?";
        Error::input(path, "header", problem)
    })?;
    while let Some(line) = reader.next_record()? {
        let entries = info(&line, KEYS[0]).unwrap_or_default();
        let entries: Vec<Vec<&str>> = if entries.is_empty() {
            Vec::new()
        } else {
            entries.split(',').map(|entry| entry.split('|').collect()).collect()
        };
        let contig = text(line.contig());
        let id = Some(text(line.id())).filter(|id| id != ".");
        for alternate in line.alternates().map(text) {
            let allele = Allele {
                contig: contig.clone(),
                position: u64::try_from(line.start() + 1).unwrap_or(0),
                id: id.clone(),
                reference: text(line.reference()),
                alternate,
                ..Allele::default()
            };
            let mut found = Vec::new();
            for parts in &entries {
                let get = |names: &[&str]| {
                    let at = fields.iter().position(|field| names.contains(&field.as_str()))?;
                    parts.get(at).copied().filter(|value| !value.is_empty() && *value != ".")
                };
                if get(&["ALLELE"]).is_some_and(|letters| letters == allele.alternate) {
                    let entry =
                        entry(&get).map_err(|problem| Error::input(path, line.place(), problem))?;
                    found.push(entry);
                }
            }
            take(allele, found);
        }
    }
    Ok(())
}

/// Returns the names of the parts of an entry, which the definition of INFO/PolyA ends with.
fn fields(header: &[u8]) -> Option<Vec<String>> {
    let header = String::from_utf8_lossy(header);
    let start = format!("##INFO=<ID={},", KEYS[0]);
    let line = header.lines().find(|line| line.starts_with(&start))?;
    let (_, format) = line.rsplit_once("Format: ")?;
    let names = format.split(['"', '>', ' ']).next()?.split('|');
    Some(names.map(str::to_owned).collect())
}

/// Returns the value of an entry of INFO.
fn info(line: &Line, key: &str) -> Option<String> {
    let all = text(line.info());
    let value = |entry: &str| entry.strip_prefix(key)?.strip_prefix('=').map(str::to_owned);
    all.split(';').find_map(value)
}

fn text(letters: &[u8]) -> String {
    String::from_utf8_lossy(letters).into_owned()
}

/// Makes an entry of its parts, which `get` finds by any of several names.
fn entry<'a>(get: &dyn Fn(&[&str]) -> Option<&'a str>) -> std::result::Result<Entry, Problem> {
    let number = |names: &[&str]| -> std::result::Result<Option<f64>, Problem> {
        let Some(text) = get(names) else { return Ok(None) };
        let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
        let wrong = || format!("{} is not a number in an entry of PolyA", names[0]).into();
        number.map(Some).ok_or_else(wrong)
    };
    let owned = |names: &[&str]| get(names).map(decoded);
    let probability = [number(&["PROB_REF"])?, number(&["PROB_ALT"])?];
    let delta = number(&["DELTA_STRENGTH"])?;
    Ok(Entry {
        gene: owned(&["GENE", "SYMBOL"]),
        strand: owned(&["STRAND"]).unwrap_or_else(|| "?".to_owned()),
        site: number(&["SITE"])?.unwrap_or(0.0) as u64,
        offset: number(&["OFFSET"])?.unwrap_or(0.0) as i64,
        delta: delta.unwrap_or_else(|| of_classification(probability)),
        probability,
        usage: [number(&["USAGE_REF"])?, number(&["USAGE_ALT"])?],
        shift: number(&["SHIFT"])?,
        motif: owned(&["MOTIF"]),
        effect: owned(&["EFFECT", "Consequence"]).unwrap_or_else(|| "unchanged".to_owned()),
        class: owned(&["CLASS"]),
    })
}

/// The change in log2 odds of the classification, for runs without a strength model.
fn of_classification(probability: [Option<f64>; 2]) -> f64 {
    let odds = |p: Option<f64>| {
        let p = p.unwrap_or(0.5).clamp(1e-6, 1.0 - 1e-6);
        (p / (1.0 - p)).log2()
    };
    odds(probability[1]) - odds(probability[0])
}

/// Returns a name without the percent signs of VCF (`%2C`).
fn decoded(name: &str) -> String {
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        let byte = hex.filter(|_| first == b'%').and_then(|hex| u8::from_str_radix(hex, 16).ok());
        bytes.push(byte.unwrap_or(first));
        rest = if byte.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Reads the table of `variants`.
fn table(path: &Path, take: &mut Take<'_>) -> Result<()> {
    let needed = ["chrom", "pos", "ref", "allele", "site", "offset"];
    grouped(path, &needed, "allele", take)
}

/// Reads the table of `mutagenesis`.
pub fn mutagenesis(path: &Path, take: &mut Take<'_>) -> Result<()> {
    let needed = ["chrom", "pos", "ref", "alt", "site", "offset", "effect"];
    grouped(path, &needed, "alt", take)
}

/// Joins rows of one allele that follow each other; the other columns are called as the parts of an
/// entry, in small letters.
fn grouped(path: &Path, needed: &[&str], alternate: &str, take: &mut Take<'_>) -> Result<()> {
    let mut last: Option<(Allele, Vec<Entry>)> = None;
    Rows::open(path, needed)?.for_each(|row| {
        let text = |column: &str| row.text(column).unwrap_or(".").to_owned();
        let allele = Allele {
            contig: text("chrom"),
            position: row.position("pos")?,
            id: row.text("id").map(str::to_owned),
            reference: text("ref"),
            alternate: text(alternate),
            ..Allele::default()
        };
        let key =
            |a: &Allele| (a.contig.clone(), a.position, a.reference.clone(), a.alternate.clone());
        if last.as_ref().is_some_and(|(before, _)| key(before) != key(&allele)) {
            last.take().into_iter().for_each(|(allele, entries)| take(allele, entries));
        }
        let (_, entries) = last.get_or_insert_with(|| (allele, Vec::new()));
        if row.text("site").is_some() {
            entries.push(of_row(row).map_err(|problem| Error::input(path, text("pos"), problem))?);
        }
        Ok(())
    })?;
    last.into_iter().for_each(|(allele, entries)| take(allele, entries));
    Ok(())
}

fn of_row(row: &Row<'_>) -> std::result::Result<Entry, Problem> {
    let small = |name: &str| row.text(&name.to_lowercase());
    entry(&|names| names.iter().find_map(|name| small(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, text: &str) -> Result<Vec<(Allele, Vec<Entry>)>> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        let mut found = Vec::new();
        variants(&path, &mut |allele, entries| found.push((allele, entries)))?;
        Ok(found)
    }

    const HEADER: &str = "##fileformat=VCFv4.3\n##contig=<ID=c>\n\
        ##INFO=<ID=PolyA,Number=.,Type=String,Description=\"x. Format: ALLELE|GENE|STRAND|SITE|OFFSET|PROB_REF|PROB_ALT|DELTA_STRENGTH|MOTIF|EFFECT|CLASS\">\n\
        #CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n";

    #[test]
    fn entries_go_to_their_alleles_with_names_decoded() {
        let line = "c\t7\t.\tA\tC,T\t.\t.\tX=1;PolyA=T|A%2CB|+|20|13|0.9|0.1|-2.5|disrupted:AATAAA|weakened|terminal_exon,\
                    C|G|-|3|-4|0.5|0.75|.|.|unchanged|.;PolyA_max=1,2\n";
        let alleles = read("x.vcf", &format!("{HEADER}{line}")).unwrap();
        assert_eq!(alleles.len(), 2);
        let (c, t) = (&alleles[0].1[0], &alleles[1].1[0]);
        assert_eq!((t.gene.as_deref(), t.site, t.delta), (Some("A,B"), 20, -2.5));
        assert_eq!((t.effect.as_str(), t.class.as_deref()), ("weakened", Some("terminal_exon")));
        assert!((c.delta - 3_f64.log2()).abs() < 1e-9, "without strength: of the classification");
        assert_eq!((c.offset, c.motif.as_deref(), c.class.as_deref()), (-4, None, None));
        assert_eq!(alleles[1].0.name(), "c:7:A>T");
    }

    #[test]
    fn a_table_gives_the_same_as_a_vcf() {
        let table = "#chrom\tpos\tid\tref\tallele\tgene\tstrand\tsite\toffset\tprob_ref\tprob_alt\tdelta_strength\tmotif\teffect\tclass\n\
                     c\t7\t.\tA\tT\tG\t+\t20\t13\t0.9\t0.1\t-2.5\tdisrupted:AATAAA\tweakened\tterminal_exon\n\
                     c\t7\t.\tA\tT\tG\t+\t90\t83\t0.9\t0.9\t0\t.\tunchanged\tterminal_exon\n\
                     c\t8\tv\tA\tG\t.\t.\t.\t.\t.\t.\t.\t.\t.\t.\n";
        let alleles = read("x.tsv", table).unwrap();
        let sites: Vec<usize> = alleles.iter().map(|(_, entries)| entries.len()).collect();
        assert_eq!(sites, [2, 0]);
        assert_eq!(alleles[0].1[0].delta, -2.5);
        assert_eq!(alleles[1].0.id.as_deref(), Some("v"));
    }

    #[test]
    fn other_files_are_refused() {
        let without = HEADER.replace("ID=PolyA", "ID=Other");
        let told = read("x.vcf", &without).unwrap_err().to_string();
        assert!(told.contains("does not define INFO/PolyA"), "{told}");
        let line = "c\t7\t.\tA\tT\t.\t.\tPolyA=T|G|+|x|13|0.9|0.1|-2.5|.|weakened|.\n";
        let told = read("x.vcf", &format!("{HEADER}{line}")).unwrap_err().to_string();
        assert!(told.contains("c:7: SITE is not a number"), "{told}");
        assert!(read("x.tsv", "#chrom\tpos\n").is_err());
    }
}
