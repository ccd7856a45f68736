//! `report` and `plot`: a page that needs nothing else, tells what is in the files, and does what
//! no name in them asks for.

use std::fs;

use serde_json::Value;

use crate::support::*;

/// A simulated genome scanned with tracks, and its variants; returns the folder's prefix of
/// everything.
fn runs(folder: &Folder) -> (String, String, String) {
    let genome = simulate(&folder.at("sim"), 24_000, 4, 1, 3);
    let (genes, sample) = (folder.at("sim/genes.gtf"), folder.at("sample"));
    let out = folder.at("out");
    run(["scan", &genome, "--annotation", &genes, "--tracks", "-o", &sample]);
    let (vcf, to) = (folder.at("sim/variants.vcf"), format!("{out}.vcf.gz"));
    run(["variants", &vcf, "--fasta", &genome, "--annotation", &genes, "-o", &to]);
    (sample, out, genes)
}

/// The data of a page.
fn data(page: &str) -> Value {
    let html = fs::read_to_string(page).unwrap();
    let data = html.split("type=\"application/json\">").nth(1).unwrap();
    serde_json::from_str(data.split("</script>").next().unwrap()).unwrap()
}

fn table<'d>(data: &'d Value, title: &str) -> &'d Value {
    let sections = data["sections"].as_array().unwrap().iter();
    let mut tables = sections.flat_map(|section| section["tables"].as_array().unwrap());
    tables.find(|table| table["title"] == title).unwrap()
}

fn column(table: &Value, name: &str) -> Vec<Value> {
    let mut columns = table["columns"].as_array().unwrap().iter();
    let cells = &columns.find(|column| column["name"] == name).unwrap()["cells"];
    match &cells["codes"] {
        Value::Array(codes) => codes
            .iter()
            .map(|code| {
                code.as_u64().map_or(Value::Null, |at| cells["levels"][at as usize].clone())
            })
            .collect(),
        _ => cells.as_array().unwrap().clone(),
    }
}

#[test]
fn a_page_tells_what_the_files_tell() {
    let folder = Folder::new();
    let (sample, out, genes) = runs(&folder);
    let page = folder.at("deep/report.html");
    run(["report", &sample, &format!("{out}.vcf.gz"), "-a", &genes, "--gene", "SIM2", "-o", &page]);
    let data = data(&page);
    let bed = fs::read_to_string(format!("{sample}.sites.bed")).unwrap();
    let sites = sites(&bed);
    let mut names: Vec<String> = sites.iter().map(|site| site.name.clone()).collect();
    let of_page = table(&data, "Sites");
    assert_eq!((&of_page["total"], &of_page["shown"]), (&names.len().into(), &names.len().into()));
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let mut shown: Vec<String> = column(of_page, "site").iter().map(text).collect();
    names.sort();
    shown.sort();
    assert_eq!(shown, names);
    let posteriors: Vec<f64> =
        column(of_page, "posterior").iter().map(|value| value.as_f64().unwrap()).collect();
    assert!(posteriors.is_sorted_by(|a, b| a >= b), "the best come first");

    let summary: Value =
        serde_json::from_str(&fs::read_to_string(format!("{sample}.summary.json")).unwrap())
            .unwrap();
    let facts = data["sections"][0]["facts"].to_string();
    for part in ["model", "fasta", "annotation"] {
        assert!(facts.contains(summary[part]["sha256"].as_str().unwrap()), "{part}");
    }
    assert!(facts.contains("min_posterior") && facts.contains("--tracks"), "{facts}");
    let accounts = data["sections"][0]["facts"]["accounts"].as_array().unwrap();
    for account in accounts {
        let parts =
            account["parts"].as_array().unwrap().iter().map(|part| part[1].as_u64().unwrap());
        assert_eq!(parts.sum::<u64>(), account["total"].as_u64().unwrap(), "{account}");
    }
    assert_eq!(accounts[0]["total"], summary["windows"]["requested"]);

    let effects = table(&data, "Variants");
    let other: Value =
        serde_json::from_str(&fs::read_to_string(format!("{out}.summary.json")).unwrap()).unwrap();
    let with_site: u64 =
        other["totals"]["effects"].as_object().unwrap().values().map(|n| n.as_u64().unwrap()).sum();
    assert_eq!(effects["total"], with_site);
    let weakened = column(effects, "effect").iter().filter(|effect| **effect == "weakened").count();
    assert_eq!(weakened as u64, other["totals"]["effects"]["weakened"].as_u64().unwrap());
}

