//! Names that archives give to chromosomes: RefSeq and GenBank accessions, UCSC's names of
//! scaffolds.
//!
//! Of human and mouse the version of an accession is an assembly, and one chromosome has other
//! coordinates in another: so the length decides, too (lengths: the assembly reports of NCBI).

/// Chromosomes of one assembly by accession: that of the first is `prefix` + `first`, and so on.
struct Assembly {
    /// Empty where only one is in use.
    name: &'static str,
    prefix: &'static str,
    first: u32,
    /// Of each chromosome, `names.len()` many; empty where only one assembly is in use.
    versions: &'static [u32],
    names: &'static [&'static str],
    /// Nucleotides of each chromosome.
    lengths: &'static [u64],
}

const HUMAN: [&str; 24] = [
    "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15", "16", "17",
    "18", "19", "20", "21", "22", "X", "Y",
];
const MOUSE: [&str; 21] = [
    "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15", "16", "17",
    "18", "19", "X", "Y",
];
const YEAST: [&str; 16] = [
    "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII", "XIII", "XIV", "XV",
    "XVI",
];

const GRCH38: [u64; 24] = [
    248956422, 242193529, 198295559, 190214555, 181538259, 170805979, 159345973, 145138636,
    138394717, 133797422, 135086622, 133275309, 114364328, 107043718, 101991189, 90338345,
    83257441, 80373285, 58617616, 64444167, 46709983, 50818468, 156040895, 57227415,
];
const GRCH37: [u64; 24] = [
    249250621, 243199373, 198022430, 191154276, 180915260, 171115067, 159138663, 146364022,
    141213431, 135534747, 135006516, 133851895, 115169878, 107349540, 102531392, 90354753,
    81195210, 78077248, 59128983, 63025520, 48129895, 51304566, 155270560, 59373566,
];
const T2T: [u64; 24] = [
    248387328, 242696752, 201105948, 193574945, 182045439, 172126628, 160567428, 146259331,
    150617247, 134758134, 135127769, 133324548, 113566686, 101161492, 99753195, 96330374, 84276897,
    80542538, 61707364, 66210255, 45090682, 51324926, 154259566, 62460029,
];
const GRCM39: [u64; 21] = [
    195154279, 181755017, 159745316, 156860686, 151758149, 149588044, 144995196, 130127694,
    124359700, 130530862, 121973369, 120092757, 120883175, 125139656, 104073951, 98008968,
    95294699, 90720763, 61420004, 169476592, 91455967,
];
const GRCM38: [u64; 21] = [
    195471971, 182113224, 160039680, 156508116, 151834684, 149736546, 145441459, 129401213,
    124595110, 130694993, 122082543, 120129022, 120421639, 124902244, 104043685, 98207768,
    94987271, 90702639, 61431566, 171031299, 91744698,
];

const GRCH38_VERSIONS: [u32; 24] =
    [11, 12, 12, 12, 10, 12, 14, 11, 12, 11, 10, 12, 11, 9, 10, 10, 11, 10, 10, 11, 9, 11, 11, 10];
const GRCH37_VERSIONS: [u32; 24] =
    [10, 11, 11, 11, 9, 11, 13, 10, 11, 10, 9, 11, 10, 8, 9, 9, 10, 9, 9, 10, 8, 10, 10, 9];
const GRCM39_VERSIONS: [u32; 21] = [7, 8, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 8];
const GRCM38_VERSIONS: [u32; 21] = [6, 7, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 7, 7];

const fn nc(
    name: &'static str,
    first: u32,
    versions: &'static [u32],
    names: &'static [&'static str],
    lengths: &'static [u64],
) -> Assembly {
    Assembly { name, prefix: "NC_", first, versions, names, lengths }
}

const fn cm(
    name: &'static str,
    first: u32,
    versions: &'static [u32],
    names: &'static [&'static str],
    lengths: &'static [u64],
) -> Assembly {
    Assembly { name, prefix: "CM", first, versions, names, lengths }
}

