"""What the benchmark needs to know of a model."""

import dataclasses
import pathlib
import typing

import numpy as np


@dataclasses.dataclass
class Output:
    """An output as polyascan names it, made from what the graph returns (a list of arrays)."""

    name: str
    compute: typing.Callable[[list], np.ndarray]
    tolerance: float = 1e-5


@dataclasses.dataclass
class Peer:
    name: str
    weights: pathlib.Path
    # The graph (onnx.ModelProto); its only input is what `encode` makes of sequences.
    graph: typing.Any
    encode: typing.Callable[..., np.ndarray]
    outputs: list
    # nt of a window.
    length: int
    # Letters that sequences are drawn from.
    alphabet: str = "ACGT"
    # Structure labels are drawn from these, for a model that reads them too.
    structure_letters: str = ""


def one_hot(sequences, alphabet, unknown=0.0):
    """Returns sequences x letters x length; a letter outside the alphabet is `unknown` everywhere."""
    rows = np.full((256, len(alphabet)), unknown, np.float32)
    for column, letter in enumerate(alphabet):
        rows[ord(letter)] = np.eye(len(alphabet), dtype=np.float32)[column]
    letters = np.frombuffer("".join(sequences).upper().encode(), np.uint8)
    encoded = rows[letters].reshape(len(sequences), -1, len(alphabet))
    return np.ascontiguousarray(encoded.transpose(0, 2, 1))


def column(index, at=0):
    """Returns the function that takes one column of the graph's output number `index`."""
    return lambda results: results[index][:, at : at + 1]