#[test]
fn a_locus_has_the_gene_its_sites_tracks_and_variants() {
    let folder = Folder::new();
    let (sample, out, genes) = runs(&folder);
    let page = folder.at("report.html");
    run([
        "report",
        &sample,
        &out,
        "-a",
        &genes,
        "--gene",
        "SIM1,SIM2",
        "-r",
        "chrSim1:1-5,000",
        "--sites",
        &format!("planted={}", folder.at("sim/truth.bed")),
        "-o",
        &page,
    ]);
    let data = data(&page);
    let loci = data["loci"].as_array().unwrap();
    let names: Vec<&str> = loci.iter().map(|locus| locus["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["chrSim1:1-5,000", "SIM1", "SIM2"]);
    let bed = fs::read_to_string(format!("{sample}.sites.bed")).unwrap();
    let sites = sites(&bed);
    for locus in loci {
        let (start, end) = (locus["start"].as_u64().unwrap(), locus["end"].as_u64().unwrap());
        let inside =
            sites.iter().filter(|site| (start..end).contains(&(site.start as u64))).count();
        let scan = &locus["layers"][0];
        assert_eq!(scan["sites"].as_array().unwrap().len(), inside, "{}", locus["name"]);
        assert!(!locus["models"].as_array().unwrap().is_empty());
        for track in scan["tracks"].as_array().unwrap() {
            assert_eq!(track["letters"].as_str().unwrap().len() as u64, end - start);
        }
        let kinds: Vec<&str> = locus["panels"]
            .as_array()
            .unwrap()
            .iter()
            .map(|panel| panel["kind"].as_str().unwrap())
            .collect();
        assert_eq!(&kinds[..2], ["axis", "genes"]);
        assert!(kinds.contains(&"track") && kinds.contains(&"sites"), "{kinds:?}");
    }
    assert!(loci[1]["known"].to_string().contains("planted"));
    assert!(loci.iter().any(|locus| !locus["layers"][1]["alleles"].as_array().unwrap().is_empty()));
}

#[test]
fn the_same_files_give_the_same_page_and_figure() {
    let folder = Folder::new();
    let (sample, out, genes) = runs(&folder);
    let make = |ending: &str| {
        let name = folder.at(&format!("again.{ending}"));
        let command = if ending == "html" { "report" } else { "plot" };
        run([command, &sample, &out, "-a", &genes, "--gene", "SIM2", "-o", &name]);
        fs::read(name).unwrap()
    };
    for ending in ["html", "svg", "png"] {
        assert!(make(ending) == make(ending), "{ending}");
    }
    let svg = String::from_utf8(make("svg")).unwrap();
    assert!(
        svg.contains(">SIM2<") && svg.contains("variants") && svg.contains("cleavage (+)"),
        "{svg}"
    );
    assert!(make("png").starts_with(b"\x89PNG"));
}

#[test]
fn the_best_rows_are_shown_and_it_is_said_how_many_are_not() {
    let folder = Folder::new();
    let (sample, ..) = runs(&folder);
    let page = folder.at("report.html");
    let all = data_of(&folder, &sample);
    let command =
        polyascan().args(["report", &sample, "--rows", "5", "-o", &page]).assert().success();
    let said = String::from_utf8_lossy(&command.get_output().stderr).into_owned();
    let total = table(&all, "Sites")["total"].as_u64().unwrap();
    assert!(said.contains(&format!("the best 5 of {total} sites are in their table")), "{said}");
    let cut = data(&page);
    let (few, many) = (column(table(&cut, "Sites"), "site"), column(table(&all, "Sites"), "site"));
    assert_eq!(few, many[..5]);
    let charts = |data: &Value| data["sections"][0]["charts"].clone();
    assert_eq!(charts(&cut), charts(&all), "what is cut is counted all the same");
}

fn data_of(folder: &Folder, prefix: &str) -> Value {
    let page = folder.at("whole.html");
    run(["report", prefix, "-o", &page]);
    data(&page)
}

#[test]
fn hostile_names_stay_text() {
    let folder = Folder::new();
    let hostile = "</script><img/src=x onerror=alert(1)>";
    folder.file(
        "evil.sites.bed",
        format!(
            "## command: {hostile}\n#chrom\tstart\tend\tstrand\tprobability\tcleavage\tgene\tfeature\n\
             {hostile}\t5\t6\t+\t0.9\t0.1\t{hostile}\t{hostile}\n"
        ),
    );
    let summary = serde_json::json!({"windows": {"requested": 1}, "notes": [hostile], "command_line": hostile});
    folder.file("evil.summary.json", summary.to_string());
    let page = folder.at("report.html");
    run(["report", &folder.at("evil"), "--title", hostile, "-r", hostile, "-o", &page]);
    let html = fs::read_to_string(&page).unwrap();
    assert_eq!(html.matches("<script").count(), 2, "the data and the program");
    assert_eq!(html.matches("</script").count(), 2);
    assert!(!html.contains("<img"));
    let data = data(&page);
    assert_eq!(data["title"], hostile);
    assert_eq!(column(table(&data, "Sites"), "gene"), [hostile]);
    let svg = folder.at("evil.svg");
    run(["plot", &folder.at("evil"), "-r", hostile, "-o", &svg]);
    assert!(!fs::read_to_string(&svg).unwrap().contains("<img"));
}

#[test]
fn what_cannot_be_reported_is_refused() {
    let folder = Folder::new();
    let (sample, _, genes) = runs(&folder);
    let page = folder.at("report.html");
    let none = folder.at("none");
    refuse(["report", &none, "-o", &page], 1, &["none.summary.json", "give the PREFIX"]);
    refuse(["report", &sample, "-o", &page, "--rows", "0"], 2, &["--rows 0"]);
    let asked = ["report", &sample, "-a", &genes, "-o", &page, "--gene"];
    refuse(asked.iter().chain(&["SIM99"]), 1, &["no gene \"SIM99\"", "did you mean SIM"]);
    refuse(["report", &sample, "-r", "chr7", "-o", &page], 1, &["no contig is called \"chr7\""]);
    let bed = format!("{sample}.sites.bed");
    refuse(["report", &sample, "-o", &bed], 2, &["input and output are the same file"]);
    let plot = ["plot", &sample, "-r", "chrSim1:1-900", "-o"];
    refuse(plot.iter().chain(&[&*folder.at("x.pdf")]), 2, &["ends in .svg or .png"]);
    let svg = folder.at("x.svg");
    let two = ["plot", &sample, "-a", &genes, "--gene", "SIM1,SIM2", "-o", &svg];
    refuse(two, 2, &["a figure shows one"]);
    refuse(["plot", &sample, "-r", "chrSim1", "--width", "1", "-o", &svg], 2, &["--width 1"]);
    let track = format!("{sample}.plus.cleavage.bw");
    let bytes = fs::read(&track).unwrap();
    fs::write(&track, &bytes[..bytes.len() / 2]).unwrap();
    refuse(
        ["plot", &sample, "-r", "chrSim1:1-900", "-o", &svg],
        1,
        &["plus.cleavage.bw: not a bigWig file, or damaged"],
    );
    fs::remove_file(&bed).unwrap();
    refuse(
        ["report", &sample, "-o", &page],
        1,
        &["whose results are not beside it", ".sites.bed.gz"],
    );
    assert!(!std::path::Path::new(&page).exists() && !std::path::Path::new(&svg).exists());
}
