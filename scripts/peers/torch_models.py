"""dense-scan and PolyaID in PyTorch, from polyascan's own weight files."""

import json
import struct

import numpy as np
import torch
from torch import nn
from torch.nn import functional

LENGTH, POOL = 240, 3


def read(path):
    """Returns the tensors and metadata of a safetensors file of f32."""
    data = path.read_bytes()
    (size,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + size])
    metadata = header.pop("__metadata__", {})
    tensors = {}
    for name, entry in header.items():
        first, last = (8 + size + offset for offset in entry["data_offsets"])
        values = np.frombuffer(data[first:last], "<f4").reshape(entry["shape"])
        tensors[name] = torch.from_numpy(values.copy())
    return tensors, metadata


def write(path, tensors, metadata):
    header, blocks, at = {"__metadata__": metadata}, [], 0
    for name, values in tensors.items():
        blocks.append(values.astype("<f4").tobytes())
        end = at + len(blocks[-1])
        header[name] = {"dtype": "F32", "shape": values.shape, "data_offsets": [at, end]}
        at = end
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(blocks))


def write_random_polyaid(path, filters=512, units=128, hidden=(256, 256, 128, 64), seed=1):
    """Writes random weights of the published size, scaled so that signals neither fade nor blow up."""
    rng = np.random.default_rng(seed)

    def weights(*shape):
        return rng.normal(0, (2 / np.prod(shape[:-1])) ** 0.5, shape)

    tensors = {"conv.weight": weights(8, 4, filters), "conv.bias": rng.normal(0, 0.1, filters)}
    for direction in ("forward", "backward"):
        tensors[f"lstm.{direction}.input"] = weights(filters, 4 * units)
        tensors[f"lstm.{direction}.recurrent"] = weights(units, 4 * units)
        tensors[f"lstm.{direction}.bias"] = rng.normal(0, 0.1, 4 * units)
    for head, outputs in (("classification", 1), ("cleavage", 50)):
        inputs = (LENGTH - 8 + 1) // POOL * 2 * units
        for number, size in enumerate((*hidden, outputs)):
            tensors[f"{head}.{number}.weight"] = weights(inputs, size)
            tensors[f"{head}.{number}.bias"] = rng.normal(0, 0.1, size)
            inputs = size
    write(path, tensors, {"architecture": "polyaid", "format_version": "1"})


class DenseScan(nn.Module):
    """One-hot columns (1 x 4 x 1 x length) -> classification logits of all windows, every layer once per position.
    Two-dimensional, so that channels-last has a meaning."""

    def __init__(self, path):
        super().__init__()
        tensors, metadata = read(path)
        config = json.loads(metadata["config"])
        self.dilations = config["dilations"]
        channels = config["channels"]

        def convolution(name, width, inputs, outputs):
            weight = tensors[f"{name}.weight"][:, :outputs].reshape(width, inputs, outputs)
            kernel = nn.Parameter(weight.permute(2, 1, 0).unsqueeze(2).contiguous())
            return kernel, nn.Parameter(tensors[f"{name}.bias"][:outputs])

        layers = [convolution("stem", config["stem_width"], 4, channels)]
        layers += [convolution(f"blocks.{i}", 3, channels, channels) for i in range(len(self.dilations))]
        layers += [convolution("hidden", 1, channels, config["hidden"])]
        layers += [convolution("output", 1, config["hidden"], 51)]
        self.weights = nn.ParameterList(weight for weight, _ in layers)
        self.biases = nn.ParameterList(bias for _, bias in layers)

    def forward(self, x):
        x = functional.conv2d(x, self.weights[0], self.biases[0])
        for i, dilation in enumerate(self.dilations, 1):
            branch = functional.conv2d(
                functional.relu(x), self.weights[i], self.biases[i], dilation=(1, dilation)
            )
            x = x[..., dilation:-dilation] + branch
        x = functional.relu(functional.conv2d(functional.relu(x), self.weights[-2], self.biases[-2]))
        return functional.conv2d(x, self.weights[-1], self.biases[-1])[0, 0, 0]


class Polyaid(nn.Module):
    """One-hot windows (n x 4 x 240) -> classification logits."""

    def __init__(self, path):
        super().__init__()
        tensors, _ = read(path)
        width, bases, filters = tensors["conv.weight"].shape
        self.convolution = nn.Conv1d(bases, filters, width)
        units = tensors["lstm.forward.recurrent"].shape[0]
        self.lstm = nn.LSTM(filters, units, batch_first=True, bidirectional=True)
        self.dense = nn.ModuleList()
        with torch.no_grad():
            self.convolution.weight.copy_(tensors["conv.weight"].permute(2, 1, 0))
            self.convolution.bias.copy_(tensors["conv.bias"])
            for direction, suffix in (("forward", ""), ("backward", "_reverse")):
                part = {name: tensors[f"lstm.{direction}.{name}"] for name in ("input", "recurrent", "bias")}
                getattr(self.lstm, f"weight_ih_l0{suffix}").copy_(part["input"].T)
                getattr(self.lstm, f"weight_hh_l0{suffix}").copy_(part["recurrent"].T)
                getattr(self.lstm, f"bias_ih_l0{suffix}").copy_(part["bias"])
                getattr(self.lstm, f"bias_hh_l0{suffix}").zero_()
            while (name := f"classification.{len(self.dense)}") + ".weight" in tensors:
                weight = tensors[f"{name}.weight"]
                layer = nn.Linear(*weight.shape)
                layer.weight.copy_(weight.T)
                layer.bias.copy_(tensors[f"{name}.bias"])
                self.dense.append(layer)

    def forward(self, x):
        x = functional.max_pool1d(functional.relu(self.convolution(x)), POOL)
        x = self.lstm(x.transpose(1, 2))[0].flatten(1)
        for layer in self.dense[:-1]:
            x = functional.relu(layer(x))
        return self.dense[-1](x)[:, 0]
