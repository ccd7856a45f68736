#!/bin/sh
# Measures the usage models: scans of the annotated pieces, refit, evaluation, picture.
#
#   scripts/measure_context.sh BINARY DATA OUT [options of `scan` that make many putative sites]
#
# BINARY is polyascan, DATA the folder with train_lrg.* and validation_lrg.*, OUT a folder. Writes OUT/context.toml (copy
# it to models/context.toml to ship it), OUT/evaluation.tsv and OUT/precision_recall.svg. Scans that are there are
# taken as they are.
set -eu
binary=$1 data=$2 out=$3
shift 3
[ $# -gt 0 ] || set -- --min-posterior 0
mkdir -p "$out"
for set in train validation; do
    [ -e "$out/$set.context.tsv" ] || "$binary" scan "$data/${set}_lrg.fa.gz" --annotation "$data/${set}_lrg.gtf.gz" \
        --no-splice-cache --context -q "$@" -o "$out/$set"
done
"$binary" train context "$out/train.context.tsv" --fasta "$data/train_lrg.fa.gz" --sites "$data/train_lrg_sites.tsv" \
    --validation "$out/validation.context.tsv" "$data/validation_lrg.fa.gz" "$data/validation_lrg_sites.tsv" \
    -o "$out/context.toml"
"$binary" evaluate context "$out/validation.context.tsv" --fasta "$data/validation_lrg.fa.gz" \
    --sites "$data/validation_lrg_sites.tsv" --context-model "$out/context.toml" \
    --plot "$out/precision_recall.svg" > "$out/evaluation.tsv"
cat "$out/evaluation.tsv"
