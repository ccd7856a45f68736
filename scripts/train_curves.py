#!/usr/bin/env python3
"""Trains many small networks to see what data, size and each part of the recipe are worth.

usage: train_curves.py [--binary target/release/polyascan] [--data ../shared/data] [--only GROUP ...]

Every network is that of config/train/default-teachers/dense-1.toml but for one change: a quarter of the segments,
no teacher, so also no hard negatives, which come with the second epoch; figures are of validation_lrg. Groups: data
(none to all pieces of train_lrg), size (channels), part (one ingredient left out, three seeds). Runs two at a time;
what is there is not trained again. Writes target/curves/*.safetensors, docs/curves.tsv, and docs/learning_curve.svg and
docs/accuracy_cost.svg where matplotlib is installed.
"""

import argparse
import concurrent.futures
import copy
import csv
import gzip
import pathlib
import random
import subprocess
import tomllib

BASE = pathlib.Path("config/train/default-teachers/dense-1.toml")
OUT = pathlib.Path("target/curves")
FIGURES = {
    "high": "random_high_auroc_sharp",
    "strong": "random_strong_auroc_sharp",
    "high against hexamers": "hexamer_high_auroc_sharp",
    "strong_hex against hexamers": "hexamer_strong_hex_auroc_sharp",
    "recall at 1": "recall_high_top_1_per_kb_and_strand",
    "recall at 2": "recall_high_top_2_per_kb_and_strand",
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", default="target/release/polyascan")
    parser.add_argument("--data", default="../shared/data")
    parser.add_argument("--only", nargs="*", default=["data", "size", "part"])
    args = parser.parse_args()
    OUT.mkdir(parents=True, exist_ok=True)
    # Groups share networks: equal ones are trained once, under the name of the first.
    names, planned = {}, []
    for group, value, seed, config in runs(args):
        name = f"{group}-{value}-{seed}".replace("/", "of").replace(" ", "_")
        planned.append((names.setdefault(toml(config), name), group, value, seed))
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda config_and_name: train(args, *config_and_name), names.items()))
    rows = [row_of(*network) for network in planned]
    rows.sort(key=lambda row: (row["group"], row["value"], row["seed"]))
    with open("docs/curves.tsv", "w", newline="") as out:
        writer = csv.DictWriter(out, rows[0].keys(), delimiter="\t", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    draw(rows)


def runs(args):
    """Yields (group, value, seed, configuration)."""
    base = tomllib.loads(BASE.read_text())
    base["model"]["name"] = "curve"
    base["optimiser"]["epochs"] = 1
    for genome in base["genome"]:
        for key in ("random", "hard", "shuffled"):
            genome[key] //= 4
        genome["high_repeats"], genome["other_repeats"] = 2, 1
    for windows in base["windows"]:
        windows["per_epoch"] //= 4
    if "data" in args.only:
        for parts in (0, 1, 2, 4):
            yield "data", f"{parts}/8", 1, less_data(copy.deepcopy(base), parts, args.data)
        yield "data", "8/8", 1, base
    if "size" in args.only:
        for channels in (32, 48, 64, 96, 128):
            config = copy.deepcopy(base)
            config["network"]["channels"] = channels
            yield "size", f"{channels:03}", 1, config
    if "part" in args.only:
        for seed in (1, 2, 3):
            for name, change in PARTS.items():
                config = copy.deepcopy(base)
                change(config)
                config["model"]["seed"] = seed
                yield "part", name, seed, config


def less_data(config, parts, data):
    """Leaves out all but `parts` eighths of the pieces of train_lrg; the segments per epoch stay as many."""
    genome = next(g for g in config["genome"] if "train_lrg" in g["fasta"])
    with gzip.open(pathlib.Path(data) / genome["fasta"], "rt") as fasta:
        names = [line[1:].split()[0] for line in fasta if line.startswith(">")]
    rest = [name for name in names if name not in genome["except"]]
    random.Random(1).shuffle(rest)
    if parts == 0:
        config["genome"].remove(genome)
        others = config["genome"]
        for key in ("random", "hard", "shuffled"):
            others[0][key] += genome[key]
    else:
        genome["except"] = genome["except"] + rest[len(rest) * parts // 8:]
    return config


def with_narrow_classification(config):
    config["labels"]["whole_within"] = 3
    config["labels"]["nothing_beyond"] = 12


def without_windows(config):
    config["windows"] = []


def without_mouse(config):
    config["genome"] = [g for g in config["genome"] if "mouse" not in g["fasta"]]
    config["windows"] = [w for w in config["windows"] if "mouse" not in w["file"]]


def without_noise(config):
    config["labels"]["noise"] = 0.0


PARTS = {
    "all": lambda config: None,
    "narrow classification": with_narrow_classification,
    "no signals of APARENT2": without_windows,
    "no mouse": without_mouse,
    "no noise": without_noise,
}


def train(args, config, name):
    """Trains one network if it is not there."""
    weights = OUT / f"{name}.safetensors"
    if weights.exists():
        return
    file = OUT / f"{name}.config.toml"
    file.write_text(config)
    command = [args.binary, "train", "scan", "--config", file, "--data", args.data, "-o", weights, "--threads", "1"]
    with open(OUT / f"{name}.err", "w") as log:
        subprocess.run(command, check=True, stderr=log)


def row_of(name, group, value, seed):
    """Returns the figures of a network."""
    weights = OUT / f"{name}.safetensors"
    with open(weights.with_suffix(".log.tsv")) as lines:
        last = list(csv.DictReader(lines, delimiter="\t"))[-1]
    card = tomllib.loads(weights.with_suffix(".toml").read_text())
    row = {"group": group, "value": value, "seed": seed,
           "mflop_per_position": f"{card['flop_per_position'] / 1e6:.3f}", "seconds": last["seconds"]}
    return row | {title: last[column] for title, column in FIGURES.items()}


def toml(config):
    """A configuration as TOML: scalars, lists and tables of one level."""
    lines = []
    for name, table in config.items():
        if isinstance(table, list) and not table:
            continue
        tables = table if isinstance(table, list) else [table]
        for one in tables:
            lines.append(f"[[{name}]]" if isinstance(table, list) else f"[{name}]")
            lines += [f"{key} = {literal(value)}" for key, value in one.items()]
    return "\n".join(lines) + "\n"


def literal(value):
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return "[" + ", ".join(literal(one) for one in value) + "]"
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"' if isinstance(value, str) else repr(value)


def draw(rows):
    try:
        import matplotlib
    except ImportError:
        print("no pictures: matplotlib is not installed")
        return
    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "polyascan"
    matplotlib.rcParams["svg.fonttype"] = "none"
    from matplotlib import pyplot
    for group, x, label, file in [
        ("data", lambda row: eval_fraction(row["value"]), "share of the pieces of train_lrg", "learning_curve"),
        ("size", lambda row: float(row["mflop_per_position"]), "MFLOP per position", "accuracy_cost"),
    ]:
        part = sorted((row for row in rows if row["group"] == group), key=x)
        if not part:
            continue
        figure, axes = pyplot.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
        for title in FIGURES:
            place = axes[1] if title.startswith("recall") else axes[0]
            place.plot([x(row) for row in part], [float(row[title]) for row in part], "o-", label=title)
        for place, name in zip(axes, ["AUROC", "share of high-evidence sites found"]):
            place.set_xlabel(label)
            place.set_ylabel(name)
            place.grid(alpha=0.3)
            place.legend(fontsize=7, loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=2)
        figure.savefig(f"docs/{file}.svg", metadata={"Date": None})


def eval_fraction(text):
    above, below = text.split("/")
    return int(above) / int(below)


if __name__ == "__main__":
    main()
