#!/bin/sh
# Runs workflow/ on two simulated genomes and their variants, and compares each merged file with that of a run in
# one go, to the byte.
#
#   sh scripts/test_workflow.sh            here (make workflow)
#   sh scripts/test_workflow.sh cluster    through workflow/profiles/generic and a pretended SLURM
#                                          (scripts/fake_slurm.sh), which kills jobs (make workflow-test)
set -eu
cd "$(dirname "$0")/.."
root=$PWD
where=${1:-local}
binary=$root/${BINARY:-target/release/polyascan}
bin=$root/${WORKFLOW_VENV:-.deps/workflow-venv}/bin
die() { echo "test_workflow.sh: $*" >&2; exit 1; }
[ -x "$binary" ] || die "$binary is not there: run make build"
[ -x "$bin/snakemake" ] || die "$bin/snakemake is not there: run make workflow"

case $where in
local) folder=target/workflow length=200000 ;;
cluster) folder=target/workflow-test length=600000 ;;
*) die "unknown argument $where: local or cluster" ;;
esac
rm -rf "$folder"
mkdir -p "$folder"
cd "$folder"
for sample in one:1 two:2; do
    "$binary" simulate --length $length --sites $((length / 5000)) --contigs 2 --seed "${sample#*:}" -o "${sample%:*}"
done

# PATH: the jobs of a cluster call snakemake too.
PATH=$bin:$PATH
export PATH
snakemake() {
    command snakemake --snakefile "$root/workflow/Snakefile" --configfile "$root/workflow/config/config.yaml" \
        --config program="$binary" "$@" || die "snakemake failed; its log is above"
}
if [ "$where" = local ]; then
    snakemake --cores 2 --quiet rules
else
    FAKE_SLURM=$PWD/slurm
    export FAKE_SLURM
    mkdir -p slurm/bin
    for name in sbatch squeue sacct scancel; do
        ln -s "$root/scripts/fake_slurm.sh" "slurm/bin/$name"
    done
    PATH=$PWD/slurm/bin:$PATH
    snakemake --profile "$root/workflow/profiles/generic" --jobs 4 --latency-wait 5 --seconds-between-status-checks 1
    killed=$(find slurm -name '*.killed' | wc -l)
    resumed=$(grep -l 'goes on from' results/logs/*/*.log | wc -l)
    echo "jobs killed: $killed; logs that say that a shard went on from its checkpoint: $resumed"
    [ "$killed" -gt 0 ] || die "no job was killed: nothing was tested"
    [ "$resumed" -gt 0 ] || die "no killed job was resumed"
    [ "$resumed" -le "$killed" ] || die "more jobs resumed than were killed"
fi

mkdir -p whole/scan whole/variants
whole() { "$binary" "$@" --threads 2 --quiet; }
# The headers of the files name the options, in the order in which they are given.
whole scan one/genome.fa --annotation one/genes.gtf --simd avx2 --device cpu --tracks --bgzip --context \
    -o whole/scan/one
whole scan two/genome.fa --annotation two/genes.gtf --simd avx2 --device cpu --tracks --bgzip --context \
    --whole-genome --stringency sensitive -o whole/scan/two
whole variants one/variants.vcf --fasta one/genome.fa --annotation one/genes.gtf --simd avx2 --device cpu \
    -o whole/variants/one.vcf.gz --write-index --tsv whole/variants/one.tsv.gz
whole variants two/variants.vcf --fasta two/genome.fa --simd avx2 --device cpu \
    -o whole/variants/two.vcf.gz --write-index --tsv whole/variants/two.tsv.gz

python3 "$root/scripts/compare_runs.py" whole/scan results/scan
python3 "$root/scripts/compare_runs.py" whole/variants results/variants
left=$(find results -name '*.shard' -o -name '*.checkpoint' -o -name '*.lock' -o -name '.*.tmp')
[ -z "$left" ] || die "left behind: $left"

# The wrappers of packaging/ run their own tests on the first genome, beside the same runs by hand.
if [ "$where" = local ]; then
    mkdir -p wrappers tried
    ln -sfn "$root/packaging/snakemake-wrapper" wrappers/master
    cp one/genome.fa one/genes.gtf one/variants.vcf tried
    PATH=$(dirname "$binary"):$PATH
    for name in scan variants; do
        command snakemake --snakefile "wrappers/master/bio/polyascan/$name/test/Snakefile" --directory tried --cores 2 \
            --quiet all --wrapper-prefix "file://$PWD/wrappers/" \
            "$([ $name = scan ] && echo out/one.sites.bed.gz || echo out/one.vcf.gz)" || die "the wrapper of $name failed"
    done
    (cd tried && whole scan genome.fa --annotation genes.gtf --bgzip --tracks -o by_hand &&
        whole variants variants.vcf --fasta genome.fa --annotation genes.gtf --write-index -o by_hand.vcf.gz)
    for file in sites.bed.gz sites.bed.gz.tbi plus.cleavage.bw vcf.gz vcf.gz.tbi; do
        cmp "tried/by_hand.$file" "tried/out/one.$file" || die "the wrappers give other bytes"
    done
    echo "wrappers: the same bytes as by hand"
fi
