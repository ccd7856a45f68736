"""The arithmetic that a scan at every position cannot do without, in flop per window and strand: what
neighbouring windows share is counted once per position, a multiply-add is two, and a convolution of
one-hot columns is the additions of the rows that they pick. Activations and pooling are not counted."""

import json
import struct

from . import polyaid

PROJECTIONS = 2


def dense(*sizes):
    return sum(2 * inputs * outputs for inputs, outputs in zip(sizes, sizes[1:]))


def of_polyaid(layers, cleavage_share):
    """`layers` are the weights of a Keras file; the cleavage head runs for that share of windows."""
    width, _, filters = layers["bin_conv"][0].shape
    units = polyaid.lstm(layers)[1].shape[0]
    steps = (polyaid.LENGTH - width + 1) // polyaid.POOL
    shared = width * filters + PROJECTIONS * dense(filters, 4 * units)
    recurrence = steps * PROJECTIONS * dense(units, 4 * units)
    classification, cleavage = (
        sum(dense(*layers[name][0].shape) for name in polyaid.head_layers(layers, prefix))
        for prefix in ("bin", "prob")
    )
    return shared + recurrence + classification + cleavage_share * cleavage


def of_dense_scan(path):
    """The fully convolutional model of a safetensors file; its cleavage head, which runs for less than
    1% of a genome's windows, is left out."""
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        config = json.loads(json.loads(file.read(length))["__metadata__"]["config"])
    channels, hidden = config["channels"], config["hidden"]
    blocks = len(config["dilations"]) * dense(3 * channels, channels)
    return config["stem_width"] * channels + blocks + dense(channels, hidden, 1)
