"""PolyaID and PolyaStrength (Stroup & Ji 2023)."""

import h5py
import numpy as np

from . import keras
from .graph import Graph
from .model import Output, Peer, column, one_hot

LENGTH, POOL = 240, 3


def encode(sequences):
    return one_hot(sequences, "ACGT")


def lstm(layers):
    """Kernel, recurrent kernel and bias, forward and backward."""
    return next(weights for name, weights in layers.items() if name.startswith("bidirectional"))


def head_layers(layers, prefix):
    """Names of a head's layers in order, the predictions last."""
    dense = sum(name.startswith(f"{prefix}_dense") for name in layers)
    return [f"{prefix}_dense{number}" for number in range(1, dense + 1)] + [f"{prefix}_predictions"]


def trunk(g, layers, convolution):
    x = g.max_pool(g.relu(g.convolution("input", *layers[convolution])), POOL)
    weights = lstm(layers)
    return g.bidirectional_lstm(x, [weights[:3], weights[3:]])


def head(g, layers, prefix, x):
    *hidden, predictions = head_layers(layers, prefix)
    for name in hidden:
        x = g.relu(g.dense(x, *layers[name]))
    return g.dense(x, *layers[predictions])


def polyaid(path, name="PolyaID"):
    layers, g = keras.read(path), Graph("polyaid", [4, LENGTH])
    x = trunk(g, layers, "bin_conv")
    classification, cleavage = (head(g, layers, prefix, x) for prefix in ("bin", "prob"))
    graph = g.model(g.sigmoid(classification), g.softmax(cleavage))
    outputs = [Output("probability", column(0)), Output("cleavage", lambda y: y[1])]
    return Peer(name, path, graph, encode, outputs, LENGTH)


def polyastrength(path, name="PolyaStrength"):
    layers, g = keras.read(path), Graph("polyastrength", [4, LENGTH])
    graph = g.model(head(g, layers, "bin", trunk(g, layers, "seq_conv")))
    return Peer(name, path, graph, encode, [Output("strength", column(0))], LENGTH)


def write_random(path, convolution, filters, units, heads, seed=1):
    """Writes random weights in the published layout, scaled so that signals neither fade nor blow up.
    `heads` maps a prefix to its layers' units, the last being the predictions."""
    rng = np.random.default_rng(seed)

    def weights(*shape):
        return rng.normal(0, (2 / np.prod(shape[:-1])) ** 0.5, shape)

    def dense(inputs, outputs):
        return [("kernel", weights(inputs, outputs)), ("bias", rng.normal(0, 0.1, outputs))]

    layers = {convolution: [("kernel", weights(8, 4, filters)), ("bias", rng.normal(0, 0.1, filters))]}
    layers["bidirectional_1"] = [
        (f"{direction}_bin_lstm/lstm_cell/{name}", values)
        for direction in ("forward", "backward")
        for name, values in (
            ("kernel", weights(filters, 4 * units)),
            ("recurrent_kernel", weights(units, 4 * units)),
            ("bias", rng.normal(0, 0.1, 4 * units)),
        )
    ]
    for prefix, sizes in heads.items():
        inputs = (LENGTH - 8 + 1) // POOL * 2 * units
        for number, size in enumerate(sizes, 1):
            name = "predictions" if number == len(sizes) else f"dense{number}"
            layers[f"{prefix}_{name}"] = dense(inputs, size)
            inputs = size
    keras.write(path, layers)


def write_published_size(folder):
    """Writes both models at their published sizes and returns their paths."""
    polyaid, polyastrength = folder / "polyaid_full.h5", folder / "polyastrength_full.h5"
    hidden = (256, 256, 128, 64)
    write_random(polyaid, "bin_conv", 512, 128, {"bin": (*hidden, 1), "prob": (*hidden, 50)})
    write_random(polyastrength, "seq_conv", 64, 16, {"bin": (128, 64, 1)})
    return polyaid, polyastrength


def lower_classification(path, by):
    """Takes `by` off the logit of the classification, in the file."""
    with h5py.File(path, "r+") as file:
        bias = file["bin_predictions/bin_predictions/bias:0"]
        bias[...] = bias[...] - by
