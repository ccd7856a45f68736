//! Sites have their class by gene structure, held to an independent classifier
//! (tests/context/classify.py).

use std::io::Write as _;
use std::ops::Range;
use std::path::Path;
use std::process::{Command, Stdio};

use polyascan::context::features::GeneContext;
use polyascan::genome::annotation::Annotation;
use polyascan::genome::contigs::Contigs;
use polyascan::genome::strand::Strand;
use proptest::prelude::*;

use crate::support::*;

/// What the independent classifier says of places (contig, strand, 1-based position): genes and
/// class. `None` with a remark where there is no Python.
fn classify(gtf: &str, extension: u64, places: &[(String, char, u64)]) -> Option<Vec<String>> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/context/classify.py");
    let mut command = Command::new("python3");
    command.arg(script).args([gtf, &extension.to_string()]);
    let spawned = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let Ok(mut child) = spawned else {
        eprintln!("skipped: no python3 here");
        return None;
    };
    let line = |(contig, strand, position): &(String, char, u64)| {
        format!("{contig}\t{strand}\t{position}\n")
    };
    let mut stdin = child.stdin.take().unwrap();
    let text: String = places.iter().map(line).collect();
    let writer = std::thread::spawn(move || stdin.write_all(text.as_bytes()).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success());
    let said = String::from_utf8(output.stdout).unwrap();
    Some(said.lines().map(str::to_owned).collect())
}

const LENGTH: u64 = 300;

