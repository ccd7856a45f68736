//! Associations of the NHGRI-EBI GWAS Catalog, as its web site and its files of all associations
//! have them.
//!
//! A row names a variant, where it lies (on GRCh38) and the risk allele (`rs7903146-T`, `?` where
//! the paper does not say), not what the risk allele is an allele to: REF is the genome's base.

use std::borrow::Cow;

use super::named::cell;
use super::rows::{NoAlternate, RowReason};
use super::stated::{Stated, What, nucleotides, position};

/// The assembly of the positions.
pub const ASSEMBLY: &str = "GRCh38";

/// Where the columns are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GwasColumns {
    contig: usize,
    position: usize,
    risk: usize,
    /// SNPS.
    names: Option<usize>,
}

impl GwasColumns {
    /// Returns where the columns are, by the plain names of a header; `None` if this is another
    /// header.
    pub fn of(header: &[String]) -> Option<Self> {
        let find = |name: &str| header.iter().position(|column| column == name);
        let [contig, position, risk] = ["chrid", "chrpos", "strongestsnpriskallele"].map(find);
        Some(Self { contig: contig?, position: position?, risk: risk?, names: find("snps") })
    }

    /// Reads a row.
    ///
    /// # Errors
    /// Why it is no variant.
    pub fn stated(&self, cells: &[Cow<'_, str>]) -> Result<Stated, RowReason> {
        let [contig, place, risk] = self.of_variant().map(|at| cell(cells, at));
        let names = self.names.map_or("", |at| cell(cells, at));
        if [contig, place, risk, names].into_iter().any(is_several) {
            return Err(RowReason::Several);
        }
        let position = position(place).filter(|_| !contig.is_empty());
        let position = position.ok_or(RowReason::NoPosition)?;
        let what = What::Risk { position, allele: allele(risk) };
        Ok(Stated { contig: contig.to_owned(), id: Some(names.to_owned()), what })
    }

    /// Returns the columns that say the variant.
    pub fn of_variant(&self) -> [usize; 3] {
        [self.contig, self.position, self.risk]
    }
}

/// Returns whether a cell names several variants: haplotypes (`rs1; rs2`) and interactions (`rs1 x
/// rs2`).
fn is_several(cell: &str) -> bool {
    cell.contains([';', ',']) || cell.contains(" x ")
}

/// Returns the risk allele behind the variant's name.
fn allele(risk: &str) -> Result<u8, NoAlternate> {
    let letters = risk.rsplit_once('-').map_or("", |(_, letters)| letters.trim());
    match letters {
        "" | "?" => Err(NoAlternate::RiskUnknown),
        letters => match nucleotides(letters).as_deref() {
            Some([base @ (b'A' | b'C' | b'G' | b'T')]) => Ok(*base),
            _ => Err(NoAlternate::RiskNoBase),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_one_place_and_a_risk_allele_or_a_reason() {
        let header = ["snps", "chrid", "chrpos", "strongestsnpriskallele"].map(str::to_owned);
        let columns = GwasColumns::of(&header).unwrap();
        assert_eq!(GwasColumns::of(&header[..3]), None);
        let risk = |cells: [&str; 4]| {
            let stated = columns.stated(&cells.map(Cow::from));
            stated.map(|stated| match stated.what {
                What::Risk { position, allele } => (position, allele),
                other => panic!("{other:?}"),
            })
        };
        for (cells, expected) in [
            (["rs1", "1", "5", "rs1-A"], Ok((5, Ok(b'A')))),
            (["rs1", "X", "5", "rs1-g"], Ok((5, Ok(b'G')))),
            (["chr6:32588953", "6", "32588953", "chr6:32588953-T"], Ok((32588953, Ok(b'T')))),
            (["rs1", "1", "5", "rs1-?"], Ok((5, Err(NoAlternate::RiskUnknown)))),
            (["rs1", "1", "5", "rs1"], Ok((5, Err(NoAlternate::RiskUnknown)))),
            (["rs1", "1", "5", "rs1-AT"], Ok((5, Err(NoAlternate::RiskNoBase)))),
            (["rs1", "1", "5", "rs1-del"], Ok((5, Err(NoAlternate::RiskNoBase)))),
            (["rs1", "1", "5", "rs1-R"], Ok((5, Err(NoAlternate::RiskNoBase)))),
            (["rs1", "", "", "rs1-A"], Err(RowReason::NoPosition)),
            (["rs1", "", "5", "rs1-A"], Err(RowReason::NoPosition)),
            (["rs1; rs2", "1;1", "5;7", "rs1-A; rs2-C"], Err(RowReason::Several)),
            (["rs1 x rs2", "1 x 2", "5 x 7", "rs1-A x rs2-?"], Err(RowReason::Several)),
            (["rs1, rs2", "", "", ""], Err(RowReason::Several)),
        ] {
            assert_eq!(risk(cells), expected, "{cells:?}");
        }
    }
}
