#!/usr/bin/env python3
"""Adds measured accuracy to a model card.

usage: model_card.py CARD.toml SET=EVALUATION.json ... > NEW_CARD.toml

CARD.toml is what `polyascan train` wrote; each EVALUATION.json is what `polyascan evaluate scan --json`
printed for a data set. model_limits.txt beside this script is the card's statement of limits.
"""
import json
import pathlib
import sys


def number(value):
    return "nan" if value is None else f"{value:.4f}"


def tables(name, evaluation):
    yield f'\n[accuracy.{name}]\nfasta = "{evaluation["fasta"]}"\nsites = "{evaluation["sites"]}"'
    yield "# AUROC and AUPRC of sites against 20 negatives each: p50 = classification of the window centred"
    yield "# on the place, pv = that times the cleavage within 1 nt of the centre."
    for row in evaluation["rankings"]:
        figures = ", ".join(
            f"{key} = {number(row[key])}" for key in ("auroc_p50", "auroc_pv", "auprc_p50", "auprc_pv")
        )
        yield f'{row["negatives"]}_{row["tier"]} = {{ sites = {row["sites"]}, {figures} }}'
    yield "# Share of measured sites with a call of their strand within 24 nt, and the median distance."
    yield "recall = ["
    for row in evaluation["recall"]:
        yield (
            f'  {{ calls = "{row["calls"]}", per_kb_and_strand = {number(row["per_kb"])}, '
            f'tier = "{row["tier"]}", recall = {number(row["recall"])}, '
            f'median_nt = {number(row["median_distance"])} }},'
        )
    yield "]"


def main():
    card, *sets = sys.argv[1:]
    identity, training = pathlib.Path(card).read_text().split("\n[training]\n", 1)
    limits = pathlib.Path(__file__).with_name("model_limits.txt").read_text().strip()
    print("# Model card. Written by scripts/train_default.sh; do not edit.")
    print(identity.rstrip())
    print(f'\n[limits]\ntext = """\n{limits}\n"""')
    for item in sets:
        name, path = item.split("=", 1)
        print("\n".join(tables(name, json.loads(pathlib.Path(path).read_text()))))
    print(f"\n# Data and recipe: the configuration that it was trained with.\n[training]\n{training.rstrip()}")


main()
