"""pysster (Budach & Marsico 2018): sequence and structure labels."""

import numpy as np

from . import keras
from .graph import Graph
from .model import Output, Peer, column

BASES, LABELS = "ACGU", "HIMS"


def encode(sequences, structures):
    bases, labels = (np.zeros(256, np.intp), np.zeros(256, np.intp))
    for number, letter in enumerate(BASES):
        bases[ord(letter)] = number
    bases[ord("T")] = BASES.index("U")
    for number, letter in enumerate(LABELS):
        labels[ord(letter)] = number

    def numbers(texts, table):
        return table[np.frombuffer("".join(texts).encode(), np.uint8)].reshape(len(texts), -1)

    channels = len(LABELS) * numbers(sequences, bases) + numbers(structures, labels)
    encoded = np.eye(len(BASES) * len(LABELS), dtype=np.float32)[channels]
    return np.ascontiguousarray(encoded.transpose(0, 2, 1))


def graph(layers, length):
    convolutions = [w for name, w in layers.items() if name.startswith("conv1d")]
    dense = [w for name, w in layers.items() if name.startswith("dense")]
    x, g = "input", Graph("pysster", [len(BASES) * len(LABELS), length])
    for kernel, bias in convolutions:
        x = g.max_pool(g.relu(g.convolution(x, kernel, bias)), 2)
    x = g.dense_on_flat(x, *dense[0], channels=convolutions[-1][0].shape[2])
    for kernel, bias in dense[1:]:
        x = g.dense(g.relu(x), kernel, bias)
    return g.model(g.softmax(x))


def peer(path, length=200):
    # Class 0 is the file of positives.
    outputs = [Output("", column(0))]
    network = graph(keras.read(path), length)
    return Peer("pysster NOVA", path, network, encode, outputs, length, structure_letters=LABELS)
