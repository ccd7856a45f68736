//! `variants --changed-motif-only`: what is skipped changes no element, and what is scored is
//! scored as without.

use crate::support::*;

/// Every SNV of two stretches around planted sites, and a deletion at each tenth position.
fn packed(folder: &Folder, genome: &str) -> String {
    let (contig, sequence) = read_fasta(genome).remove(0);
    let truth = std::fs::read_to_string(folder.at("sim/truth.bed")).unwrap();
    let sites = truth.lines().filter(|line| !line.starts_with('#')).take(2);
    let mut vcf =
        "##fileformat=VCFv4.3\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n".to_owned();
    for site in sites.map(|line| line.split('\t').nth(1).unwrap().parse::<usize>().unwrap()) {
        for at in site - 60..site + 60 {
            let here = &sequence[at..=at];
            let others: Vec<&str> =
                ["A", "C", "G", "T"].into_iter().filter(|l| *l != here).collect();
            vcf += &format!("{contig}\t{}\t.\t{here}\t{}\t.\t.\t.\n", at + 1, others.join(","));
            if at % 10 == 0 {
                vcf += &format!(
                    "{contig}\t{}\t.\t{}\t{here}\t.\t.\t.\n",
                    at + 1,
                    &sequence[at..at + 2]
                );
            }
        }
    }
    folder.file("packed.vcf", vcf)
}

/// What is said of each allele: its reason for being skipped, its answers, its entries.
fn alleles(text: &str) -> Vec<(String, Vec<String>, Vec<String>)> {
    let of_record = |record: Record| {
        let value = |key: &str, at: usize| {
            let all = record.info.get(key).map_or(".", String::as_str);
            all.split(',').nth(at).unwrap_or(".").to_owned()
        };
        let alternates = 0..record.alternates.len();
        let alleles = alternates.map(|at| {
            let answers = ["PolyA_max", "PolyA_effect", "PolyA_delta", "PolyA_usage"];
            let number = (at + 1).to_string();
            let own = |entry: &&Entry| entry.text.split('|').nth(18) == Some(&number);
            let entries = record.entries.iter().filter(own).map(|entry| entry.text.clone());
            let answers = answers.map(|key| value(key, at)).to_vec();
            (value("PolyA_skip", at), answers, entries.collect())
        });
        alleles.collect::<Vec<_>>()
    };
    records(text).into_iter().flat_map(of_record).collect()
}

#[test]
fn alleles_that_change_no_element_are_skipped_and_the_others_scored_as_without() {
    let folder = Folder::new();
    let genome = simulate(&folder.at("sim"), 20_000, 4, 1, 3);
    let (vcf, genes) = (packed(&folder, &genome), folder.at("sim/genes.gtf"));
    for more in [&[][..], &["--annotation", &genes]] {
        let args = ["variants", &vcf, "--fasta", &genome, "--latent", "all"];
        let args = [&args[..], more].concat();
        let all = alleles(&String::from_utf8(run(&args)).unwrap());
        let out = folder.at("out.vcf");
        run([&args[..], &["--changed-motif-only", "-o", &out]].concat());
        let text = std::fs::read_to_string(&out).unwrap();
        assert!(
            text.contains("no_motif_change with --changed-motif-only:"),
            "the header says what it means"
        );
        let some = alleles(&text);
        assert_eq!(some.len(), all.len());
        let mut skipped = 0;
        for (with, without) in some.iter().zip(&all) {
            if with.0 != "no_motif_change" {
                assert_eq!(with, without);
                continue;
            }
            skipped += 1;
            assert_eq!((without.0.as_str(), with.2.len()), (".", 0));
            assert!(with.1.iter().all(|answer| answer == "."), "{with:?}");
            let motif = |entry: &String| entry.split('|').nth(13) == Some(".");
            assert!(without.2.iter().all(motif), "{without:?}");
        }
        // One strand alone has fewer elements to change.
        let least = if more.is_empty() { all.len() / 5 } else { all.len() / 4 };
        assert!(skipped > least && skipped < all.len() * 9 / 10, "{skipped} of {}", all.len());
        let summary = summary(&folder.at("out"));
        assert_eq!(summary["totals"]["skipped"]["no_motif_change"], skipped);
        assert_eq!(summary["settings"]["changed_motif_only"], true);
        assert!(
            text.lines().any(
                |l| l.starts_with("##polyascanCommand=") && l.contains("--changed-motif-only")
            )
        );
    }
}

#[test]
fn shards_with_and_without_the_option_do_not_merge() {
    let folder = Folder::new();
    let genome = simulate(&folder.at("sim"), 20_000, 4, 1, 3);
    let (vcf, out) = (folder.at("sim/variants.vcf"), folder.at("out.vcf"));
    let args = ["variants", &vcf, "--fasta", &genome, "-o", &out];
    run([&args[..], &["--shard", "1/2"]].concat());
    run([&args[..], &["--shard", "2/2", "--changed-motif-only"]].concat());
    let shards = ["out.1-of-2.shard", "out.2-of-2.shard"].map(|name| folder.at(name));
    refuse(["merge", &shards[0], &shards[1], "-o", &out], 1, &["changed_motif_only"]);
}
