#!/bin/sh
# Trains models/default.safetensors again, measures it and writes its card. Needs ../shared, about ten
# minutes on 2 cores, and python3 for the card.
set -eu
cd "$(dirname "$0")/.."
binary=${POLYASCAN:-target/release/polyascan}
data=${DATA:-../shared/data}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$binary" train scan --config config/train-default.toml --data "$data" -o "$work/default.safetensors"
for set in validation chr9_public_test; do
    "$binary" evaluate scan --model "$work/default.safetensors" --json \
        --fasta "$data/human/$set.fa.gz" --sites "$data/human/${set}_sites.tsv" > "$work/$set.json"
done
python3 scripts/model_card.py "$work/default.toml" validation="$work/validation.json" \
    chr9_public_test="$work/chr9_public_test.json" > models/default.toml
mv "$work/default.safetensors" models/
mv "$work/default.tsv" models/default.log.tsv
