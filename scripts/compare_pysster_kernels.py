#!/usr/bin/env python3
"""Compares `polyascan motifs kernels` with pysster's own code, on the same sequences.

pysster (MIT, from PyPI: `pip install --no-deps pysster 'numpy<2' h5py scipy`) is run as it is, but for Keras, which it needs
for nothing but the first layer's activations: these are computed here from the Keras file, in f32. Where several
places have one activation it draws one; here, as in polyascan, that is the first.

    compare_pysster_kernels.py model.h5 PREFIX FILE...

FILE... are the files of sequences (header, sequence, structure of H, I, M, S), PREFIX what polyascan wrote of them.
"""

import csv
import gzip
import sys
from unittest import mock

import h5py
import numpy as np
from scipy.cluster.hierarchy import linkage, to_tree

for name in ["keras", "keras.backend", "keras.callbacks", "keras.models", "keras.layers", "keras.constraints",
             "keras.optimizers", "keras.initializers", "keras.activations", "matplotlib", "matplotlib.pyplot",
             "forgi", "forgi.graph", "forgi.graph.bulge_graph", "PIL"]:
    sys.modules[name] = mock.MagicMock()

from pysster import utils  # noqa: E402
from pysster.Alphabet_Encoder import Alphabet_Encoder  # noqa: E402
from pysster.Model import Model  # noqa: E402

LETTERS = ("ACGU", "HIMS")


def first_layer(path):
    """Kernel (taps x channels x kernels) and bias of the first convolution."""
    with h5py.File(path, "r") as file:
        found = {}
        file.visititems(lambda name, item: found.update({name: item[()]}) if isinstance(item, h5py.Dataset) else None)
    kernels = sorted(name for name in found if "model_weights/conv1d_1/" in name)
    bias, kernel = [found[name] for name in kernels]
    return kernel, bias


def read(path):
    """Pairs of sequence and structure."""
    lines = [line.strip() for line in open(path)]
    return [(lines[i + 1], lines[i + 2]) for i in range(0, len(lines), 3)]


class Data:
    """What pysster's Data is to its pictures."""

    is_rna, is_rna_pwm = True, False

    def __init__(self, classes, alphabet):
        self.alpha_coder = alphabet
        self.by_class = [[alphabet.encode(record) for record in records] for records in classes]

    def _get_sequences(self, class_id, _group, select):
        return [self.by_class[class_id][n] for n in select]


def table(path):
    """Rows of a table by column."""
    text = gzip.open(path, "rt") if path.endswith(".gz") else open(path)
    lines = [line for line in text if not line.startswith("##")]
    lines[0] = lines[0].lstrip("#")
    return list(csv.DictReader(lines, delimiter="\t"))


def main():
    model_file, prefix, *files = sys.argv[1:]
    kernel, bias = first_layer(model_file)
    taps, _, kernels = kernel.shape
    alphabet = Alphabet_Encoder(*LETTERS)
    classes = [read(path) for path in files]
    data = Data(classes, alphabet)
    codes = np.array([[ord(c) - 65 for c in text] for texts in data.by_class for text in texts])
    places = codes.shape[1] - taps + 1
    said = np.zeros((len(codes), places, kernels), np.float32) + bias
    for tap in range(taps):
        said += kernel[tap][codes[:, tap:tap + places]]
    said = np.maximum(said, 0)
    labels = np.repeat(np.eye(len(classes), dtype=int), [len(c) for c in classes], axis=0)
    activations = {"activations": said.max(axis=1), "labels": labels, "group": "all"}

    model = Model.__new__(Model)
    model.params = {"kernel_len": (taps,), "kernel_num": (kernels,)}
    model.model = mock.MagicMock()
    model.model.layers[0].name = "dropout"
    model._get_activations_idx_kernel = lambda _data, idx, _group, kernel: said[idx][:, :, kernel]
    rows = {row["kernel"]: row for row in table(f"{prefix}.kernels.kernels.tsv")}
    shares = {}
    for row in table(f"{prefix}.kernels.motifs.tsv"):
        key = (row["kernel"], row["track"])
        shares.setdefault(key, {})[int(row["position"]), row["letter"]] = float(row["share"])
    positions = {}
    for row in table(f"{prefix}.kernels.positions.tsv.gz"):
        positions.setdefault((row["kernel"], row["class"]), []).append(row)
    worst = dict.fromkeys(["importance", "limit", "share", "mean activation", "sd"], 0.0)
    differing = 0
    for number in range(kernels):
        shown = {}
        with mock.patch.object(utils, "plot_motif"), mock.patch.object(utils, "plot_violins"), \
                mock.patch.object(utils, "plot_motif_summary", lambda *found: shown.update(found=found)), \
                mock.patch.object(np.random, "choice", lambda values: values[0]):
            (sequence, structure), importance = model.visualize_kernel(activations, data, number, "/tmp")
        row = rows[str(number)]
        worst["importance"] = max(worst["importance"], abs(importance - float(row["importance"])))
        of = [said[labels[:, c] == 1].max(axis=1)[:, number].mean() for c in range(len(classes))]
        worst["limit"] = max(worst["limit"], abs(max(of) - float(row["limit"])))
        for track, motif in [("sequence", sequence), ("structure", structure)]:
            for at, pwm in enumerate(motif.pwm):
                for letter, share in zip(motif.alphabet, pwm):
                    own = shares[str(number), track][at + 1, letter]
                    worst["share"] = max(worst["share"], abs(own - share))
        histograms, means = shown["found"][:2]
        for c in range(len(classes)):
            own = positions[str(number), f"class_{c}"]
            counts = np.bincount(np.asarray(histograms[c], dtype=int), minlength=places)
            differing += int((counts != [int(r["maxima"]) for r in own]).sum())
            if len(histograms[c]):
                for name, values, column in [("mean activation", means[c][0], "mean_activation"),
                                             ("sd", means[c][1], "sd_activation")]:
                    off = np.abs(values - [float(r[column]) for r in own]).max()
                    worst[name] = max(worst[name], float(off))
    print(f"{kernels} kernels, {len(codes)} sequences; largest differences:")
    for name, off in worst.items():
        print(f"  {name}: {off:.2e}")
    print(f"  positions of a histogram that differ: {differing}")

    clusters = table(f"{prefix}.kernels.clusters.tsv.gz")
    order = [int(name.removeprefix("kernel_")) for name in clusters[0] if name.startswith("kernel_")]
    values = activations["activations"].T.astype(float)
    values = (values - values.mean(axis=1, keepdims=True)) / values.std(axis=1, ddof=1, keepdims=True)
    own = np.array([[float(row[f"kernel_{n}"]) for row in clusters] for n in range(kernels)])
    off = np.abs(np.sort(own, axis=1) - np.sort(values, axis=1)).max()
    place = {number: at for at, number in enumerate(order)}
    nodes, split = [to_tree(linkage(values, "ward"))], 0
    while nodes:
        node = nodes.pop()
        at = sorted(place[leaf] for leaf in node.pre_order())
        split += at[-1] - at[0] + 1 != len(at)
        nodes += [child for child in (node.left, node.right) if child is not None]
    print(f"  standardised activations: {off:.2e}; clusters of kernels that are not together: {split}")
    good = max(worst.values()) < 1e-3 and differing == 0 and split == 0 and off < 1e-3
    print("same" if good else "DIFFERENT")
    sys.exit(not good)


if __name__ == "__main__":
    main()
