"""Prints how models rank measured sites of held-out human sequence, all on the same places.

Rows: the default model, APARENT2, DeeReCT-PolyA and DeepPASS from their authors' files, and any models named
on the command line. The sequence is that of validation and validation_lrg together (chr6 and chr12), which
chose our models' epochs; DeepPASS may have been trained on it.
"""

import argparse
import csv
import gzip
import json
import subprocess
from pathlib import Path

import numpy as np
from peers import deeppass

PEERS = {
    "APARENT2": "aparent2_resnet_no_clinvar_wt_ep_5.h5",
    "DeeReCT-PolyA (omni)": "deerect_omni.npz",
}
DEEPPASS = "peers/deeppass_human.h5"
SETS = ["validation", "validation_lrg"]
TIERS = ["all", "high", "strong", "strong_hex"]
NEGATIVES = {"random": "random places", "hexamer": "hexamers without a site"}
# Negatives that a tier is ranked against, for each of its sites.
PER_SITE = 20


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="*", help="more models: names or weight files")
    parser.add_argument("--binary", type=Path, default=Path("target/release/polyascan"))
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument("--work", type=Path, default=Path("target/compare"),
                        help="folder for the joined sequence, the peers' converted files and their scores")
    parser.add_argument("--without-default", action="store_true", help="leave the default model out")
    parser.add_argument("--json", type=Path, help="write all figures here")
    args = parser.parse_args()
    args.work.mkdir(parents=True, exist_ok=True)
    data = join(args)
    models = {} if args.without_default else {"default": "default"}
    models |= converted(args) | {name: name for name in args.models}
    reports = {name: evaluate(args, data, name, model) for name, model in models.items()}
    reports["DeepPASS"] = {"rankings": of_deeppass(args, data)}
    if args.json:
        args.json.write_text(json.dumps(reports, indent=1) + "\n")
    for negatives, against in NEGATIVES.items():
        print(table(reports, negatives, against))


def join(args):
    """Joins the data sets, whose contigs are different pieces, and returns the FASTA and the sites."""
    fasta, sites = args.work / "validation.fa", args.work / "validation_sites.tsv"
    human = args.shared / "data/human"
    with fasta.open("wb") as file:
        for name in SETS:
            file.write(gzip.decompress((human / f"{name}.fa.gz").read_bytes()))
    columns = ["contig", "offset", "strand", "type", "gene", "apadb_reads", "polyasite_tpm"]
    with sites.open("w", newline="") as file:
        rows = csv.DictWriter(file, columns, delimiter="\t", extrasaction="ignore", lineterminator="\n")
        rows.writeheader()
        for name in SETS:
            with (human / f"{name}_sites.tsv").open(newline="") as table:
                rows.writerows(csv.DictReader(table, delimiter="\t"))
    return fasta, sites


def converted(args):
    """Converts the peers and returns their weight files by name."""
    files = {}
    for name, published in PEERS.items():
        file = args.work / Path(published).with_suffix(".safetensors").name
        if not file.exists():
            subprocess.run([args.binary, "convert", args.shared / "models" / published, file],
                           check=True)
        files[name] = file
    return files


def evaluate(args, data, name, model):
    fasta, sites = data
    command = [args.binary, "evaluate", "scan", "--fasta", fasta, "--sites", sites, "--model", model,
               "--places", args.work / "places.tsv", "--json"]
    print(f"{name} ...", flush=True)
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


def of_deeppass(args, data):
    """Ranks by DeepPASS the places that the last model was ranked on: they are the same for every model."""
    print("DeepPASS ...", flush=True)
    contigs = {}
    for record in data[0].read_text().split(">")[1:]:
        name, *lines = record.split("\n")
        contigs[name.split()[0]] = "".join(lines).upper()
    with (args.work / "places.tsv").open(newline="") as file:
        places = list(csv.DictReader(file, delimiter="\t"))
    windows = [deeppass.window(contigs[p["contig"]], int(p["offset"]), p["strand"]) for p in places]
    scores = deeppass.DeepPass(args.shared / "models" / DEEPPASS).probabilities(windows)
    with (args.work / "deeppass.tsv").open("w") as file:
        file.writelines(f"{p['contig']}\t{p['offset']}\t{p['strand']}\t{score}\n"
                        for p, score in zip(places, scores))
    return [ranking(places, scores, tier, kind) for kind in NEGATIVES for tier in TIERS]


def ranking(places, scores, tier, kind):
    positives = [s for p, s in zip(places, scores) if p["kind"] == "site" and tier in p["tiers"].split(",")]
    negatives = [s for p, s in zip(places, scores) if p["kind"] == kind][:PER_SITE * len(positives)]
    return {"tier": tier, "negatives": kind, "sites": len(positives), "places": len(negatives),
            "auroc_classification": auroc(positives, negatives), "auroc_sharp": None}


def auroc(positives, negatives):
    """The share of pairs in order; ties count half."""
    if not positives or not negatives:
        return None
    negatives = np.sort(negatives)
    below, not_above = (np.searchsorted(negatives, positives, side) for side in ("left", "right"))
    return float((below + not_above).mean() / 2 / len(negatives))


def table(reports, negatives, against):
    """A Markdown table of AUROC, classification / sharp, by tier."""
    rows = {name: {r["tier"]: r for r in report["rankings"] if r["negatives"] == negatives}
            for name, report in reports.items()}
    counts = next(iter(rows.values()))
    heads = [f"{tier} ({counts[tier]['sites']})" for tier in TIERS]
    lines = [f"| AUROC against {against}, classification / sharp | " + " | ".join(heads) + " |",
             "| --- |" + " --- |" * len(TIERS)]
    for name, tiers in rows.items():
        cells = [f"{show(tiers[t]['auroc_classification'])} / {show(tiers[t]['auroc_sharp'])}" for t in TIERS]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def show(figure):
    return "-" if figure is None else f"{figure:.3f}"


if __name__ == "__main__":
    main()
