//! `variants`: sites that are known have their entries, whatever the models say of them.

use std::fs;

use crate::support::*;

/// One SNV 20 nt upstream of each place of the plus strand, as VCF.
fn snvs(genome: &str, places: &[usize]) -> String {
    let letters = read_fasta(genome).remove(0).1;
    let rows = places.iter().map(|place| {
        let at = place - 20;
        let reference = &letters[at..at + 1];
        let alternate = if reference == "C" { "G" } else { "C" };
        format!("chrSim1\t{}\t{place}\t{reference}\t{alternate}\t.\t.\t.\n", at + 1)
    });
    "##fileformat=VCFv4.3\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n".to_owned()
        + &rows.collect::<String>()
}

#[test]
fn a_known_site_has_an_entry_where_no_site_is_called() {
    let folder = Folder::new();
    let genome = simulate(&folder.at("sim"), 60_000, 4, 1, 5);
    let asked: Vec<usize> = (1_000..59_000).step_by(97).collect();
    let vcf = folder.file("all.vcf", snvs(&genome, &asked));
    let (plain, known) = (folder.at("plain.vcf"), folder.at("known.vcf"));
    run(["variants", &vcf, "--fasta", &genome, "-o", &plain]);
    let plain = records(&fs::read_to_string(&plain).unwrap());
    // Where neither haplotype has a site, on either strand; not where a window is unknown.
    let scored = plain.iter().filter(|record| !record.info.contains_key("PolyA_skip"));
    let silent = scored.filter(|record| record.entries.is_empty());
    let places: Vec<usize> = silent.map(|record| record.id.parse().unwrap()).collect();
    assert!(places.len() > 10, "{} of {}", places.len(), asked.len());
    let vcf = folder.file("x.vcf", snvs(&genome, &places));
    let row = |place: &usize| format!("chrSim1\t{place}\t{}\tk\t0\t+\n", place + 1);
    let bed = folder.file("known.bed", places.iter().map(row).collect::<String>());
    run(["variants", &vcf, "--fasta", &genome, "--sites", &bed, "-o", &known]);
    let text = fs::read_to_string(&known).unwrap();
    assert!(text.lines().any(|line| line.starts_with("##polyascanSites=")), "{text}");
    let known = records(&text);
    assert_eq!(known.len(), places.len());
    for (record, place) in known.iter().zip(&places) {
        // The nearest latent site within 24 nt, or the place itself; other known sites may be near,
        // too.
        let near = record.entries.iter().filter(|entry| entry.strand == "+");
        let entry = near.min_by_key(|entry| entry.site.abs_diff(place + 1));
        let entry = entry.unwrap_or_else(|| panic!("{}: {:?}", record.id, record.entries));
        assert!(entry.site.abs_diff(place + 1) <= 24, "{entry:?}");
        assert_eq!(entry.offset, entry.site as i64 - (place - 19) as i64);
        let delta: f64 = entry.delta.parse().unwrap();
        let expected = match delta {
            _ if delta <= -1.0 => "weakened",
            _ if delta >= 1.0 => "strengthened",
            _ => "unchanged",
        };
        // It is a site, however unlikely it looks; whether it is strong enough is another matter.
        assert!(entry.effect == expected || entry.effect == "unchanged", "{entry:?}");
    }
    let summary = summary(&folder.at("known"));
    assert_eq!(summary["sites"][0]["sha256"].as_str().map(str::len), Some(64));
}

#[test]
fn the_ends_of_annotated_transcripts_are_known() {
    let folder = Folder::new();
    let genome = simulate(&folder.at("sim"), 60_000, 4, 1, 5);
    let letters = read_fasta(&genome).remove(0).1;
    let place = letters.len() / 2;
    let gtf = format!(
        "chrSim1\tx\texon\t{}\t{}\t.\t+\t.\tgene_id \"G\"; transcript_id \"T\";\n",
        place - 800,
        place + 1
    );
    let gtf = folder.file("x.gtf", gtf);
    let vcf = folder.file("x.vcf", snvs(&genome, &[place]));
    let out = run(["variants", &vcf, "--fasta", &genome, "--annotation", &gtf]);
    let records = records(&String::from_utf8(out).unwrap());
    // At the place itself, or at the called site that it is known for.
    let near = |entry: &&Entry| entry.site.abs_diff(place + 1) <= 24 && entry.gene == "G";
    assert!(records[0].entries.iter().any(|entry| near(&entry)), "{:?}", records[0].entries);
}

#[test]
fn shards_with_other_known_sites_are_not_merged() {
    let folder = Folder::new();
    let genome = simulate(&folder.at("sim"), 20_000, 2, 1, 5);
    let vcf = folder.file("x.vcf", snvs(&genome, &[5_000, 6_000]));
    let [one, other] = [5_000, 6_000].map(|place| {
        folder.file(&format!("{place}.bed"), format!("chrSim1\t{place}\t{}\tk\t0\t+\n", place + 1))
    });
    let out = folder.at("out.vcf.gz");
    let shard = |number: &str, bed: &str| {
        run(["variants", &vcf, "-f", &genome, "--sites", bed, "--shard", number, "-o", &out]);
    };
    shard("1/2", &one);
    shard("2/2", &other);
    let shards = [1, 2].map(|n| folder.at(&format!("out.{n}-of-2.shard")));
    refuse(["merge", &shards[0], &shards[1], "-o", &out], 1, &["known sites"]);
}