/// Genes of one to four transcripts with disjoint exons, as GTF; `gene` rows may reach farther.
fn arbitrary_gtf() -> impl Strategy<Value = String> {
    let exons = prop::collection::vec((1u64..18, 1u64..14), 1..5);
    let transcript = (0u64..160, exons).prop_map(|(mut at, parts)| {
        let mut exon = |(gap, length): (u64, u64)| {
            let start = at + gap;
            at = start + length;
            start..at
        };
        parts.into_iter().map(&mut exon).collect::<Vec<Range<u64>>>()
    });
    let transcripts = prop::collection::vec(transcript, 1..5);
    let gene = (any::<bool>(), transcripts, (0u64..9, 0u64..9));
    prop::collection::vec(gene, 1..7).prop_map(|genes| {
        let mut text = String::new();
        for (number, (minus, transcripts, (before, after))) in genes.into_iter().enumerate() {
            let strand = if minus { '-' } else { '+' };
            let mut add = |kind: &str, range: Range<u64>, rest: &str| {
                text += &format!(
                    "c\tme\t{kind}\t{}\t{}\t.\t{strand}\t.\tgene_id \"G{number}\"; {rest}\n",
                    range.start + 1,
                    range.end
                );
            };
            // Holds transcripts that do not overlap together.
            let starts = transcripts.iter().flatten().map(|exon| exon.start);
            let ends = transcripts.iter().flatten().map(|exon| exon.end);
            let start = starts.min().unwrap().saturating_sub(before);
            add("gene", start..(ends.max().unwrap() + after).min(LENGTH), "");
            for (i, transcript) in transcripts.iter().enumerate() {
                for exon in transcript {
                    add("exon", exon.clone(), &format!("transcript_id \"T{i}\";"));
                }
            }
        }
        text
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn every_place_of_any_gene_models_has_the_class_of_the_independent_classifier(
        gtf in arbitrary_gtf(), extension in 0u64..60
    ) {
        let folder = Folder::new();
        let path = folder.file("g.gtf", &gtf);
        let mut contigs = Contigs::default();
        contigs.push("c".to_owned(), LENGTH);
        let annotation = Annotation::read(Path::new(&path), &contigs).unwrap();
        let context = GeneContext::new(&annotation, &contigs, extension);
        let strands = Strand::BOTH.iter().flat_map(|s| (0..LENGTH).map(move |p| (*s, p)));
        let strands: Vec<(Strand, u64)> = strands.collect();
        let places: Vec<(String, char, u64)> =
            strands.iter().map(|(s, p)| ("c".to_owned(), s.symbol(), p + 1)).collect();
        let Some(said) = classify(&path, extension, &places) else { return Ok(()) };
        prop_assert_eq!(said.len(), strands.len());
        for ((strand, position), said) in strands.into_iter().zip(said) {
            let (names, feature) = context.classify(0, strand, position);
            prop_assert_eq!(format!("{names}\t{}", feature.name()), said, "{}{}", strand, position);
        }
    }
}

#[test]
#[cfg_attr(not(shared), ignore = "needs ../shared")]
fn the_sites_of_a_real_scan_have_the_classes_of_the_independent_classifier() {
    let fasta = shared("data/human/chr9_public_test.fa.gz");
    let gtf = shared("data/human/chr9_public_test.gtf.gz");
    let folder = Folder::new();
    let (fasta, gtf) = (fasta.to_str().unwrap(), gtf.to_str().unwrap());
    let model = small_model(&folder);
    let args = ["scan", fasta, "--annotation", gtf, "--whole-genome", "--model", &model, "-o", "-"];
    let sites = sites(std::str::from_utf8(&run(args)).unwrap());
    let places: Vec<(String, char, u64)> =
        sites.iter().map(|site| (site.chrom.clone(), site.strand, site.end as u64)).collect();
    let Some(said) = classify(gtf, 5_000, &places) else { return };
    let mut counts = std::collections::BTreeMap::new();
    for (site, said) in sites.iter().zip(said) {
        assert_eq!(format!("{}\t{}", site.gene, site.feature), said, "{}", site.line);
        *counts.entry(site.feature.clone()).or_insert(0) += 1;
    }
    println!("{counts:?}");
    assert_eq!(counts.len(), 7, "{counts:?}");
}

/// The cells of the rows of a table by column, without header lines.
fn table(path: &str) -> Vec<std::collections::BTreeMap<String, String>> {
    let text = std::fs::read_to_string(path).unwrap();
    let mut lines = text.lines().skip_while(|line| line.starts_with("## "));
    let names: Vec<&str> = lines.next().unwrap().trim_start_matches('#').split('\t').collect();
    let row = |line: &str| {
        let cells = line.split('\t').map(str::to_owned);
        names.iter().map(|name| (*name).to_owned()).zip(cells).collect()
    };
    lines.map(row).collect()
}

/// A simulated genome with its annotation, small enough for the model inside the program.
fn setting(folder: &Folder) -> (String, String) {
    let fasta = simulate(&folder.at("sim"), 60_000, 8, 2, 5);
    (fasta, folder.at("sim/genes.gtf"))
}

const LOW: [&str; 2] = ["--min-probability", "0.1"];

#[test]
fn a_scan_says_how_strong_sites_are_and_how_the_transcripts_of_genes_are_shared() {
    let folder = Folder::new();
    let (fasta, gtf) = setting(&folder);
    let prefix = folder.at("x");
    let args = ["scan", &fasta, "--annotation", &gtf, "--context", "-o", &prefix];
    run(args.into_iter().chain(LOW));
    let sites = table(&format!("{prefix}.sites.bed"));
    assert!(sites.len() > 4, "{}", sites.len());
    for site in &sites {
        let share = |name: &str| site[name].parse::<f64>().unwrap();
        assert!((0.0..=1.0).contains(&share("expressed")) && (0.0..=1.0).contains(&share("usage")));
        assert!(site["strength"].parse::<f64>().unwrap().abs() < 30.0);
        assert_eq!(site["called"], "yes");
    }
    // The table of sites has the same, by gene; shares of a gene are no more than the whole.
    let context = table(&format!("{prefix}.context.tsv"));
    assert!(context.len() >= sites.len());
    let genes = table(&format!("{prefix}.genes.tsv"));
    for gene in &genes {
        let shares: Vec<f64> =
            gene["usage"].split(',').filter_map(|share| share.parse().ok()).collect();
        assert_eq!(shares.len().to_string(), gene["sites"]);
        let of_gene = context.iter().filter(|row| row["gene"] == gene["gene"]).count();
        assert_eq!(of_gene, shares.len(), "{}", gene["gene"]);
        if let Ok(past) = gene["read_past"].parse::<f64>() {
            assert!((shares.iter().sum::<f64>() + past - 1.0).abs() < 0.01, "{gene:?}");
        }
    }
    assert!(genes.iter().any(|gene| gene["sites"] != "0"));
    // Splice-site scores are kept beside the genome, and the next run gives the same with them.
    let beside = names(&folder.at("sim"));
    assert_eq!(beside.iter().filter(|name| name.ends_with(".splice.tsv")).count(), 1);
    let again = folder.at("y");
    let args = ["scan", &fasta, "--annotation", &gtf, "--context", "-o", &again, "-t", "1"];
    run(args.into_iter().chain(LOW));
    for ending in ["sites.bed", "context.tsv", "genes.tsv"] {
        let [one, other] = [&prefix, &again]
            .map(|prefix| std::fs::read_to_string(format!("{prefix}.{ending}")).unwrap());
        assert_eq!(one, other, "{ending}");
    }
    // Fewer with a threshold: those above it.
    let few = folder.at("few");
    let args = ["scan", &fasta, "--annotation", &gtf, "--min-expressed", "0.3", "-o", &few];
    run(args.into_iter().chain(LOW));
    let kept: Vec<String> =
        table(&format!("{few}.sites.bed")).iter().map(|site| site["name"].clone()).collect();
    let expected = sites.iter().filter(|site| site["expressed"].parse::<f64>().unwrap() >= 0.3);
    assert_eq!(kept, expected.map(|site| site["name"].clone()).collect::<Vec<_>>());
    assert_eq!(summary(&few)["sites"]["total"], kept.len());
}

#[test]
fn known_sites_are_marked_and_scored_where_none_is_called() {
    let folder = Folder::new();
    let (fasta, gtf) = setting(&folder);
    let first = folder.at("first");
    run(["scan", &fasta, "-o", &first].into_iter().chain(LOW));
    let calls = table(&format!("{first}.sites.bed"));
    let bed = std::fs::read_to_string(format!("{first}.sites.bed")).unwrap();
    // The same calls but for one that has no neighbour, and a place without a call.
    let place = |call: &std::collections::BTreeMap<String, String>| {
        (call["chrom"].clone(), call["strand"].clone(), call["start"].parse::<usize>().unwrap())
    };
    let alone = calls.iter().position(|call| {
        let (contig, strand, start) = place(call);
        let near = |other| {
            let (c, s, other) = place(other);
            (c, s) == (contig.clone(), strand.clone()) && other.abs_diff(start) <= 60
        };
        calls.iter().filter(|other| near(other)).count() == 1
    });
    let new = calls[alone.unwrap()]["name"].clone();
    let rows = bed.lines().filter(|line| !line.starts_with('#') && !line.contains(&new));
    let rows: Vec<&str> = rows.collect();
    assert_eq!(rows.len(), calls.len() - 1);
    let contig = rows[0].split('\t').next().unwrap();
    let free = (500..20_000).step_by(10).find(|place: &usize| {
        calls.iter().all(|call| {
            call["chrom"] != contig
                || call["start"].parse::<usize>().unwrap().abs_diff(*place) > 100
        })
    });
    let free = free.unwrap();
    let extra = format!("{contig}\t{free}\t{}\tx\t0\t+", free + 1);
    let known = folder.file("known.bed", rows.join("\n") + "\n" + &extra + "\n");
    let second = folder.at("second");
    let catalogue = format!("MINE={known}");
    run(["scan", &fasta, "--sites", &catalogue, "-o", &second].into_iter().chain(LOW));
    let marked = table(&format!("{second}.sites.bed"));
    assert_eq!(marked.len(), calls.len() + 1);
    for site in marked.iter().filter(|site| site["called"] == "yes") {
        let is_known = site["name"] != new;
        let expected = if is_known { ("MINE", "0") } else { (".", ".") };
        assert_eq!((site["known"].as_str(), site["known_distance"].as_str()), expected);
    }
    let uncalled: Vec<_> = marked.iter().filter(|site| site["called"] == "no").collect();
    assert_eq!(uncalled.len(), 1);
    assert_eq!(
        (uncalled[0]["start"].clone(), uncalled[0]["known"].as_str()),
        (free.to_string(), "MINE")
    );
    assert!(uncalled[0]["probability"].parse::<f64>().is_ok_and(|p| p < 0.9));
    assert_eq!(summary(&second)["sites"]["total"], calls.len());
    let novel = folder.at("novel");
    run(["scan", &fasta, "--sites", &catalogue, "--only-novel", "-o", &novel]
        .into_iter()
        .chain(LOW));
    let found = table(&format!("{novel}.sites.bed"));
    assert_eq!(found.iter().map(|site| site["name"].clone()).collect::<Vec<_>>(), [new]);
    // Ends of annotated transcripts are known without being asked for.
    let ends = folder.at("ends");
    run(["scan", &fasta, "--annotation", &gtf, "--score-ends", "-o", &ends].into_iter().chain(LOW));
    assert!(table(&format!("{ends}.sites.bed")).iter().any(|site| site["known"] == "annotation"));
}

#[test]
fn shards_with_context_merge_to_the_files_of_one_run() {
    let folder = Folder::new();
    let (fasta, gtf) = setting(&folder);
    let known = folder.file("known.bed", "chrSim1\t900\t901\tx\t0\t+\n");
    let options = ["--annotation", &gtf, "--whole-genome", "--context", "--sites", &known];
    let scan = |more: &[&str]| {
        let args = ["scan", &fasta].into_iter().chain(options).chain(LOW);
        run(args.chain(more.iter().copied()));
    };
    let (one, merged) = (folder.at("one"), folder.at("merged"));
    scan(&["-o", &one]);
    let shards = folder.at("s");
    scan(&["--shard", "1/2", "-o", &shards]);
    scan(&["--shard", "2/2", "-o", &shards]);
    let paths = ["1", "2"].map(|i| format!("{shards}.{i}-of-2.shard"));
    run(["merge", &paths[0], &paths[1], "-o", &merged]);
    for ending in ["sites.bed", "context.tsv", "genes.tsv"] {
        let [one, other] = [&one, &merged]
            .map(|prefix| std::fs::read_to_string(format!("{prefix}.{ending}")).unwrap());
        assert_eq!(one, other, "{ending}");
    }
    std::fs::rename(&fasta, folder.at("elsewhere.fa")).unwrap();
    refuse(["merge", &paths[0], &paths[1], "-o", &merged], 1, &["no longer here", "--fasta"]);
    let elsewhere = folder.at("elsewhere.fa");
    run(["merge", &paths[0], &paths[1], "--fasta", &elsewhere, "-o", &merged]);
}

#[test]
fn gff3_gives_the_sites_that_the_same_gtf_gives() {
    let folder = Folder::new();
    let (fasta, gtf) = setting(&folder);
    let mut text = "##gff-version 3\n".to_owned();
    let value = |attributes: &str, key: &str| {
        let rest = attributes.split_once(&format!("{key} \"")).map(|(_, rest)| rest.to_owned());
        rest.and_then(|rest| rest.split('"').next().map(str::to_owned))
    };
    for line in std::fs::read_to_string(&gtf).unwrap().lines().filter(|line| !line.starts_with('#'))
    {
        let mut columns: Vec<String> = line.split('\t').map(str::to_owned).collect();
        let [gene, transcript, name] =
            ["gene_id", "transcript_id", "gene_name"].map(|key| value(&columns[8], key));
        let (gene, transcript) = (gene.unwrap(), transcript.unwrap_or_default());
        columns[8] = match columns[2].as_str() {
            "gene" => format!("ID=gene:{gene};Name={}", name.unwrap_or(gene.clone())),
            "transcript" => format!("ID=transcript:{transcript};Parent=gene:{gene}"),
            "exon" => format!("Parent=transcript:{transcript}"),
            _ => continue,
        };
        text += &(columns.join("\t") + "\n");
    }
    let gff3 = folder.file("genes.gff3", text);
    let model = small_model(&folder);
    let scan = |annotation: &str| {
        let args = ["scan", &fasta, "--annotation", annotation, "--model", &model, "-o", "-"];
        lines(&sites(std::str::from_utf8(&run(args)).unwrap()))
            .iter()
            .map(|line| (*line).to_owned())
            .collect::<Vec<String>>()
    };
    let found = scan(&gff3);
    assert!(!found.is_empty());
    assert_eq!(found, scan(&gtf));
}

#[test]
fn variants_have_the_class_of_their_site_and_rules_are_options() {
    let folder = Folder::new();
    let (fasta, gtf) = setting(&folder);
    let vcf = folder.at("sim/variants.vcf");
    let scored = |more: &[&str]| {
        let args = ["variants", &vcf, "--fasta", &fasta, "--annotation", &gtf];
        let text =
            String::from_utf8(run(args.iter().copied().chain(more.iter().copied()))).unwrap();
        records(&text)
    };
    let all = scored(&[]);
    let cell = |entry: &Entry, at: usize| entry.text.split('|').nth(at).unwrap().to_owned();
    let entries: Vec<&Entry> = all.iter().flat_map(|record| &record.entries).collect();
    assert!(entries.len() > 10);
    for entry in &entries {
        for at in [16, 17] {
            assert!(
                (0.0..=1.0).contains(&cell(entry, at).parse::<f64>().unwrap()),
                "{}",
                entry.text
            );
        }
    }
    assert!(entries.iter().any(|entry| cell(entry, 15) == "terminal_exon"));
    let ruled = scored(&["--rule", "intron-expressed", "--rule", "extended-1kb"]);
    for (before, after) in
        all.iter().zip(&ruled).flat_map(|(a, b)| a.entries.iter().zip(&b.entries))
    {
        let class = cell(after, 15);
        let larger = [16, 17].map(|at| cell(after, at).parse::<f64>().unwrap());
        let silent = class.starts_with("intron") && larger[0].max(larger[1]) < 0.9;
        if silent {
            assert_eq!(after.effect, "unchanged", "{}", after.text);
        } else if class != "extended_terminal_exon" {
            assert_eq!(after.effect, before.effect);
        }
    }
}

#[test]
fn usage_models_are_trained_and_measured_on_the_table_of_a_scan() {
    let folder = Folder::new();
    let (fasta, gtf) = setting(&folder);
    let prefix = folder.at("x");
    run(["scan", &fasta, "--annotation", &gtf, "--context", "-o", &prefix].into_iter().chain(LOW));
    let (table, truth) = (format!("{prefix}.context.tsv"), folder.at("sim/truth.bed"));
    let (toml, plot) = (folder.at("context.toml"), folder.at("pr.svg"));
    let data = [table.as_str(), "--fasta", &fasta, "--sites", &truth];
    let judges = ["--validation", &table, &fasta, &truth];
    let args = ["train", "context"].into_iter().chain(data).chain(judges).chain(["-o", &toml]);
    let told = polyascan().args(args).assert().success().get_output().stderr.clone();
    let told = String::from_utf8(told).unwrap();
    assert!(told.lines().any(|line| line.starts_with("intron_composite\t")), "{told}");
    assert!(
        std::fs::read_to_string(&toml).unwrap().contains("[classes.intron_composite.published]")
    );
    let args = ["evaluate", "context"].into_iter().chain(data);
    let report = run(args.chain(["--context-model", &toml, "--plot", &plot]));
    let report = String::from_utf8(report).unwrap();
    for told in ["class\tputative\tused\tscore\tAUROC", "classification alone", "with context"] {
        assert!(report.contains(told), "{report}");
    }
    assert!(std::fs::read_to_string(&plot).unwrap().contains("precision"));
    refuse(["evaluate", "context", &truth, "--fasta", &fasta, "--sites", &truth], 1, &["column"]);
}
