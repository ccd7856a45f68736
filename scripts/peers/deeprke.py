"""DeepRKE as polyascan computes it (docs/models/deeprke.md). No weights are published: random ones, at
the published sizes, in polyascan's own format."""

import json
import struct

import numpy as np

from .graph import Graph
from .model import Output, Peer, column

BASES, LABELS, K = "ACGU", "FTHIMS", 3
DIMENSION, UNITS, HIDDEN = 100, 32, 32
# Filters and width of each convolution of a module.
MODULE = [(128, 8), (64, 16), (32, 32)]


def shapes():
    for track, letters, inputs in [("sequence", BASES, DIMENSION), ("structure", LABELS, DIMENSION)]:
        yield f"{track}.embedding", (len(letters) ** K, DIMENSION)
        yield from module_shapes(track, inputs)
    yield from module_shapes("joined", 2 * MODULE[-1][0])
    for direction in ("forward", "backward"):
        yield f"lstm.{direction}.input", (MODULE[-1][0], 4 * UNITS)
        yield f"lstm.{direction}.recurrent", (UNITS, 4 * UNITS)
        yield f"lstm.{direction}.bias", (4 * UNITS,)
    for n, (inputs, outputs) in enumerate([(2 * UNITS, HIDDEN), (HIDDEN, 1)]):
        yield f"dense.{n}.weight", (inputs, outputs)
        yield f"dense.{n}.bias", (outputs,)


def module_shapes(name, inputs):
    for n, (filters, width) in enumerate(MODULE):
        yield f"{name}.{n}.weight", (width, inputs, filters)
        yield f"{name}.{n}.bias", (filters,)
        inputs = filters


def write(folder, seed=1):
    """Writes a safetensors file with random weights; returns its path and the tensors by name."""
    rng = np.random.default_rng(seed)
    tensors = {}
    for name, shape in sorted(shapes()):
        bound = np.sqrt(6 * shape[-1] / np.prod(shape)) if len(shape) > 1 else 0.1
        tensors[name] = rng.uniform(-bound, bound, shape).astype(np.float32)
    module = [{"filters": filters, "width": width} for filters, width in MODULE]
    track = {"dimension": DIMENSION, "module": module}
    config = {
        "k": K,
        "max_length": 1000,
        "sequence": track,
        "structure": track,
        "joined": module,
        "pool": 2,
        "units": UNITS,
        "dense": [HIDDEN],
        "activation": "linear",
    }
    metadata = {"architecture": "deeprke", "task": "binding", "format_version": "1"}
    header = {"__metadata__": {**metadata, "config": json.dumps(config)}}
    end = 0
    for name, values in tensors.items():
        start, end = end, end + values.nbytes
        header[name] = {"dtype": "F32", "shape": values.shape, "data_offsets": [start, end]}
    header = json.dumps(header).encode()
    header += b" " * (-len(header) % 8)
    path = folder / "deeprke.safetensors"
    weights = b"".join(values.tobytes() for values in tensors.values())
    path.write_bytes(struct.pack("<Q", len(header)) + header + weights)
    return path, tensors


def encode(sequences, structures):
    """Returns the words of both tracks: n x 2 x words."""
    tracks = []
    for texts, letters in ((sequences, BASES), (structures, LABELS)):
        codes = np.array([[letters.index(letter) for letter in text] for text in texts])
        words = sum(
            codes[:, i : codes.shape[1] - K + 1 + i] * len(letters) ** (K - 1 - i) for i in range(K)
        )
        tracks.append(words)
    return np.stack(tracks, axis=1).astype(np.int64)


def graph(tensors):
    g = Graph("deeprke", [2, "words"], integers=True)

    def module(x, name):
        for n, (_, width) in enumerate(MODULE):
            kernel, bias = tensors[f"{name}.{n}.weight"], tensors[f"{name}.{n}.bias"]
            x = g.max_pool(g.relu(g.convolution(x, kernel, bias, edge=width // 2)), 2)
        return x

    def track(index, name):
        words = g.add("Gather", "input", g.constant(np.array(index)), axis=1)
        embedded = g.add("Gather", g.constant(tensors[f"{name}.embedding"]), words, axis=0)
        return module(g.transpose(embedded, 0, 2, 1), name)

    joined = g.add("Concat", track(0, "sequence"), track(1, "structure"), axis=1)
    x = g.last_of_bidirectional_lstm(
        module(joined, "joined"),
        [
            [tensors[f"lstm.{direction}.{part}"] for part in ("input", "recurrent", "bias")]
            for direction in ("forward", "backward")
        ],
    )
    for n in range(2):
        x = g.dense(x, tensors[f"dense.{n}.weight"], tensors[f"dense.{n}.bias"])
    return g.model(g.sigmoid(x))


def peer(folder, length=101):
    path, tensors = write(folder)
    outputs = [Output("p_bound", column(0))]
    network = graph(tensors)
    return Peer(
        "DeepRKE", path, network, encode, outputs, length, alphabet=BASES, structure_letters=LABELS
    )
