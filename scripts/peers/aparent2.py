"""APARENT2 (Linder et al. 2022)."""

import numpy as np

from . import keras
from .graph import Graph
from .model import Output, Peer, one_hot

LENGTH, LIBRARY, EPSILON = 205, 11, 1e-3
DILATIONS = (1, 2, 4, 8, 4, 2, 1)
BLOCKS = 4


def encode(sequences):
    return one_hot(sequences, "ACGT", unknown=0.25)


def graph(layers):
    def convolution(x, name, dilation=1):
        kernel, bias = layers[f"aparent_{name}"]
        return g.convolution(x, kernel[0], bias, dilation, same=True)

    def normalised(x, name):
        return g.relu(g.batch_norm(x, *layers[f"aparent_{name}"], epsilon=EPSILON))

    g = Graph("aparent2", [4, LENGTH])
    x = convolution("input", "conv_0")
    skips = [convolution(x, "skip_conv_0")]
    for group, dilation in enumerate(DILATIONS):
        for block in range(BLOCKS):
            y = x
            for half in range(2):
                name = f"resblock_{group}_{block}"
                y = normalised(y, f"{name}_batch_norm_{half}")
                y = convolution(y, f"{name}_conv_{half}", dilation)
            x = g.add("Add", x, y)
        last = group + 1 == len(DILATIONS)
        skips.append(convolution(x, "last_block_conv" if last else f"skip_conv_{group + 1}"))
    x = g.add("Sum", *skips)
    logits = g.reshape(convolution(x, "final_conv"), 0, LENGTH)
    # The logit of "not here" is that of the library alone.
    logits = g.add("Pad", logits, g.constant(np.array([0, 0, 0, 1])))
    kernel, bias = layers["aparent_lib_conv"]
    library = kernel[:, LIBRARY, 0] + bias.reshape(-1)
    return g.model(g.softmax(g.add("Add", logits, g.constant(library))))


def logit(cut, first, end):
    """log-odds of a cut at first..end, accurate where it is nearly certain: the odds are summed, not
    taken from 1."""
    cut = cut.astype(np.float64)
    inside = cut[:, first:end].sum(axis=1, keepdims=True)
    outside = cut[:, :first].sum(axis=1, keepdims=True) + cut[:, end:].sum(axis=1, keepdims=True)
    return np.log(inside / outside)


def peer(path):
    outputs = [
        Output("isoform_80_110", lambda y: y[0][:, 80:110].sum(axis=1, keepdims=True)),
        Output("logodds_narrow", lambda y: logit(y[0], 77, 127), 1e-4),
        Output("logodds_wide", lambda y: logit(y[0], 0, LENGTH), 1e-4),
        Output("cut", lambda y: y[0], 2e-6),
    ]
    return Peer("APARENT2", path, graph(keras.read(path)), encode, outputs, LENGTH)
