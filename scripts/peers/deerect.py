"""DeeReCT-PolyA (Xia et al. 2018)."""

import numpy as np

from .graph import Graph
from .model import Output, Peer, column, one_hot

LENGTH, WIDTH, GROUPS, POOL = 206, 10, 4, 10


def encode(sequences):
    edges = ((0, 0), (0, 0), (WIDTH - 1, WIDTH - 1))
    return np.pad(one_hot(sequences, "AGTC"), edges, constant_values=0.25)


def graph(weights):
    kernel = weights["conv_weights"][:, 0]
    filters = kernel.shape[2]
    # Filter 4a + g belongs to group g: in this order the groups lie one after another.
    order = np.arange(filters).reshape(-1, GROUPS).T.ravel()
    g = Graph("deerect", [4, LENGTH + 2 * (WIDTH - 1)])
    x = g.convolution("input", kernel[:, :, order])
    positions = LENGTH + WIDTH - 1
    x = g.reshape(x, 0, GROUPS, filters // GROUPS * positions)
    one, zero = g.constant(np.ones(GROUPS)), g.constant(np.zeros(GROUPS))
    x = g.add("InstanceNormalization", x, one, zero, epsilon=1e-12)
    x = g.reshape(x, 0, filters, positions)
    x = g.add("Add", x, g.constant(weights["conv_biases"][order][:, None]))
    x = g.max_pool(g.relu(x), POOL)
    dense = weights["layer1_weights"].reshape(-1, filters, weights["layer1_weights"].shape[1])
    dense = dense[:, order].reshape(weights["layer1_weights"].shape)
    x = g.relu(g.dense_on_flat(x, dense, weights["layer1_biases"], filters))
    return g.model(g.softmax(g.dense(x, weights["layer2_weights"], weights["layer2_biases"])))


def peer(path):
    with np.load(path, allow_pickle=False) as file:
        weights = {name: file[name] for name in file.files}
    outputs = [Output("p_true_signal", column(0))]
    return Peer("DeeReCT-PolyA", path, graph(weights), encode, outputs, LENGTH)
