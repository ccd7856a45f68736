#!/bin/sh
# Runs MultiQC on what `--multiqc` writes of two simulated genomes, scanned with and without genes, and of their
# variants: its page and its tables must have every sample with the numbers of the summaries.
set -eu
cd "$(dirname "$0")/.."
root=$PWD
binary=$root/${BINARY:-target/release/polyascan}
bin=$root/${BOOK_VENV:-.deps/book-venv}/bin
folder=target/multiqc
rm -rf "$folder"
mkdir -p "$folder"
cd "$folder"
for sample in one:1 two:2; do
    name=${sample%:*}
    "$binary" -q simulate --length 100000 --sites 20 --seed "${sample#*:}" -o "$name"
    "$binary" -q scan "$name/genome.fa" --gtf "$name/genes.gtf" --multiqc -o "out/$name"
    "$binary" -q scan "$name/genome.fa" --multiqc -o "out/${name}_whole"
    "$binary" -q variants "$name/variants.vcf" -f "$name/genome.fa" --multiqc -o "out/${name}_variants.vcf.gz"
done
"$bin/multiqc" --quiet --no-version-check --outdir report out
"$bin/python" - <<'PYTHON'
import csv, glob, json, pathlib

def table(name):
    with open(f"report/multiqc_data/{name}", newline="") as file:
        return {row["Sample"]: row for row in csv.DictReader(file, delimiter="\t")}

def column(row, name):
    found = [value for key, value in row.items() if key.split("-")[-1] == name and value]
    assert len(found) == 1, (row, name)
    return float(found[0])

general = table("multiqc_general_stats.txt")
for path in glob.glob("out/*.summary.json"):
    sample, summary = pathlib.Path(path).name.removesuffix(".summary.json"), json.load(open(path))
    if "totals" in summary:
        totals = summary["totals"]
        assert column(general[sample], "alleles") == totals["alleles"], sample
        changed = sum(n for name, n in totals["effects"].items() if name != "unchanged")
        assert column(general[sample], "changed") == changed, sample
    else:
        assert column(general[sample], "sites") == summary["sites"]["total"], sample
        assert column(general[sample], "scored") == summary["windows"]["scored"], sample
page = pathlib.Path("report/multiqc_report.html").read_text()
for text in ("PolyA sites by class", "Alleles by their greatest effect", "PolyA changed", "two_variants"):
    assert text in page, text
print(f"{len(general)} samples in the general statistics; page: {pathlib.Path('report/multiqc_report.html').resolve()}")
PYTHON
