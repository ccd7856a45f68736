"""Reads and writes Keras 2 weight files (HDF5)."""

import h5py
import numpy as np


def _text(name):
    return name.decode() if isinstance(name, bytes) else name


def read(path):
    """Returns the weights of each layer that has any: a list of arrays in Keras' order."""
    with h5py.File(path) as file:
        group = file["model_weights"] if "model_weights" in file else file
        layers = {}
        for layer in map(_text, group.attrs["layer_names"]):
            names = map(_text, group[layer].attrs["weight_names"])
            weights = [np.array(group[layer][name], np.float32) for name in names]
            if weights:
                layers[layer] = weights
        return layers


def write(path, layers):
    """Writes layers as `model.save_weights` does; `layers` maps a layer's name to its weights, which
    are (name, array) pairs."""
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [name.encode() for name in layers]
        file.attrs["backend"] = b"tensorflow"
        file.attrs["keras_version"] = b"2.3.1"
        for layer, weights in layers.items():
            group = file.create_group(layer)
            names = [f"{layer}/{name}:0" for name, _ in weights]
            group.attrs["weight_names"] = [name.encode() for name in names]
            for name, (_, values) in zip(names, weights):
                group.create_dataset(name, data=values.astype(np.float32))
