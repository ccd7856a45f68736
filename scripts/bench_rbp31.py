#!/usr/bin/env python3
"""Trains DeepRKE and pysster on each of the 31 CLIP sets of RBP-31, and measures them on its test sample.

usage: bench_rbp31.py [--binary target/release/polyascan] [--data ../shared/data/rbp31] [--networks NAME ...]
                      [--sets 23 27 ...] [--threads N]

Recipes are config/train/deeprke.toml and pysster.toml, but for what stands in NETWORKS; a tenth of the training sample
chooses the epoch, the test sample is looked at once. Embeddings are trained on the training sample alone. Structures
are of minimum free energy, by RNAfold or by ViennaRNA's Python module (pip install viennarna); without either, the
networks that read them are left out and named. What is done, here or in docs/rbp31.tsv, is not done again, so a run that
was stopped goes on. Writes target/rbp31/ and, of all that is there, docs/rbp31.tsv and the means beside the papers'.
"""

import argparse
import csv
import gzip
import importlib.util
import json
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tomllib

OUT = pathlib.Path("target/rbp31")
RESULTS = pathlib.Path("docs/rbp31.tsv")
FIGURES = ("auroc", "auprc", "error_rate")
# Mean AUROC of the papers (Deng et al. 2020, tables of RBP-31).
PUBLISHED = {"DeepRKE": 0.873, "DeepRKE without structure": 0.863, "iDeepS": 0.86, "GraphProt": 0.82}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", default="target/release/polyascan")
    parser.add_argument("--data", type=pathlib.Path, default="../shared/data/rbp31")
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=list(NETWORKS))
    parser.add_argument("--sets", nargs="+", type=int, help="numbers of sets; default: all")
    parser.add_argument("--threads", default="1")
    args = parser.parse_args()
    sets = sorted(args.data.iterdir(), key=lambda folder: number(folder.name))
    sets = [folder for folder in sets if not args.sets or number(folder.name) in args.sets]
    if not can_fold():
        left_out = [name for name in args.networks if NETWORKS[name]["structures"]]
        args.networks = [name for name in args.networks if name not in left_out]
        print(f"neither RNAfold nor ViennaRNA's Python module is here: not run: {', '.join(left_out)}", file=sys.stderr)
    done = measured()
    for folder in sets:
        for network in args.networks:
            result = OUT / network / f"{folder.name}.json"
            if not result.exists() and (network, folder.name) not in done:
                measure(args, folder, network, result)
    report()


def measure(args, folder, network, result):
    """Trains a network on a set and writes what `evaluate classes` says of its test sample."""
    structures = NETWORKS[network]["structures"]
    train, test = (files(args, folder, part, structures) for part in ("training", "test"))
    work = OUT / network / folder.name
    work.mkdir(parents=True, exist_ok=True)
    config = NETWORKS[network]["config"]()
    if "embeddings" in config["network"]:
        embeddings = work / "embeddings.safetensors"
        if not embeddings.exists():
            folded = [argument for file in train for argument in ("--structures", file)] if structures else []
            run(args, "train", "embeddings", *train, *folded, "--dimension",
                config["network"]["sequence"]["dimension"], "--window", 12, "-o", embeddings)
        config["network"]["embeddings"] = str(embeddings)
    config["model"]["name"] = f"rbp31-{number(folder.name)}"
    config["data"] = {"positives": [str(train[1])], "negatives": [str(train[0])], "validation": 0.1}
    settings = work / "training.toml"
    settings.write_text(toml(config))
    weights = work / "weights.safetensors"
    if not weights.exists():
        run(args, "train", "binding", "--config", settings, "-o", weights, "--threads", args.threads, "--resume")
    told = run(args, "evaluate", "classes", "--positive", test[1], "--negative", test[0], "--model", weights, "--json")
    result.write_text(told)
    print(f"{network}\t{folder.name}\t{json.loads(told)['all']['auroc']:.4f}", flush=True)


def files(args, folder, part, structures):
    """Returns the FASTA files of a sample's two classes, [not bound, bound]; folded, each has a structure line."""
    made = [OUT / "samples" / folder.name / f"{part}.{kind}{'.folded' if structures else ''}.fa"
            for kind in ("unbound", "bound")]
    if not all(file.exists() for file in made):
        made[0].parent.mkdir(parents=True, exist_ok=True)
        (source,) = (folder / "30000" / f"{part}_sample_0").glob("sequences.fa*")
        classes = [[], []]
        for label, sequence in records(source):
            classes[label].append(sequence)
        for file, sequences in zip(made, classes):
            texts = (f">{n}\n{sequence}\n" for n, sequence in enumerate(sequences))
            if structures:
                texts = (f"{text}{structure}\n" for text, structure in zip(texts, fold(sequences)))
            part_file = file.with_suffix(".part")
            part_file.write_text("".join(texts))
            part_file.rename(file)
    return made


