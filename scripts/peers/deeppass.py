"""DeepPASS (SCAPTURE; Li et al. 2021; GPLv3), a peer to compare with: its forward pass in NumPy.

200 nt, columns A, T, G, C; convolutions of 128 x 12 and 128 x 6 with ReLU, max-pool 4, the last states of a
bidirectional LSTM of 64, dense 1024 with ReLU, softmax of two: the second is a polyA site.
"""

import numpy as np

from . import keras

LENGTH, BEFORE, POOL, BATCH = 200, 100, 4, 64
COLUMNS = {base: column for column, base in enumerate("ATGC")}
COMPLEMENT = str.maketrans("ACGT", "TGCA")


def window(sequence, position, strand):
    """The 200 nt of a place (0-based): [p-100, p+100), or the reverse complement of [p-99, p+101)."""
    if strand == "+":
        return sequence[position - BEFORE:position + LENGTH - BEFORE]
    return sequence[position - BEFORE + 1:position + LENGTH - BEFORE + 1].translate(COMPLEMENT)[::-1]


class DeepPass:
    def __init__(self, path):
        self.layers = keras.read(path)

    def probabilities(self, windows):
        """The probability that each window has a site at its centre."""
        batches = [windows[start:start + BATCH] for start in range(0, len(windows), BATCH)]
        return np.concatenate([self.forward(one_hot(batch)) for batch in batches])

    def forward(self, x):
        for name in ("conv1d", "conv1d_1"):
            x = relu(convolution(x, *self.layers[name]))
        steps = x.shape[1] // POOL
        x = x[:, :steps * POOL].reshape(len(x), steps, POOL, -1).max(axis=2)
        forward, backward = self.layers["bidirectional"][:3], self.layers["bidirectional"][3:]
        x = np.concatenate([last_state(x, *forward), last_state(x[:, ::-1], *backward)], axis=1)
        kernel, bias = self.layers["dense"]
        x = relu(x @ kernel + bias)
        kernel, bias = self.layers["dense_1"]
        site, none = (x @ kernel + bias)[:, 1], (x @ kernel + bias)[:, 0]
        return sigmoid(site - none)


def one_hot(windows):
    x = np.zeros((len(windows), LENGTH, len(COLUMNS)), np.float32)
    for row, letters in enumerate(windows):
        for at, base in enumerate(letters):
            if base in COLUMNS:
                x[row, at, COLUMNS[base]] = 1
    return x


def convolution(x, kernel, bias):
    """A valid convolution: batch x length x channels."""
    length = x.shape[1] - len(kernel) + 1
    return sum(x[:, tap:tap + length] @ weights for tap, weights in enumerate(kernel)) + bias


def last_state(x, kernel, recurrent, bias):
    """The last state of an LSTM: gates input, forget, cell, output."""
    units = recurrent.shape[0]
    h = c = np.zeros((len(x), units), np.float32)
    for inputs in (x @ kernel + bias).transpose(1, 0, 2):
        i, f, g, o = np.split(inputs + h @ recurrent, 4, axis=1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
    return h


def relu(x):
    return np.maximum(x, 0)


def sigmoid(x):
    return 1 / (1 + np.exp(-np.clip(x, -80, 80)))
