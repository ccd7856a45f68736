#!/bin/sh
# Trains an embedded model again, measures it and writes its weights, card, log and curves to models/.
#
# usage: train_model.sh default|default-strength|yeast
#
# Needs ../shared (or DATA and PEERS), target/release/polyascan (or POLYASCAN) and python3. Teachers and
# checkpoints stay in target/train: what was killed goes on where it was.
set -eu
cd "$(dirname "$0")/.."
binary=${POLYASCAN:-target/release/polyascan}
data=${DATA:-../shared/data}
peers=${PEERS:-../shared/models}
work=target/train
mkdir -p "$work"

# train TASK CONFIG [OPTION...]: config/train/CONFIG.toml -> $work/; a teacher only if it is not there.
train() {
    task=$1 config=config/train/$2.toml weights=$work/$(basename "$2").safetensors
    if [ "$2" != "$model" ] && [ -f "$weights" ]; then
        echo "$weights is there: not trained again" >&2
        return
    fi
    shift 2
    "$binary" train "$task" --config "$config" --data "$data" --resume -o "$weights" "$@"
}

# sites SET: accuracy of $model on data/human/SET.fa.gz.
sites() {
    "$binary" evaluate scan --model "$work/$model.safetensors" --json --plot "$work/$model.$1.svg" \
        --fasta "$data/human/$1.fa.gz" --sites "$data/human/$1_sites.tsv" > "$work/$model.$1.json"
}

# The order of the sites of a gene by measured reads, on sequence that $model has not seen: both validation sets,
# and chr13, chr15 and chr18 of train_lrg.
usage() {
    human=$data/human
    { zcat "$human/validation.fa.gz" "$human/validation_lrg.fa.gz"
      zcat "$human/train_lrg.fa.gz" | awk '/^>/ { keep = /^>chr1[358]:/ } keep'; } > "$work/usage.fa"
    { cat "$human/validation_sites.tsv" "$human/validation_lrg_sites.tsv"
      awk 'NR == 1 || /^chr1[358]:/' "$human/train_lrg_sites.tsv"; } > "$work/usage.tsv"
    "$binary" evaluate strength --model "$work/$model.safetensors" --json \
        --fasta "$work/usage.fa" --sites "$work/usage.tsv" > "$work/$model.usage.json"
}

model=${1-}
case $model in
default)
    # Side by side: a network trains on one core.
    for n in 1 2 3; do
        train scan default-teachers/dense-$n --threads 1 &
        teachers="${teachers-} $!"
    done
    for pid in $teachers; do wait "$pid"; done
    train scan default
    sites validation
    sites validation_lrg
    sites chr9_public_test
    ;;
default-strength)
    [ -f "$work/aparent2.safetensors" ] ||
        "$binary" convert "$peers/aparent2_resnet_no_clinvar_wt_ep_5.h5" "$work/aparent2.safetensors"
    train strength default-strength
    usage
    ;;
yeast)
    train scan yeast
    zcat "$data/yeast/Saccharomyces_cerevisiae.R64-1-1.dna.toplevel.fa.gz" |
        awk '/^>/ { keep = $1 == ">XVI" } keep' > "$work/XVI.fa"
    zcat "$data/yeast/clusters.tsv.gz" | awk -F '\t' 'NR == 1 || $1 == "XVI"' > "$work/XVI.tsv"
    "$binary" evaluate scan --model "$work/yeast.safetensors" --json --plot "$work/yeast.XVI.svg" \
        --fasta "$work/XVI.fa" --sites "$work/XVI.tsv" > "$work/yeast.XVI.json"
    ;;
*)
    echo "usage: $0 default|default-strength|yeast" >&2
    exit 2
    ;;
esac
if [ "$model" != yeast ]; then
    "$binary" evaluate variants "$data/variants/mpra_clinvar_snvs_dev.tsv" --anchor 50 --json \
        --model "$work/$model.safetensors" > "$work/$model.variants.json"
fi
python3 scripts/model_card.py "$work/$model.toml" "$work/$model".*.json > models/"$model".toml
cp "$work/$model.safetensors" "$work/$model.log.tsv" models/
echo "models/$model.safetensors, .toml and .log.tsv are new; $work has the plots"
