//! `variants`: the same haplotype has the same scores, however it is written.

use std::fs;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::support::*;

/// A change of a sequence: start, removed, inserted; and what it makes of it.
struct Change {
    start: usize,
    removed: usize,
    inserted: String,
}

impl Change {
    fn random(rng: &mut ChaCha8Rng, sequence: &str, start: usize) -> Self {
        let bases = |rng: &mut ChaCha8Rng, n: usize| -> String {
            (0..n).map(|_| char::from(b"ACGT"[rng.random_range(0..4)])).collect()
        };
        let length = rng.random_range(1..9);
        match rng.random_range(0..4) {
            // A deletion, an insertion, a repeat of what is there, both in one.
            0 => Self { start, removed: length, inserted: String::new() },
            1 => Self { start, removed: 0, inserted: bases(rng, length) },
            2 => Self { start, removed: 0, inserted: sequence[start..start + length].to_owned() },
            _ => {
                let inserted = rng.random_range(1..9);
                Self { start, removed: length, inserted: bases(rng, inserted) }
            }
        }
    }

    /// The alleles of a record from `from` to `to`, which hold the change.
    fn alleles(&self, sequence: &str, from: usize, to: usize) -> (usize, String, String) {
        let (before, after) =
            (&sequence[from..self.start], &sequence[self.start + self.removed..to]);
        (from, sequence[from..to].to_owned(), format!("{before}{}{after}", self.inserted))
    }

    /// The same haplotype with the change as far to one side as it can be.
    fn moved(&self, sequence: &str, step: isize) -> Self {
        let changed = |change: &Self| {
            let (before, after) =
                (&sequence[..change.start], &sequence[change.start + change.removed..]);
            format!("{before}{}{after}", change.inserted)
        };
        let mut best = Self { inserted: self.inserted.clone(), ..*self };
        if self.removed > 0 && !self.inserted.is_empty() {
            return best;
        }
        let whole = changed(self);
        for moves in 1..60 {
            let Some(start) = self.start.checked_add_signed(step * moves) else { break };
            let inserted = whole[start..start + self.inserted.len()].to_owned();
            let other = Self { start, removed: self.removed, inserted };
            if changed(&other) == whole {
                best = other;
            }
        }
        best
    }
}

fn vcf(rows: impl IntoIterator<Item = String>) -> String {
    let header = "##fileformat=VCFv4.3\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n";
    header.to_owned() + &rows.into_iter().collect::<String>()
}

fn row(contig: &str, id: &str, (start, reference, alternate): (usize, String, String)) -> String {
    format!("{contig}\t{}\t{id}\t{reference}\t{alternate}\t.\t.\t.\n", start + 1)
}

#[test]
fn random_changes_written_in_five_ways_have_identical_scores() {
    let folder = Folder::new();
    let genome = simulate(&folder.at("sim"), 60_000, 20, 1, 5);
    let (contig, sequence) = read_fasta(&genome).remove(0);
    let mut rng = ChaCha8Rng::seed_from_u64(11);
    let mut rows = Vec::new();
    let mut moved = 0;
    for i in 0..120 {
        // Half of them near a site.
        let sites = fs::read_to_string(folder.at("sim/truth.bed")).unwrap();
        let sites: Vec<usize> = sites
            .lines()
            .filter(|line| !line.starts_with('#'))
            .map(|line| line.split('\t').nth(1).unwrap().parse().unwrap())
            .collect();
        let start = match i % 2 {
            0 => rng.random_range(1_000..59_000),
            _ => sites[i % sites.len()] - 40 + rng.random_range(0..80),
        };
        let change = Change::random(&mut rng, &sequence, start);
        let (left, right) = (change.moved(&sequence, -1), change.moved(&sequence, 1));
        moved += usize::from(left.start < right.start);
        let minimal = |c: &Change| c.alleles(&sequence, c.start - 1, c.start + c.removed);
        let end = change.start + change.removed;
        let padded = change.alleles(&sequence, change.start - 7, end + 5);
        let (at, reference, alternate) = change.alleles(&sequence, change.start - 3, end);
        let small = (at, reference.to_lowercase(), alternate.to_lowercase());
        // Beside another allele of the same record.
        let (at, reference, alternate) = change.alleles(&sequence, change.start - 2, end + 1);
        let other = format!("{}{reference}", if reference.starts_with('A') { 'C' } else { 'A' });
        let joined = (at, reference, format!("{other},{alternate}"));
        for (form, alleles) in
            [minimal(&left), minimal(&right), padded, small, joined].into_iter().enumerate()
        {
            rows.push((alleles.0, row(&contig, &format!("v{i}_{form}"), alleles)));
        }
    }
    assert!(moved > 20, "{moved}");
    rows.sort();
    let file = folder.file("forms.vcf", vcf(rows.into_iter().map(|(_, row)| row)));
    let text = String::from_utf8(run(["variants", &file, "--fasta", &genome])).unwrap();
    let records = records(&text);
    assert_eq!(records.len(), 600);
    let mut with_effect = 0;
    for i in 0..120 {
        let scores = |form: usize| {
            let record = records.iter().find(|record| record.id == format!("v{i}_{form}")).unwrap();
            let last = record.alternates.len() - 1;
            let alternate = &record.alternates[last];
            let of_allele = record.entries.iter().filter(|entry| &entry.allele == alternate);
            let entries: Vec<String> = of_allele.map(|entry| entry.without_allele()).collect();
            (entries, record.max(last))
        };
        let first = scores(0);
        with_effect += usize::from(!first.0.is_empty());
        for form in 1..5 {
            assert_eq!(scores(form), first, "v{i}_{form}");
        }
    }
    assert!(with_effect > 40, "{with_effect}");
}