def records(path):
    """Yields (class, sequence) of a sample."""
    opened = gzip.open(path, "rt") if path.suffix == ".gz" else open(path)
    with opened as lines:
        for record in lines.read().split(">")[1:]:
            header, *sequence = record.split("\n")
            yield int(re.search(r"class:(\d)", header)[1]), "".join(sequence).strip().upper()


def can_fold():
    return shutil.which("RNAfold") is not None or importlib.util.find_spec("RNA") is not None


def fold(sequences):
    """Returns the structures of minimum free energy, in dot-bracket."""
    if shutil.which("RNAfold"):
        given = "\n".join(sequences) + "\n"
        told = subprocess.run(["RNAfold", "--noPS"], input=given, text=True, check=True, capture_output=True).stdout
        return [line.split(" ")[0] for line in told.splitlines()[1::2]]
    import RNA
    return [RNA.fold(sequence)[0] for sequence in sequences]


def deeprke():
    return tomllib.loads(pathlib.Path("config/train/deeprke.toml").read_text())


def deeprke_without_structure():
    config = deeprke()
    del config["network"]["structure"]
    return config


def deeprke_one_hot():
    config = deeprke_without_structure()
    del config["network"]["embeddings"]
    config["network"]["one_hot"] = True
    config["network"]["sequence"]["dimension"] = 4 ** config["network"]["k"]
    return config


def deeprke_without_lstm():
    config = deeprke_without_structure()
    config["network"]["units"] = 0
    return config


def pysster():
    return tomllib.loads(pathlib.Path("config/train/pysster.toml").read_text())


def pysster_without_structure():
    config = pysster()
    config["network"]["alphabet"] = "ACGU"
    return config


NETWORKS = {
    "deeprke": {"config": deeprke, "structures": True},
    "deeprke-no-structure": {"config": deeprke_without_structure, "structures": False},
    "deeprke-one-hot": {"config": deeprke_one_hot, "structures": False},
    "deeprke-no-lstm": {"config": deeprke_without_lstm, "structures": False},
    "pysster": {"config": pysster, "structures": True},
    "pysster-no-structure": {"config": pysster_without_structure, "structures": False},
}


def measured():
    """Returns what is in the table of results: figures by network and set."""
    if not RESULTS.exists():
        return {}
    with open(RESULTS, newline="") as table:
        rows = list(csv.DictReader(table, delimiter="\t"))
    return {(row["network"], row["set"]): [float(row[name]) for name in FIGURES] for row in rows}


def report():
    """Writes all results that are there, and prints means of each network and of the papers."""
    results = measured()
    for file in OUT.glob("*/*.json"):
        told = json.loads(file.read_text())["all"]
        results[file.parent.name, file.stem] = [round(told[name], 4) for name in FIGURES]
    if not results:
        return
    with open(RESULTS, "w", newline="") as out:
        writer = csv.writer(out, delimiter="\t", lineterminator="\n")
        writer.writerow(["network", "set", *FIGURES])
        order = sorted(results, key=lambda key: (key[0], number(key[1])))
        writer.writerows([*key, *results[key]] for key in order)
    for network in NETWORKS:
        found = [figures[0] for (name, _), figures in results.items() if name == network]
        if found:
            print(f"{network}: mean AUROC {statistics.mean(found):.4f} of {len(found)} sets")
    print("published, of all 31: " + ", ".join(f"{name} {value}" for name, value in PUBLISHED.items()))


def run(args, *arguments):
    """Runs the program and returns what it prints."""
    command = [str(argument) for argument in (args.binary, *arguments)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def number(name):
    """The number that begins a set's name."""
    return int(re.match(r"\d+", name)[0])


def toml(config, prefix=""):
    """A configuration as TOML."""
    scalars = {key: value for key, value in config.items() if not isinstance(value, dict)}
    lines = [f"[{prefix}]"] * bool(prefix) + [f"{key} = {literal(value)}" for key, value in scalars.items()]
    tables = [toml(value, f"{prefix}.{key}".lstrip(".")) for key, value in config.items() if isinstance(value, dict)]
    return "\n".join(lines + tables)


def literal(value):
    if isinstance(value, list):
        return "[" + ", ".join(literal(one) for one in value) + "]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {literal(one)}" for key, one in value.items()) + " }"
    return json.dumps(value)


if __name__ == "__main__":
    main()
