"""Prints how models rank measured sites of held-out human sequence, all on the same places.

Rows: the default model, APARENT2 and DeeReCT-PolyA from their authors' files, and any models named on
the command line. Nothing is chosen with these figures.
"""

import argparse
import json
import subprocess
from pathlib import Path

PEERS = {
    "APARENT2": "aparent2_resnet_no_clinvar_wt_ep_5.h5",
    "DeeReCT-PolyA (omni)": "deerect_omni.npz",
}
TIERS = ["all", "high", "strong", "strong_hex"]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="*", help="more models: names or weight files")
    parser.add_argument("--binary", type=Path, default=Path("target/release/polyascan"))
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument("--converted", type=Path, default=Path("target/compare"),
                        help="folder for the peers' converted files")
    parser.add_argument("--json", type=Path, help="write all figures here")
    args = parser.parse_args()
    models = {"default": "default"} | converted(args) | {name: name for name in args.models}
    reports = {name: evaluate(args, model) for name, model in models.items()}
    if args.json:
        args.json.write_text(json.dumps(reports, indent=1) + "\n")
    for negatives, against in [("random", "random places"), ("hexamer", "hexamers without a site")]:
        print(table(reports, negatives, against))


def converted(args):
    """Converts the peers and returns their weight files by name."""
    args.converted.mkdir(parents=True, exist_ok=True)
    files = {}
    for name, published in PEERS.items():
        file = args.converted / Path(published).with_suffix(".safetensors").name
        if not file.exists():
            subprocess.run([args.binary, "convert", args.shared / "models" / published, file],
                           check=True)
        files[name] = file
    return files


def evaluate(args, model):
    human = args.shared / "data/human"
    command = [args.binary, "evaluate", "scan", "--fasta", human / "validation.fa.gz",
               "--sites", human / "validation_sites.tsv", "--model", model, "--json"]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


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
