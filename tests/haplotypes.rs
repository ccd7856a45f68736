//! `variants --haplotypes`: variants of one haplotype, scored together.

use std::fs;

use crate::support::*;

/// A simulated genome, and a site on its plus strand (0-based) whose signal is AATAAA at an index.
struct Site {
    folder: Folder,
    genome: String,
    contig: String,
    sequence: String,
    signal: usize,
}

fn site() -> Site {
    let folder = Folder::new();
    let genome = simulate(&folder.at("sim"), 20_000, 6, 1, 2);
    let (contig, sequence) = read_fasta(&genome).remove(0);
    let truth = fs::read_to_string(folder.at("sim/truth.bed")).unwrap();
    let signal = truth.lines().find_map(|line| {
        let fields: Vec<&str> = line.split('\t').collect();
        let plus = fields.get(5) == Some(&"+") && fields[6] == "AATAAA";
        let site: usize = fields.get(1)?.parse().ok()?;
        let signal = sequence[site - 40..site].rfind("AATAAA").map(|at| site - 40 + at);
        signal.filter(|_| plus)
    });
    Site { folder, genome, contig, sequence, signal: signal.unwrap() }
}

/// A variant of the sample: position (0-based), REF, ALT, genotype.
type Row<'a> = (usize, &'a str, &'a str, &'a str);

