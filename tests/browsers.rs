//! What `scan` writes for genome browsers: bigBed, a track hub, a session of IGV.

use std::fs;

use bigtools::BigBedRead;

use crate::support::*;

/// A scan with files for browsers.
fn scanned(folder: &Folder, prefix: &str, more: &[&str]) {
    let (genome, genes) = (folder.at("sim/genome.fa"), folder.at("sim/genes.gtf"));
    if !fs::exists(&genome).unwrap() {
        simulate(&folder.at("sim"), 60_000, 10, 2, 5);
    }
    let args = ["scan", &genome, "--annotation", &genes, "--hub", "hg38", "-o", prefix];
    run([&args[..], more].concat());
}

#[test]
fn the_big_bed_holds_the_rows_of_the_bed_in_the_colours_of_the_strands() {
    let folder = Folder::new();
    let prefix = folder.at("out/x");
    scanned(&folder, &prefix, &["--stringency", "sensitive"]);
    let rows = sites_of(&prefix);
    let mut reader = BigBedRead::open_file(format!("{prefix}.sites.bb")).unwrap();
    assert_eq!(
        reader.autosql().unwrap().unwrap(),
        fs::read_to_string(format!("{prefix}.as")).unwrap()
    );
    assert_eq!(reader.info().header.field_count, 26);
    assert_eq!(reader.info().header.defined_field_count, 9);
    let mut found = Vec::new();
    for contig in ["chrSim1", "chrSim2"] {
        for item in reader.get_interval(contig, 0, 60_000).unwrap() {
            let item = item.unwrap();
            let cells: Vec<&str> = item.rest.split('\t').collect();
            let strand = cells[2];
            assert_eq!(cells[5], if strand == "+" { "0,114,178" } else { "200,85,0" });
            let place = [contig.to_owned(), item.start.to_string(), item.end.to_string()];
            let cells = cells[..3].iter().chain(&cells[6..]).map(|cell| (*cell).to_owned());
            found.push(place.into_iter().chain(cells).collect::<Vec<_>>().join("\t"));
        }
    }
    assert_eq!(found, lines(&rows));
    assert!(
        rows.iter().any(|site| site.strand == '+') && rows.iter().any(|site| site.strand == '-')
    );
}

#[test]
fn a_hub_and_a_session_name_every_track_with_limits_and_files_that_are_there() {
    let folder = Folder::new();
    let prefix = folder.at("out/my sample");
    scanned(&folder, &prefix, &[]);
    let read = |ending: &str| fs::read_to_string(format!("{prefix}.{ending}")).unwrap();
    assert!(read("hub.txt").contains("\ngenomesFile my%20sample.genomes.txt\n"));
    assert_eq!(read("genomes.txt"), "genome hg38\ntrackDb my%20sample.trackDb.txt\n");
    let (tracks, session) = (read("trackDb.txt"), read("igv.xml"));
    let files = [
        "sites.bb",
        "plus.cleavage.bw",
        "minus.cleavage.bw",
        "plus.probability.bw",
        "minus.probability.bw",
    ];
    let mut after = 0;
    for file in files {
        assert!(fs::exists(format!("{prefix}.{file}")).unwrap(), "{file}");
        let at = tracks.find(&format!("bigDataUrl my%20sample.{file}\n")).expect(file);
        assert!(at > after, "{file}");
        after = at;
        assert!(session.contains(&format!("<Resource path=\"my sample.{file}\"/>")), "{file}");
    }
    assert_eq!(tracks.matches("viewLimits 0:1").count(), 4);
    assert_eq!(session.matches("minimum=\"0.0\" maximum=\"1.0\"").count(), 4);
    refuse(["scan", &folder.at("sim/genome.fa"), "--hub", "a\nb", "-o", &prefix], 2, &["assembly"]);
}

#[test]
fn shards_merge_into_the_files_for_browsers_of_the_run_in_one_go() {
    let folder = Folder::new();
    let [whole, cut] = ["whole/x", "cut/x"].map(|name| folder.at(name));
    scanned(&folder, &whole, &[]);
    for shard in ["1/2", "2/2"] {
        scanned(&folder, &cut, &["--shard", shard]);
    }
    let shards = ["1-of-2", "2-of-2"].map(|shard| format!("{cut}.{shard}.shard"));
    let merged = folder.at("merged/x");
    run(["merge", &shards[0], &shards[1], "-o", &merged]);
    for file in ["sites.bb", "as", "hub.txt", "genomes.txt", "trackDb.txt", "igv.xml"] {
        let [a, b] = [&whole, &merged].map(|prefix| fs::read(format!("{prefix}.{file}")).unwrap());
        assert!(a == b, "{file}");
    }
}

/// A bigBed cannot be empty: that there is none is said, and the hub names what is there.
#[test]
fn without_a_site_there_is_no_big_bed_and_an_older_one_goes() {
    let folder = Folder::new();
    let prefix = folder.at("out/x");
    scanned(&folder, &prefix, &[]);
    let short = folder.file("short.fa", ">a\nACGTACGT\n");
    run(["scan", &short, "--bigbed", "-o", &prefix]);
    assert_eq!(names(&folder.at("out")), ["x.as", "x.sites.bed", "x.summary.json"]);
    let notes = summary(&prefix)["notes"].to_string();
    assert!(notes.contains("x.sites.bb: not written, there is no site"), "{notes}");
}