const ASSEMBLIES: [Assembly; 17] = [
    nc("GRCh38", 1, &GRCH38_VERSIONS, &HUMAN, &GRCH38),
    nc("GRCh37", 1, &GRCH37_VERSIONS, &HUMAN, &GRCH37),
    nc("T2T-CHM13v2.0", 60_925, &[1; 24], &HUMAN, &T2T),
    nc("GRCm39", 67, &GRCM39_VERSIONS, &MOUSE, &GRCM39),
    nc("GRCm38", 67, &GRCM38_VERSIONS, &MOUSE, &GRCM38),
    cm("GRCh38", 663, &[2; 24], &HUMAN, &GRCH38),
    cm("GRCh37", 663, &[1; 24], &HUMAN, &GRCH37),
    cm("GRCm39", 994, &[3; 21], &MOUSE, &GRCM39),
    cm("GRCm38", 994, &[2; 21], &MOUSE, &GRCM38),
    nc("", 1_133, &[], &YEAST, &[]),
    // Worm, thale cress.
    nc("", 3_279, &[], &["I", "II", "III", "IV", "V", "X"], &[]),
    nc("", 3_070, &[], &["1", "2", "3", "4", "5"], &[]),
    // Mitochondria of human (that of most genomes, and the other one of UCSC's hg19), mouse, yeast;
    // chloroplast of thale cress.
    nc("the human rCRS", 12_920, &[1], &["MT"], &[16_569]),
    nc("UCSC's hg19", 1_807, &[4], &["MT"], &[16_571]),
    nc("mouse", 5_089, &[1], &["MT"], &[16_299]),
    nc("", 1_224, &[], &["MT"], &[]),
    nc("", 932, &[], &["Pt"], &[]),
];

/// What an archive's name stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Accession {
    /// The chromosome's name without prefix, or the accession of a scaffold.
    pub(super) core: String,
    /// The assembly and the chromosome's nucleotides there, where the accession tells one.
    of: Option<(&'static str, u64)>,
    /// Those of the chromosome in all assemblies that are known here.
    known: Vec<u64>,
}

impl Accession {
    /// Returns whether a sequence of this length can be it: it has that length, or that of no
    /// assembly known here (an excerpt).
    pub(super) fn can_have(&self, length: u64) -> bool {
        self.of.is_some_and(|(_, here)| here == length) || !self.known.contains(&length)
    }

    /// Returns what speaks against a sequence of this name and length being it, if anything does.
    pub(super) fn contradiction(&self, accession: &str, name: &str, length: u64) -> Option<String> {
        if self.can_have(length) {
            return None;
        }
        let here = match self.of {
            Some((assembly, length)) => format!("of {assembly} ({length} nt)"),
            None => "of another assembly".to_owned(),
        };
        let there = assembly_of(&self.core, length)
            .map_or(String::new(), |assembly| format!(", as in {assembly}"));
        Some(format!(
            "{accession} is chromosome {} {here}, but {name} of the FASTA file has {length} nt{there}; give the genome \
             that the variants were called on",
            self.core
        ))
    }
}

/// Reads a name as an accession of a chromosome.
pub(super) fn chromosome(name: &str) -> Option<Accession> {
    let (stem, version) = match name.split_once('.') {
        Some((stem, version)) => (stem, Some(version.parse::<u32>().ok()?)),
        None => (name, None),
    };
    let prefix = ["NC_", "CM"].into_iter().find(|prefix| stem.starts_with(prefix))?;
    let digits = &stem[prefix.len()..];
    let number: u32 = Some(digits)
        .filter(|d| d.len() == 6 && d.bytes().all(|b| b.is_ascii_digit()))?
        .parse()
        .ok()?;
    let mut found: Option<Accession> = None;
    for assembly in ASSEMBLIES.iter().filter(|assembly| assembly.prefix == prefix) {
        let Some(at) = number.checked_sub(assembly.first).map(|at| at as usize) else { continue };
        let Some(core) = assembly.names.get(at) else { continue };
        let found = found.get_or_insert_with(|| Accession {
            core: (*core).to_owned(),
            of: None,
            // Without a version it may be that of any assembly.
            known: version.map(|_| known_lengths(assembly, at)).unwrap_or_default(),
        });
        if assembly.versions.get(at).copied() == version && version.is_some() {
            found.of = assembly.lengths.get(at).map(|&length| (assembly.name, length));
        }
    }
    found
}

/// Returns the assembly in which a chromosome has so many nucleotides, if it is one that is known
/// here.
pub(super) fn assembly_of(core: &str, length: u64) -> Option<&'static str> {
    let is = |assembly: &&Assembly| {
        let at = assembly.names.iter().position(|name| *name == core);
        at.and_then(|at| assembly.lengths.get(at)) == Some(&length)
    };
    ASSEMBLIES.iter().find(is).map(|assembly| assembly.name)
}