impl Site {
    fn vcf(&self, name: &str, rows: &[Row<'_>]) -> String {
        let mut text = "##fileformat=VCFv4.3\n".to_owned();
        text += "##FORMAT=<ID=GT,Number=1,Type=String,Description=\"x\">\n";
        text += &format!("##contig=<ID={}>\n", self.contig);
        text += "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tother\tme\n";
        for (at, reference, alternate, genotype) in rows {
            let (contig, at) = (&self.contig, at + 1);
            text += &format!(
                "{contig}\t{at}\t.\t{reference}\t{alternate}\t.\t.\t.\tGT\t0/0\t{genotype}\n"
            );
        }
        self.folder.file(name, text)
    }

    fn scored(&self, rows: &[Row<'_>], more: &[&str]) -> Vec<Record> {
        let vcf = self.vcf("scored.vcf", rows);
        let args = ["variants", &vcf, "--fasta", &self.genome];
        records(&String::from_utf8(run([&args[..], more].concat())).unwrap())
    }

    fn here(&self, at: usize) -> &str {
        &self.sequence[at..=at]
    }
}

/// The parts of the entries of a record's INFO/PolyA_hap.
fn haplotypes(record: &Record) -> Vec<Vec<&str>> {
    let entries = record.info.get("PolyA_hap").map(String::as_str);
    let entries = entries.into_iter().flat_map(|entries| entries.split(','));
    entries.map(|entry| entry.split('|').collect()).collect()
}

#[test]
fn variants_of_a_haplotype_have_the_effect_of_one_variant_that_makes_both_changes() {
    let site = site();
    let (a, b) = (site.signal + 2, site.signal + 8);
    let other = |at| if site.here(at) == "C" { "G" } else { "C" };
    let (first, second) = (other(a), other(b));
    let rows = [(a, site.here(a), first, "0|1"), (b, site.here(b), second, "0|1")];
    let found = site.scored(&rows, &["--haplotypes", "me"]);
    // The same, as one record.
    let reference = &site.sequence[a..=b];
    let alternate = [first, &site.sequence[a + 1..b], second].concat();
    let one = site.scored(&[(a, reference, &alternate, "0|1")], &[]);
    let expected = one[0].greatest().unwrap();
    for (record, row) in found.iter().zip(&rows) {
        let entries = haplotypes(record);
        let same = entries.iter().find(|parts| parts[5] == expected.site.to_string()).unwrap();
        let variants =
            format!("{}_{}_{}&{}_{}_{}", a + 1, rows[0].1, first, b + 1, rows[1].1, second);
        assert_eq!((same[0], same[1], same[2]), (row.2, "2", variants.as_str()));
        assert_eq!((same[11], same[15]), (expected.delta.as_str(), expected.effect.as_str()));
        // What the allele does by itself is its own entry.
        let alone = record.entries.iter().find(|entry| entry.site == expected.site).unwrap();
        assert_eq!((same[12], same[6]), (alone.delta.as_str(), alone.offset.to_string().as_str()));
        assert_eq!(same.len(), 17);
    }
    // In trans, not phased, of the other sample, or not asked for: alone.
    let trans = [(a, site.here(a), first, "1|0"), rows[1]];
    let unphased = [(a, site.here(a), first, "0/1"), rows[1]];
    for (rows, more) in [
        (&trans, &["--haplotypes", "me"][..]),
        (&unphased, &["--haplotypes", "me"]),
        (&rows, &["--haplotypes", "other"]),
        (&rows, &[]),
    ] {
        let found = site.scored(rows, more);
        assert!(found.iter().all(|record| !record.info.contains_key("PolyA_hap")), "{more:?}");
        assert!(found.iter().all(|record| record.info.contains_key("PolyA_effect")));
    }
}

#[test]
fn haplotypes_do_not_depend_on_batches_threads_or_shards() {
    let site = site();
    // More than one batch of 256, each in reach of the next.
    let rows = (500..8_000).step_by(12).map(|at| {
        let genotype = ["0|1", "1|0", "1|1", "0/1"][at / 12 % 4];
        (at, site.here(at), if site.here(at) == "A" { "T" } else { "A" }, genotype)
    });
    let rows: Vec<Row<'_>> = rows.collect();
    let vcf = site.vcf("in.vcf", &rows);
    let args =
        ["variants", &vcf, "--fasta", &site.genome, "--haplotypes", "me", "--latent", "none"];
    let whole = site.folder.at("whole.vcf");
    run([&args[..], &["-t", "1", "-o", &whole]].concat());
    let expected = fs::read_to_string(&whole).unwrap();
    let found = records(&expected);
    assert_eq!(found.len(), rows.len());
    let with = found.iter().filter(|record| record.info.contains_key("PolyA_hap")).count();
    assert!(with > 50, "{with}");
    // Each is what it is among its neighbours alone.
    let number = found.iter().rposition(|record| record.info.contains_key("PolyA_hap")).unwrap();
    let near = |row: &&Row<'_>| row.0.abs_diff(rows[number].0) <= 300;
    let few: Vec<Row<'_>> = rows.iter().filter(near).copied().collect();
    let alone = site.scored(&few, &["--haplotypes", "me", "--latent", "none"]);
    let same = alone.iter().find(|record| record.position == rows[number].0 + 1).unwrap();
    assert_eq!(same.info, found[number].info);

    let parts = site.folder.at("parts.vcf");
    for shard in ["1/3", "2/3", "3/3"] {
        run([&args[..], &["-t", "2", "--shard", shard, "-o", &parts]].concat());
    }
    let shards = [1, 2, 3].map(|n| site.folder.at(&format!("parts.{n}-of-3.shard")));
    run(["merge".to_owned(), "-o".into(), parts.clone()].iter().chain(&shards));
    assert!(fs::read_to_string(&parts).unwrap() == expected);
    let summary = summary(&site.folder.at("whole"));
    let totals = &summary["totals"];
    assert!(totals["haplotypes"].as_u64() > Some(100) && totals["unphased"].as_u64() > Some(100));
    assert_eq!(summary["settings"]["haplotypes"], "me");
}

#[test]
fn a_sample_that_is_not_there_and_records_out_of_order_are_refused() {
    let site = site();
    let (a, b) = (site.signal, site.signal + 30);
    let rows = [(b, site.here(b), "N", "0|1"), (a, site.here(a), "C", "0|1")];
    let vcf = site.vcf("in.vcf", &rows);
    let args = ["variants", &vcf, "--fasta", &site.genome, "--haplotypes"];
    refuse([&args[..], &["you"]].concat(), 1, &["no sample \"you\"", "there are other, me"]);
    refuse(
        [&args[..], &["me", "-o", &site.folder.at("out.vcf")]].concat(),
        1,
        &["not in order", "--haplotypes", "bcftools sort"],
    );
    let table =
        site.folder.file("table.txt", format!("{}\t{}\t{}\tC\n", site.contig, a + 1, site.here(a)));
    let table = ["variants", &table, "--fasta", &site.genome, "--haplotypes", "me"];
    refuse(table, 1, &["no sample \"me\"", "there are none"]);
}