#[test]
fn a_record_of_many_alleles_equals_the_records_of_each() {
    let folder = Folder::new();
    let genome = simulate(&folder.at("sim"), 20_000, 6, 1, 2);
    let (contig, sequence) = read_fasta(&genome).remove(0);
    let truth = fs::read_to_string(folder.at("sim/truth.bed")).unwrap();
    let site = truth.lines().find(|line| !line.starts_with('#')).unwrap();
    let site: usize = site.split('\t').nth(1).unwrap().parse().unwrap();
    let (mut joined, mut split) = (Vec::new(), Vec::new());
    for start in (site - 60..site + 40).step_by(3) {
        let reference = &sequence[start..start + 3];
        let alternates = ["A", "CCC", "*", "GGGG", "<DEL>", "TTT"].map(str::to_owned);
        joined.push(row(&contig, ".", (start, reference.to_owned(), alternates.join(","))));
        let alone = alternates.iter().map(|a| (start, reference.to_owned(), a.clone()));
        split.extend(alone.map(|alleles| row(&contig, ".", alleles)));
    }
    let of = |name: &str, rows: Vec<String>| {
        let file = folder.file(name, vcf(rows));
        let text = String::from_utf8(run(["variants", &file, "--fasta", &genome])).unwrap();
        records(&text)
    };
    let (joined, split) = (of("joined.vcf", joined), of("split.vcf", split));
    for (record, alone) in joined.iter().zip(split.chunks(6)) {
        // But for the number of the allele in its record.
        let said = |entry: &Entry| (entry.allele.clone(), entry.without_allele());
        let entries: Vec<_> =
            alone.iter().flat_map(|record| record.entries.iter().map(said)).collect();
        assert_eq!(record.entries.iter().map(said).collect::<Vec<_>>(), entries);
        let numbers = record.entries.iter().map(|entry| entry.text.split('|').nth(18).unwrap());
        let letters = ["A", "CCC", "*", "GGGG", "<DEL>", "TTT"];
        for (number, entry) in numbers.zip(&record.entries) {
            assert_eq!(letters[number.parse::<usize>().unwrap() - 1], entry.allele);
        }
        let values = |key: &str| -> Vec<String> {
            let of = |record: &Record| record.info.get(key).cloned().unwrap_or(".".into());
            assert_eq!(of(record).split(',').count(), 6);
            alone.iter().map(of).collect()
        };
        assert_eq!(record.info["PolyA_max"], values("PolyA_max").join(","));
        assert_eq!(record.info["PolyA_skip"], ".,.,star,.,symbolic,.");
        assert_eq!(record.info["PolyA_skip"], values("PolyA_skip").join(","));
    }
    assert!(joined.iter().any(|record| !record.entries.is_empty()));
}
