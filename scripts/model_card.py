#!/usr/bin/env python3
"""Adds measured accuracy to a model card.

usage: model_card.py CARD.toml EVALUATION.json ... > NEW_CARD.toml

CARD.toml is what `polyascan train` wrote; each MODEL.SET.json is what `polyascan evaluate scan --json`,
`evaluate variants --json` or `evaluate strength --json` printed for the data set SET.
"""

import json
import pathlib
import sys


def number(value):
    return "nan" if value is None else f"{value:.4f}"


def row(key, values):
    figures = ", ".join(
        f"{name} = {value if isinstance(value, int) else number(value)}" for name, value in values
    )
    return f"{key} = {{ {figures} }}"


def sites(evaluation):
    """Lines of `evaluate scan`."""
    yield "# AUROC and AUPRC of sites against 20 negatives each: classification of the window centred on the place;"
    yield f"# sharp = {evaluation['scores']['sharp']}."
    keys = ("sites", "auroc_classification", "auroc_sharp", "auprc_classification", "auprc_sharp")
    for ranking in evaluation["rankings"]:
        name = f'{ranking["negatives"]}_{ranking["tier"]}'
        yield row(name, [(key, ranking[key]) for key in keys])
    yield "# Expected calibration error: of the classification, windows with a site in their central 50 nt and as"
    yield "# many without (and their AUROC); of the posterior, calls near a measured site."
    yield row("balanced", [("auroc", evaluation["auroc_balanced"])])
    for name in ("classification", "posterior"):
        found = evaluation[name]
        if found is None:
            continue
        above = found["calibration_error_above_0_1"]
        figures = [("cases", found["windows"]), ("positives", found["positives"]),
                   ("error", found["calibration_error"]), ("error_above_0_1", above)]
        yield row(f"calibration_{name}", figures)
    yield "# Share of measured sites with a call of their strand within 24 nt, and the median distance."
    yield "recall = ["
    for found in evaluation["recall"]:
        yield (
            f'  {{ calls = "{found["calls"]}", per_kb_and_strand = {number(found["per_kb"])}, '
            f'tier = "{found["tier"]}", recall = {number(found["recall"])}, '
            f'calls_near_site = {number(found["near_site"])}, '
            f'median_nt = {number(found["median_distance"])} }},'
        )
    yield "]"


def variants(evaluation):
    """Lines of `evaluate variants`."""
    yield "# Predicted against measured change of log-odds; outside_signal: the hexamer is not changed."
    keys = ("count", "pearson_squared", "spearman", "mean_absolute_error")
    for score in evaluation["scores"]:
        yield row(f'{score["score"]}_{score["variants"]}', [(key, score[key]) for key in keys])


def usage(evaluation):
    """Lines of `evaluate strength`."""
    yield "# Pairs of sites of one gene whose counts differ more than `fold` times: share in the right order (auroc),"
    yield "# the mean of the genes' own shares, and Spearman's correlation within genes of three or more sites."
    yield f'counts = "{evaluation["counts"]}"'
    yield f'fold = {evaluation["fold"]}'
    keys = ("pairs", "genes", "auroc", "auroc_by_gene", "spearman")
    for score in evaluation["strength"]:
        yield row(score["score"], [(key, score[key]) for key in keys])


def lines(evaluation):
    if "rankings" in evaluation:
        return sites(evaluation)
    return usage(evaluation) if "strength" in evaluation else variants(evaluation)


def main():
    card, *evaluations = sys.argv[1:]
    identity, training = pathlib.Path(card).read_text().split("\n[training]\n", 1)
    print("# Model card. Written by scripts/train_model.sh; do not edit.")
    print(identity.rstrip())
    for path in evaluations:
        evaluation = json.loads(pathlib.Path(path).read_text())
        print(f'\n[accuracy.{pathlib.Path(path).suffixes[-2][1:]}]')
        print("\n".join(lines(evaluation)))
    print(f"\n# Data and recipe: the configuration that it was trained with.\n[training]\n{training.rstrip()}")


main()
