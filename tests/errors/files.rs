//! The files that the commands of docs/ERRORS.md name.

use std::fs;

use candle_core::{Device, Tensor};

use crate::support::*;

/// Makes them.
pub fn all() -> Folder {
    let folder = Folder::new();
    folder.folder("folder");
    genomes(&folder);
    annotations(&folder);
    tables(&folder);
    runs(&folder);
    configurations(&folder);
    weights(&folder);
    variants(&folder);
    chunks(&folder);
    folder
}

fn genomes(folder: &Folder) {
    let genome = format!(">chr1\n{}\n", "ACGTTGCAAG".repeat(50));
    let (gz, mut damaged) = (gzip(genome.as_bytes()), gzip(genome.as_bytes()));
    let checksum = damaged.len() - 6;
    damaged[checksum] ^= 1;
    let bgz = bgzip(genome.as_bytes());
    let header = format!(">{}", "x".repeat(2 << 20));
    let contents: [(&str, &[u8]); 15] = [
        ("genome.fa", genome.as_bytes()),
        ("empty.fa", b""),
        ("reads.fq", b"@read\nACGT\n+\nIIII\n"),
        ("noname.fa", b">a\nAC\n>\nAC\n"),
        ("twice.fa", b">a\nAC\n>a\nAC\n"),
        ("bell.fa", b">a\x07\nAC\n"),
        ("latin1.fa", b">\xe4\nAC\n"),
        ("header.fa", header.as_bytes()),
        ("mac.fa", b">a\rAC\r"),
        ("letter.fa", b">a\nAC!\n"),
        ("archive.fa", b"PK\x03\x04"),
        ("utf16.fa", b"\xff\xfe>\0a\0"),
        ("cut.fa.gz", &gz[..gz.len() - 9]),
        ("damaged.fa.gz", &damaged),
        ("noend.fa.gz", &bgz[..bgz.len() - 1]),
    ];
    contents.iter().for_each(|(name, bytes)| drop(folder.file(name, bytes)));
}

fn annotations(folder: &Folder) {
    let row = |contig: &str, start: u32, end: u32, strand: &str, attributes: &str| {
        format!("{contig}\tx\texon\t{start}\t{end}\t.\t{strand}\t.\t{attributes}\n")
    };
    let id = "gene_id \"G\";";
    for (name, text) in [
        ("nothing", "# no rows\n".into()),
        ("torn.gff3", "##gff-version 3\nchr1\texon\n".into()),
        ("columns", "chr1\texon\n".into()),
        ("tab", row("chr1", 1, 9, "+", "gene_id \"G\";\tmore")),
        ("position", row("chr1", 0, 9, "+", id)),
        ("reversed", row("chr1", 9, 1, "+", id)),
        ("past", row("chr1", 1, 501, "+", id)),
        ("strand", row("chr1", 1, 9, "plus", id)),
        ("quote", row("chr1", 1, 9, "+", "gene_id \"G")),
        ("noid", row("chr1", 1, 9, "+", "note \"T\";")),
        ("other", row("2L", 1, 9, "+", id)),
        ("nul", row("chr1", 1, 9, "+", "gene_id \"G\0\";")),
        (
            "named",
            row("chr1", 1, 9, "+", "gene_id \"G1\"; transcript_id \"T\"; gene_name \"GENE\";"),
        ),
        ("mac", row("chr1", 1, 9, "+", id).replace('\n', "\r").repeat(2)),
    ] {
        folder.file(&format!("{name}.gtf"), text);
    }
}

