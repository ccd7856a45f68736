#!/bin/sh
# Tests with programs that a machine may lack: Chromium (reports), bcftools (split-vep), MultiQC and Python. What is
# absent is not run, and named at the end, for everybody to see.
set -eu
cd "$(dirname "$0")/.."
binary=${BINARY:-target/debug/polyascan}
folder=target/tools
rm -rf "$folder"
mkdir -p "$folder"
absent=

skip() {
    absent="$absent
SKIPPED: $1"
}
has() {
    command -v "$1" >/dev/null 2>&1
}

"$binary" -q simulate --length 60000 --sites 12 --contigs 2 --seed 5 -o "$folder/sim"
"$binary" -q scan "$folder/sim/genome.fa" -a "$folder/sim/genes.gtf" --tracks -o "$folder/sample"
"$binary" -q variants "$folder/sim/variants.vcf" -f "$folder/sim/genome.fa" -a "$folder/sim/genes.gtf" \
    -o "$folder/effects.vcf.gz" -W

if has python3; then
    "$binary" -q report "$folder/sample" "$folder/effects" -a "$folder/sim/genes.gtf" --gene SIM6 -o "$folder/report.html"
    python3 scripts/test_report.py --binary "$binary" --report "$folder/report.html" --seconds "${SECONDS_TO_OPEN:-6}" \
        2>"$folder/report.txt" || { cat "$folder/report.txt" >&2; exit 1; }
    ! grep -q SKIPPED "$folder/report.txt" || skip "report: no Chromium here (apt-get install chromium)"
else
    skip "report: no python3 here"
fi

if has bcftools && bcftools +split-vep -a PolyA -l "$folder/effects.vcf.gz" >"$folder/fields.txt" 2>/dev/null; then
    sh scripts/test_split_vep.sh "$folder/effects.vcf.gz"
else
    skip "split-vep: no bcftools with its plugins here (apt-get install bcftools)"
fi

if has python3 && make --no-print-directory .deps/book-venv/installed >"$folder/pip.txt" 2>&1; then
    BINARY=$binary sh scripts/test_multiqc.sh
else
    skip "MultiQC: it cannot be installed here ($folder/pip.txt)"
fi

# The library is compiled once more for it: ten minutes of CPU.
if [ -z "${TEST_PYTHON:-}" ]; then
    skip "Python: TEST_PYTHON=1 builds the package and runs its tests, as make python-test does"
elif has python3 && make --no-print-directory .deps/python-venv/installed >"$folder/pip.txt" 2>&1 &&
    ${CARGO:-cargo} fetch --locked --manifest-path python/Cargo.toml >>"$folder/pip.txt" 2>&1; then
    make --no-print-directory python-test
else
    skip "Python: what the package is built with cannot be installed here ($folder/pip.txt)"
fi

echo "tools: all that is here works$absent"
