#!/bin/sh
# Runs the commands of the README and of docs/ with two programs and compares all that they write, to the byte:
#   compare_outputs.sh BEFORE AFTER [DATA]
# for changes that must not change results. DATA (../shared/data) holds chr9, yeast and the SNVs with measured effects;
# without it only what the program simulates is run. What may differ: the version, times, and what threads decide of them.
# Two threads before, one after: results depend on neither. About ten minutes. COMPARE=DIR keeps the files there.
set -eu

scripts=$(cd "$(dirname "$0")" && pwd)
[ $# -ge 2 ] || { sed -n '2,6s/^# //p' "$0" >&2; exit 2; }
before=$(realpath "$1") after=$(realpath "$2")
data=$(realpath "${3:-../shared/data}" 2>/dev/null || true)
work=${COMPARE:-$(mktemp -d)}
[ -n "${COMPARE:-}" ] || trap 'rm -rf "$work"' EXIT
mkdir -p "$work/before/bin" "$work/after/bin"
# By one name, which pages and summaries show.
ln -sfn "$before" "$work/before/bin/polyascan" && ln -sfn "$after" "$work/after/bin/polyascan"
different=0 compared=0

# Runs `polyascan ARGUMENTS` in both folders; what it writes on standard output is a file, too.
both() {
  name=$1 threads=$2
  shift 2
  for side in before:2 after:1; do
    folder=$work/${side%:*}
    mkdir -p "$folder/$name"
    count=''
    [ "$threads" = - ] || count="--threads ${side#*:}"
    # shellcheck disable=SC2086
    (cd "$folder" && bin/polyascan "$@" $count >"$name/stdout" 2>"$work/$name.log") \
      || { echo "FAILED     polyascan $*"; sed 's/^/           /' "$work/$name.log"; exit 1; }
  done
}

# Does so and compares.
run() {
  both "$@"
  name=$1
  shift 2
  compared=$((compared + 1))
  if python3 "$scripts/compare_runs.py" "$work/before/$name" "$work/after/$name" >"$work/result" 2>&1; then
    echo "same       polyascan $*  ($(find "$work/before/$name" -type f | wc -l) files)"
  else
    different=$((different + 1))
    echo "DIFFERENT  polyascan $*"
    sed 's/^/           /' "$work/result"
  fi
}

g='demo/genome.fa' a='demo/genes.gtf' v='demo/variants.vcf'
run demo - simulate --length 200000 --sites 40 --seed 1 -o demo
run scan + scan $g --annotation $a --tracks -o scan/s
run sensitive + scan $g --stringency sensitive --merge-distance 0 -o sensitive/s
run gene + scan $g --annotation $a --gene SIM6 --tracks -o gene/s
both shard1 + scan $g --annotation $a --tracks --shard 1/2 -o shard1/s
both shard2 + scan $g --annotation $a --tracks --shard 2/2 -o shard2/s
run merged - merge shard1/s.1-of-2.shard shard2/s.2-of-2.shard -o merged/s
run calls - evaluate calls scan/s.sites.bed --truth demo/truth.bed --decoys demo/decoys.bed --json
run variants + variants $v --fasta $g --annotation $a -o variants/v.vcf.gz --write-index
run table + variants $v --fasta $g --annotation $a --tsv table/v.tsv -o table/v.vcf
run bcf + variants $v --fasta $g -o bcf/v.bcf
run mutagenesis + mutagenesis -f $g -a $a --gene SIM6 --plots 1 -o mutagenesis/m
run precompute + precompute -f $g -a $a --around 60 -o precompute
run looked_up + variants $v --fasta $g --annotation $a --precomputed precompute -o looked_up/v.vcf
run report - report scan/s variants/v --annotation $a --gene SIM6,SIM13 -o report/report.html
run plot - plot --gene SIM6 --annotation $a scan/s -o plot/plot.svg
run predict + predict $g --every 50 -o predict/p.tsv
run importance + motifs importance demo/truth.bed -f $g --replacements 4 -o importance/i
run pairs + motifs pairs demo/truth.bed -f $g --replacements 4 -o pairs/p
run attribute + attribute -f $g --sites demo/truth.bed --steps 8 -o attribute/a
run models - models list
run config - config --default

if [ -n "$data" ] && [ -d "$data/human" ]; then
  ln -sfn "$data" "$work/before/data" && ln -sfn "$data" "$work/after/data"
  g=data/human/chr9_public_test.fa.gz a=data/human/chr9_public_test.gtf.gz
  run chr9 + scan $g --annotation $a --tracks -o chr9/s
  run chr9_variant + variants --variant 9:746085:T:G --fasta $g --annotation $a -o chr9_variant/v.vcf
  run chr9_sites + evaluate scan --fasta $g --sites data/human/chr9_public_test_sites.tsv --json
  run yeast + scan data/yeast/Saccharomyces_cerevisiae.R64-1-1.dna.toplevel.fa.gz --model yeast -r I -o yeast/s
  models=$data/../models
  if [ -d "$models" ]; then
    for file in aparent2_resnet_no_clinvar_wt_ep_5.h5 deerect_omni.npz polyaid_keras_small_random.h5 \
      polyastrength_keras_random_weights_only.h5 pysster_NOVA.h5; do
      run "convert_$file" - convert "$(realpath "$models/$file")" "convert_$file/model.safetensors"
    done
    run chr9_aparent2 + scan $g -r 9:1-20000 --model convert_aparent2_resnet_no_clinvar_wt_ep_5.h5/model.safetensors -o chr9_aparent2/s
    run chr9_polyaid + scan $g -r 9:1-20000 --model convert_polyaid_keras_small_random.h5/model.safetensors -o chr9_polyaid/s
  fi
fi
echo "$compared commands, $different with differences"
[ $different = 0 ]