fn tables(folder: &Folder) {
    for (name, text) in [
        ("none.bed", "# no lines\n"),
        ("columns.bed", "chr1\t5\n"),
        ("contig.bed", "chr9\t0\t5\n"),
        ("position.bed", "chr1\tx\t5\n"),
        ("empty.bed", "chr1\t5\t5\n"),
        ("past.bed", "chr1\t0\t501\n"),
        ("strand.bed", "chr1\t0\t5\tname\t0\t?\n"),
        ("mac.bed", "chr1\t0\t5\rchr1\t6\t7\r"),
        ("pair.bed", "chr1\t5\t7\tsite\t0\t+\n"),
        ("bare.bed", "chr1\t5\t6\n"),
        ("sites.bed", "chr1\t250\t251\tsite\t0\t+\n"),
        ("other.bed", "2L\t10\t11\tsite\t0\t+\n"),
        ("letter.txt", "ACGT!\n"),
        ("windows.txt", "ACGTACGTACGT\n"),
        ("table.tsv", "name\tletters\n"),
        ("nocolumn.tsv", "contig\tstrand\nchr1\t+\n"),
        ("number.tsv", "contig\toffset\tstrand\nchr1\tx\t+\n"),
        ("partial.tsv", "chrom\tpos\tid\n"),
        ("commas.csv", "chrom,pos,ref,alt\n"),
        ("norow.txt", "rs17\n"),
        ("outside.tsv", "contig\toffset\tstrand\nchr1\t501\t+\n"),
    ] {
        folder.file(name, text);
    }
}

/// What scans may have left behind.
fn runs(folder: &Folder) {
    let summary = "{\"windows\":{\"requested\":1}}";
    let header = "#chrom\tstart\tstrand\tprobability\tcleavage\n";
    let row = "chr1\t5\t+\t0.9\t0.1\n";
    for (name, sites) in [
        ("done", format!("{header}{row}")),
        ("nocolumn", "#chrom\tstart\n".to_owned()),
        ("cutrow", format!("{header}chr1\t5\n")),
        ("badcell", format!("{header}{}", row.replace('5', "x"))),
        ("nohead", "## polyascan\n".to_owned()),
        ("badtrack", format!("{header}{row}")),
    ] {
        folder.file(&format!("{name}.sites.bed"), sites);
        folder.file(&format!("{name}.summary.json"), summary);
    }
    folder.file("badtrack.plus.cleavage.bw", "no bigWig");
    folder.file("lone.summary.json", summary);
    folder.file("torn.summary.json", "{");
    folder.file("strange.summary.json", "{}");
}

fn configurations(folder: &Folder) {
    let recipe = include_str!("../../config/train/deerect.toml");
    let changed = |from: &str, to: &str| {
        assert!(recipe.contains(from), "{from}");
        recipe.replace(from, to)
    };
    let tuned = |range: &str| format!("{recipe}\n[tune]\n{range}\n");
    for (name, text) in [
        ("syntax", "[scan]\nbackground == 1\n".to_owned()),
        ("entry", "[scan]\nbackgruond = 1\n".into()),
        ("type", "[scan]\nbackground = \"low\"\n".into()),
        ("range", "[scan]\nbackground = 2\n".into()),
        ("remembered", "[variants]\nremembered = 9223372036854775807\n".into()),
        ("signal", recipe.into()),
        ("unknown", changed("[network]", "[netwrok]")),
        ("zero", changed("epochs = 15", "epochs = 0")),
        ("dropout", changed("dropout = 0.25", "dropout = 1.0")),
        ("still", changed("learning_rate = 2e-2", "learning_rate = 0.0")),
        ("ranges", tuned("optimiser.learning_rate = { log = [1e-1, 1e-3] }")),
        ("speed", tuned("optimiser.speed = { log = [1e-3, 1e-1] }")),
    ] {
        folder.file(&format!("{name}.toml"), text);
    }
}

fn weights(folder: &Folder) {
    let whole = fs::read(small_model(folder)).unwrap();
    folder.file("cut.safetensors", &whole[..whole.len() - 1]);
    for name in ["nameless", "unet", "unsized", "partial", "infinite"] {
        let (mut tensors, mut metadata) = small_weights();
        match name {
            "nameless" => drop(metadata.remove("architecture")),
            "unet" => drop(metadata.insert("architecture".into(), name.into())),
            "unsized" => drop(metadata.remove("config")),
            "partial" => drop(tensors.remove("stem.bias")),
            _ => {
                let large = Tensor::full(3e38_f32, (16, 51), &Device::Cpu).unwrap();
                tensors.insert("output.weight".into(), large);
            }
        }
        let bytes = safetensors::serialize(&tensors, Some(metadata)).unwrap();
        folder.file(&format!("{name}.safetensors"), bytes);
    }
    folder.file("cut.h5", b"\x89HDF\r\n\x1a\n\0\0\0\0\0\x08\x08\0");
    folder.file("cut.npz", [b"PK\x03\x04", &[0; 22][..], b"\x05\0\0\0a.npy"].concat());
    let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }\n";
    let length = (header.len() as u16).to_le_bytes();
    let array = [b"\x93NUMPY\x01\0", &length[..], header.as_bytes(), &[0; 4]].concat();
    folder.file("array.npy", array);
}