/// Returns the lengths of a chromosome in all assemblies of its species.
fn known_lengths(of: &Assembly, at: usize) -> Vec<u64> {
    let same = ASSEMBLIES.iter().filter(|assembly| assembly.names == of.names);
    same.filter_map(|assembly| assembly.lengths.get(at).copied()).collect()
}

/// Returns the accession in UCSC's name of a scaffold: `KI270706.1` for `chr1_KI270706v1_random`,
/// `GL000193.1` for hg19's `chr4_gl000193_random`.
pub(super) fn scaffold(name: &str) -> Option<String> {
    let mut parts = name.strip_prefix("chr")?.split('_');
    let (_, accession) = (parts.next()?, parts.next()?.to_ascii_uppercase());
    let (stem, version) = accession.split_once('V').unwrap_or((&accession, "1"));
    let (letters, digits) = stem.split_at_checked(2)?;
    let is_accession = letters.bytes().all(|b| b.is_ascii_uppercase())
        && digits.len() == 6
        && [digits, version]
            .iter()
            .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()));
    let known_end = matches!(parts.next(), None | Some("random" | "alt" | "fix"));
    (is_accession && known_end).then(|| format!("{stem}.{version}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accessions_are_chromosomes_of_an_assembly() {
        for (name, core, length) in [
            ("NC_000001.11", "1", Some(248956422)),
            ("NC_000001.10", "1", Some(249250621)),
            ("NC_000024.10", "Y", Some(57227415)),
            ("NC_060947.1", "X", Some(154259566)),
            ("CM000685.2", "X", Some(156040895)),
            ("CM001013.2", "X", Some(171031299)),
            ("NC_000086.8", "X", Some(169476592)),
            ("NC_000001.9", "1", None),
            ("NC_012920.1", "MT", Some(16569)),
            ("NC_012920.2", "MT", None),
            ("NC_001807.4", "MT", Some(16571)),
            ("NC_001148.4", "XVI", None),
            ("NC_003071.7", "2", None),
        ] {
            let found = chromosome(name).unwrap();
            let found = (found.core.as_str(), found.of.map(|(_, length)| length));
            assert_eq!(found, (core, length), "{name}");
        }
        for name in ["NC_999999.1", "NC_000001.x", "NC_1.1", "NM_000001.1", "chr1", "", "NC_"] {
            assert_eq!(chromosome(name), None, "{name}");
        }
        assert!(ASSEMBLIES.iter().all(|a| [0, a.names.len()].contains(&a.versions.len())));
        assert!(ASSEMBLIES.iter().all(|a| a.versions.len() == a.lengths.len()));
    }

    #[test]
    fn an_accession_is_not_the_chromosome_of_another_assembly() {
        let of = |name| chromosome(name).unwrap();
        assert!(of("NC_000001.11").can_have(248956422) && !of("NC_000001.11").can_have(249250621));
        assert!(!of("NC_000001.10").can_have(248956422) && !of("NC_000001.9").can_have(248956422));
        assert!(of("NC_000001.11").can_have(20_000) && of("NC_012920.1").can_have(16_569));
        assert!(of("NC_000001").can_have(248956422) && of("NC_000001").can_have(249250621));
    }

    #[test]
    fn what_speaks_against_an_accession_is_told() {
        let told = |accession: &str, length| {
            chromosome(accession).unwrap().contradiction(accession, "chr1", length)
        };
        assert_eq!(told("NC_000001.11", 248956422), None);
        assert_eq!(told("NC_000001.11", 20_000), None);
        let expected = "NC_000001.11 is chromosome 1 of GRCh38 (248956422 nt), but chr1 of the FASTA file has 249250621 \
                        nt, as in GRCh37; give the genome that the variants were called on";
        assert_eq!(told("NC_000001.11", 249250621).as_deref(), Some(expected));
        let unknown = told("NC_000067.5", 195154279).unwrap();
        assert!(unknown.contains("of another assembly") && unknown.contains("as in GRCm39"));
    }

    #[test]
    fn ucsc_names_of_scaffolds_hold_accessions() {
        for (name, accession) in [
            ("chr1_KI270706v1_random", Some("KI270706.1")),
            ("chrUn_GL000220v1", Some("GL000220.1")),
            ("chr4_gl000193_random", Some("GL000193.1")),
            ("chr6_GL000250v2_alt", Some("GL000250.2")),
            ("chr1_KI270706v1_other", None),
            ("chr6_cox_hap2", None),
            ("chr1", None),
        ] {
            assert_eq!(scaffold(name).as_deref(), accession, "{name}");
        }
    }
}
