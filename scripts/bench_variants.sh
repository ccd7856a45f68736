#!/bin/sh
# SNVs per hour of `polyascan variants` with the default models, VCF to VCF, without annotation: spread
# over a genome (every SNV by itself) and packed (saturation: every SNV of a stretch).
# Usage: bench_variants.sh [BINARY [THREADS]]
set -eu
binary=${1:-target/release/polyascan}
threads=${2:-2}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$binary" simulate --length 10000000 --sites 2000 --contigs 1 --seed 7 -o "$folder" >/dev/null 2>&1
# POS, REF and another base, at every STEPth position of the only contig from 1000 to END.
snvs() {
    printf '##fileformat=VCFv4.3\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n'
    awk -v step="$1" -v end="$2" -v all="$3" '
        /^>/ { name = substr($1, 2); next }
        {
            line = toupper($0)
            for (i = 1; i <= length(line); i++) {
                at++
                base = substr(line, i, 1)
                if (at < 1000 || at > end || at % step || index("ACGT", base) == 0) continue
                for (k = 1; k <= (all ? 3 : 1); k++) {
                    other = substr("ACGT", (index("ACGT", base) + k - 1) % 4 + 1, 1)
                    printf "%s\t%d\t.\t%s\t%s\t.\t.\t.\n", name, at, base, other
                }
            }
        }' "$folder/genome.fa"
}
snvs 997 9990000 "" >"$folder/spread.vcf"
snvs 1 11000 all >"$folder/packed.vcf"
for kind in spread packed; do
    printf '%s: ' "$kind"
    "$binary" variants "$folder/$kind.vcf" --fasta "$folder/genome.fa" -t "$threads" -q -o "$folder/out.vcf" 2>&1 |
        sed -n 's/.* \([0-9]*\) scored + .*; \([0-9.]* s, [0-9]* alleles\/h\)$/\1 SNVs, \2/p'
done
