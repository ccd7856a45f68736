//! Genes by name.

use std::path::Path;

use super::{Annotation, Gene};
use crate::error::{Error, Result, excerpt};

/// Names that an error suggests at most.
const SUGGESTED: usize = 3;
/// Least similarity (Jaro-Winkler, 0..1) of a name that is suggested.
const SIMILAR: f64 = 0.8;

impl Annotation {
    /// Returns the genes of this symbol or id: all of them where there are several. The version of
    /// an id (`ENSG00000012048.23`) and what GFF3 puts before it (`gene:`, `gene-`) may be left
    /// out.
    ///
    /// ```
    /// use polyascan::genome::{annotation::Annotation, contigs::Contigs};
    ///
    /// let mut contigs = Contigs::default();
    /// contigs.push("chr17".to_owned(), 5_000);
    /// let file = tempfile::NamedTempFile::new().unwrap();
    /// let row = "chr17\tme\texon\t101\t200\t.\t-\t.\tgene_id \"ENSG00000012048.23\"; gene_name \"BRCA1\";\n";
    /// std::fs::write(file.path(), row).unwrap();
    /// let annotation = Annotation::read(file.path(), &contigs).unwrap();
    /// for name in ["BRCA1", "ENSG00000012048.23", "ENSG00000012048"] {
    ///     assert_eq!(annotation.called(name).len(), 1, "{name}");
    /// }
    /// assert!(annotation.called("ENSG00000012048.22").is_empty());
    /// assert_eq!(annotation.nearest("brca1"), ["BRCA1"]);
    /// ```
    pub fn called(&self, name: &str) -> Vec<&Gene> {
        let whole = |gene: &&Gene| gene.name == name || gene.id == name;
        let found: Vec<&Gene> = self.genes.iter().filter(whole).collect();
        if !found.is_empty() || name.is_empty() {
            return found;
        }
        let bare = |gene: &&Gene| {
            let id = without_kind(&gene.id);
            id == without_kind(name) || without_version(id) == Some(without_kind(name))
        };
        self.genes.iter().filter(bare).collect()
    }

    /// Returns symbols and ids that are written nearly like `name`, the nearest first.
    pub fn nearest(&self, name: &str) -> Vec<&str> {
        let asked = name.to_uppercase();
        let names = self.genes.iter().flat_map(|gene| [gene.name.as_str(), gene.id.as_str()]);
        let alike = |known: &&str| strsim::jaro_winkler(&asked, &known.to_uppercase());
        let mut near: Vec<(f64, &str)> = names.map(|known| (alike(&known), known)).collect();
        near.retain(|(similarity, known)| *similarity >= SIMILAR && !known.is_empty());
        near.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
        near.dedup();
        near.into_iter().take(SUGGESTED).map(|(_, known)| known).collect()
    }

    /// Returns the genes that are asked for, in the order asked, each once: texts are names, or
    /// names with commas between them. `path` is the annotation's, for messages.
    ///
    /// # Errors
    /// A name that no gene has, with those that are near to it; no name at all.
    pub fn choose(&self, asked: &[String], path: &Path) -> Result<Vec<&Gene>> {
        let mut chosen: Vec<&Gene> = Vec::new();
        for text in asked {
            // A name may have a comma in it.
            let names = if self.called(text).is_empty() {
                text.split(',').map(str::trim).collect()
            } else {
                vec![text.as_str()]
            };
            for name in names {
                if name.is_empty() {
                    let problem = format!("--gene {text:?}: a name is empty; write --gene A,B");
                    return Err(Error::Usage(problem));
                }
                let found = self.called(name);
                if found.is_empty() {
                    return Err(Error::of_file(path, self.unknown(name)));
                }
                for gene in found {
                    if !chosen.contains(&gene) {
                        chosen.push(gene);
                    }
                }
            }
        }
        Ok(chosen)
    }

    fn unknown(&self, name: &str) -> String {
        let near: Vec<String> = self.nearest(name).into_iter().map(excerpt).collect();
        let advice = if near.is_empty() {
            "give a symbol or an id as the annotation has it".to_owned()
        } else {
            format!("did you mean {}?", near.join(", "))
        };
        format!("no gene {:?} on the contigs here; {advice}", excerpt(name))
    }
}

/// Returns an id without what Ensembl and RefSeq put before it in GFF3.
fn without_kind(id: &str) -> &str {
    id.strip_prefix("gene:").or_else(|| id.strip_prefix("gene-")).unwrap_or(id)
}

/// Returns an id without its version, if it has one.
fn without_version(id: &str) -> Option<&str> {
    let (stem, version) = id.rsplit_once('.')?;
    let is_version = !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit());
    is_version.then_some(stem)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::genome::strand::Strand;

    fn annotation() -> Annotation {
        let gene = |name: &str, id: &str, start: u64| Gene {
            name: name.to_owned(),
            id: id.to_owned(),
            contig: 0,
            strand: Strand::Plus,
            range: start..start + 10,
            transcripts: Vec::new(),
            open_ended: Vec::new(),
            biotype: None,
            transcript_ids: Vec::new(),
            coding_ends: Vec::new(),
        };
        let genes = vec![
            gene("BRCA1", "ENSG00000012048.23", 0),
            gene("BRCA2", "gene:ENSG00000139618", 20),
            gene("A,B", "gene-X", 40),
            gene("TWIN", "ENSG1.1", 60),
            gene("TWIN", "ENSG2.1", 80),
            gene("AC012345.1", "ENSG3.7", 100),
        ];
        Annotation { genes, notes: Vec::new() }
    }

    fn chosen(texts: &[&str]) -> Result<Vec<u64>> {
        let annotation = annotation();
        let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
        let genes = annotation.choose(&texts, Path::new("g.gtf"))?;
        Ok(genes.into_iter().map(|gene| gene.range.start).collect())
    }

    #[test]
    fn genes_are_found_by_symbol_and_id_with_and_without_version() {
        for (text, starts) in [
            ("BRCA1", vec![0]),
            ("ENSG00000012048.23", vec![0]),
            ("ENSG00000012048", vec![0]),
            ("ENSG00000139618", vec![20]),
            ("gene:ENSG00000139618", vec![20]),
            ("X", vec![40]),
            ("A,B", vec![40]),
            ("TWIN", vec![60, 80]),
            ("AC012345.1", vec![100]),
            ("BRCA2, BRCA1,BRCA2", vec![20, 0]),
        ] {
            assert_eq!(chosen(&[text]).unwrap(), starts, "{text}");
        }
        assert_eq!(chosen(&["TWIN", "BRCA1,ENSG2"]).unwrap(), [60, 80, 0]);
    }

    #[test]
    fn a_name_that_is_not_there_is_an_error_that_names_the_nearest() {
        let said = |text: &str| chosen(&[text]).unwrap_err().to_string();
        assert_eq!(
            said("brca1"),
            "g.gtf: no gene \"brca1\" on the contigs here; did you mean BRCA1, BRCA2?"
        );
        assert!(said("BRCA1,BRAC2").contains("no gene \"BRAC2\""), "{}", said("BRCA1,BRAC2"));
        assert!(said("ENSG00000012048.22").contains("did you mean ENSG00000012048.23"));
        assert!(said("\u{1b}[31mzzzz").contains("give a symbol or an id"));
        // Only symbols without a version of their own: no gene is called AC012345.
        assert!(chosen(&["AC012345"]).is_err());
        for text in ["", "BRCA1,", ",", "BRCA1,,BRCA2"] {
            assert_eq!(chosen(&[text]).unwrap_err().exit_code(), 2, "{text:?}");
        }
    }
}