fn variants(folder: &Folder) {
    let header = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n";
    let row = |position: &str, reference: &str, alternate: &str| {
        format!("chr1\t{position}\t.\t{reference}\t{alternate}\t.\t.\t.\n")
    };
    let rows = |rows: &[String]| header.to_owned() + &rows.concat();
    let good = row("251", "A", "C");
    let named = |names: &str| header.replace("INFO", &format!("INFO\t{names}"));
    for (name, text) in [
        ("good", rows(std::slice::from_ref(&good))),
        ("nochrom", "##fileformat=VCFv4.2\n".into()),
        ("old", header.replace("v4.2", "v3.3")),
        ("names", header.replace("POS", "POSITION")),
        ("samples", named("FORMAT\ta\ta")),
        ("unnamed", named("FORMAT\ta\t")),
        ("columns", rows(&["chr1\t251\t.\tA\tC\t.\t.\n".into()])),
        ("joined", rows(&[good.clone(), header.into(), good.clone()])),
        ("position", rows(&[row("x", "A", "C")])),
        ("empty", rows(&[row("251", "", "C")])),
        ("bell", rows(&[row("251", "A", "\x07")])),
        ("mac", header.replace('\n', "\r")),
        ("undefined", rows(&[good.replace("\t.\n", "\tX=1\n")])),
        ("mismatch", rows(&[row("251", "G", "C")])),
        ("unsorted", rows(&[row("252", "C", "A"), good.clone()])),
        ("far", rows(&[good.clone(), row("600000000", "A", "C")])),
        ("contig", header.replace("#CHROM", "##contig=<ID=chr1>\n#CHROM") + &good),
    ] {
        folder.file(&format!("{name}.vcf"), text);
    }
    folder.file("header.bcf", b"BCF\x02\x02\x64\0\0\0##fileformat");
    folder.file("older.bcf", b"BCF\x02\x01\x0d\0\0\0##fileformat\n\0");
    let [vcf, genome, bcf] = ["contig.vcf", "genome.fa", "whole.bcf"].map(|name| folder.at(name));
    run(["variants", &vcf, "--fasta", &genome, "-q", "-O", "u", "-o", &bcf]);
    let whole = fs::read(&bcf).unwrap();
    folder.file("record.bcf", &whole[..whole.len() - 1]);
    let mut number_twice = whole.clone();
    let pass = whole.windows(7).position(|window| window == b"ID=PASS").unwrap();
    number_twice[pass + 3] = b'Q';
    folder.file("numbers.bcf", number_twice);
}

fn chunks(folder: &Folder) {
    let genes = "chr1\tx\texon\t1\t500\t.\t+\t.\tgene_id \"G\";\n";
    let genes = folder.file("genes.gtf", genes);
    let scan = |name: &str, shard: &str, more: &[&str]| {
        let [genome, prefix] = ["genome.fa", name].map(|name| folder.at(name));
        run([&["scan", &genome, "-q", "-o", &prefix, "--shard", shard], more].concat());
        fs::read(format!("{prefix}.{}.shard", shard.replace('/', "-of-"))).unwrap()
    };
    scan("a", "1/2", &[]);
    let second = scan("a", "2/2", &[]);
    folder.file("cut.shard", &second[..second.len() - 1]);
    let other = scan("other", "1/1", &["--min-probability", "0.4"]);
    folder.file("kept.checkpoint", other);
    scan("weak", "2/2", &["--min-probability", "0.4"]);
    scan("tracks", "1/1", &["--tracks"]);
    scan("genes", "1/1", &["--annotation", &genes]);
    folder.file("headless.shard", "polyascan frames 3\n");
    folder.folder("folder.checkpoint");
    folder.file(".held.polyascan.lock", "mine");
}
