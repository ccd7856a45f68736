"""PolyaID's architecture, of any size, in the frameworks that people run it in. Every window is
evaluated by itself, as they do; windows are encoded beforehand."""

import os
import time

import numpy as np

from . import aparent2, polyaid
from . import keras as keras_file
from .runners import Batched, OnnxRuntime

HEADS = {"bin": "sigmoid", "prob": "softmax"}


def one_hot(sequence):
    """Returns a sequence of A, C, G and T: length x letters."""
    letters = np.frombuffer(sequence.upper().encode(), np.uint8)
    return (letters[:, None] == np.frombuffer(b"ACGT", np.uint8)).astype(np.float32)


def encode(sequence):
    """Returns every window of a sequence of A, C, G and T: windows x letters x length."""
    windows = np.lib.stride_tricks.sliding_window_view(one_hot(sequence), polyaid.LENGTH, axis=0)
    return np.ascontiguousarray(windows)


def onnx_runtime(path, sequence, threads):
    return OnnxRuntime(polyaid.polyaid(path).graph, encode(sequence), threads, time.perf_counter)


class Keras(Batched):
    """On TensorFlow; its `unroll` and `jit_compile` change little."""

    def __init__(self, path, sequence, threads):
        os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"
        import keras
        import tensorflow

        tensorflow.config.threading.set_intra_op_parallelism_threads(threads)
        tensorflow.config.threading.set_inter_op_parallelism_threads(1)
        windows = np.ascontiguousarray(encode(sequence).transpose(0, 2, 1))
        super().__init__(windows, time.perf_counter)
        self.version = f"Keras {keras.__version__} on TensorFlow {tensorflow.__version__}"
        self.model = self.build(keras, keras_file.read(path))

    @staticmethod
    def build(keras, weights):
        layers, lstm = keras.layers, polyaid.lstm(weights)
        filters, units = weights["bin_conv"][0].shape[2], lstm[1].shape[0]
        window = keras.Input((polyaid.LENGTH, 4))
        x = layers.Conv1D(filters, len(weights["bin_conv"][0]), activation="relu", name="bin_conv")(window)
        x = layers.MaxPooling1D(polyaid.POOL)(x)
        x = layers.Bidirectional(layers.LSTM(units, return_sequences=True), name="lstm")(x)
        x, outputs = layers.Flatten()(x), []
        for prefix, last in HEADS.items():
            y, names = x, polyaid.head_layers(weights, prefix)
            for name in names:
                activation = last if name == names[-1] else "relu"
                y = layers.Dense(len(weights[name][1]), activation=activation, name=name)(y)
            outputs.append(y)
        model = keras.Model(window, outputs)
        for layer in model.layers:
            if layer.weights:
                layer.set_weights(lstm if layer.name == "lstm" else weights[layer.name])
        return model

    def run(self, batch):
        return self.model.predict_on_batch(batch)


class PyTorch(Batched):
    def __init__(self, path, sequence, threads):
        import torch

        torch.set_num_threads(threads)
        super().__init__(encode(sequence), time.perf_counter)
        self.version = f"PyTorch {torch.__version__.partition('+')[0]}"
        self.torch = torch
        weights = keras_file.read(path)
        with torch.no_grad():
            self.convolution = self.convolve(*weights["bin_conv"])
            self.lstm = self.recur(polyaid.lstm(weights))
            self.heads = [
                torch.nn.Sequential(*self.head(weights, prefix)) for prefix in HEADS
            ]

    def tensor(self, values):
        return self.torch.from_numpy(np.ascontiguousarray(values))

    def convolve(self, kernel, bias):
        layer = self.torch.nn.Conv1d(*kernel.shape[1:], len(kernel))
        layer.weight.copy_(self.tensor(kernel.transpose(2, 1, 0)))
        layer.bias.copy_(self.tensor(bias))
        return layer

    def recur(self, weights):
        inputs, units = len(weights[0]), len(weights[1])
        layer = self.torch.nn.LSTM(inputs, units, batch_first=True, bidirectional=True)
        # Gates are i, f, c, o here too; there are two biases, of which the sum counts.
        for direction, (kernel, recurrent, bias) in {"": weights[:3], "_reverse": weights[3:]}.items():
            getattr(layer, f"weight_ih_l0{direction}").copy_(self.tensor(kernel.T))
            getattr(layer, f"weight_hh_l0{direction}").copy_(self.tensor(recurrent.T))
            getattr(layer, f"bias_ih_l0{direction}").copy_(self.tensor(bias))
            getattr(layer, f"bias_hh_l0{direction}").zero_()
        return layer

    def head(self, weights, prefix):
        names = polyaid.head_layers(weights, prefix)
        for name in names:
            kernel, bias = weights[name]
            layer = self.torch.nn.Linear(*kernel.shape)
            layer.weight.copy_(self.tensor(kernel.T))
            layer.bias.copy_(self.tensor(bias))
            yield layer
            if name != names[-1]:
                yield self.torch.nn.ReLU()

    def run(self, batch):
        torch = self.torch
        with torch.inference_mode():
            x = torch.relu(self.convolution(torch.from_numpy(batch)))
            x = torch.nn.functional.max_pool1d(x, polyaid.POOL)
            x = self.lstm(x.transpose(1, 2))[0].flatten(1)
            classification, cleavage = (head(x) for head in self.heads)
            return [torch.sigmoid(classification).numpy(), torch.softmax(cleavage, 1).numpy()]


class Dense(Batched):
    """The dense-scan network in PyTorch, all layers once per position; a batch is a stretch of windows."""

    BATCHES = (1024, 4096, 16384, 65536)

    def __init__(self, path, sequence, threads):
        import torch

        from . import torch_models

        torch.set_num_threads(threads)
        # Windows are not encoded one by one: they are counted.
        super().__init__(range(len(sequence) - polyaid.LENGTH + 1), time.perf_counter)
        self.version = f"PyTorch {torch.__version__.partition('+')[0]}"
        self.torch, self.model = torch, torch_models.DenseScan(path)
        self.columns = torch.from_numpy(np.ascontiguousarray(one_hot(sequence).T))[None, :, None]

    def seconds(self, n):
        starts = range(0, min(n, len(self.encoded)), self.batch)
        begin = self.clock()
        for start in starts:
            self.scan(start)
        return self.clock() - begin

    def scan(self, start):
        with self.torch.inference_mode():
            return self.model(self.columns[..., start : start + self.batch + polyaid.LENGTH - 1]).numpy()

    def outputs(self):
        return [np.concatenate([self.scan(start) for start in range(0, len(self.encoded), self.batch)])]


def aparent2_on_onnx_runtime(path, sequence, threads):
    peer = aparent2.peer(path)
    windows = [sequence[at : at + peer.length] for at in range(len(sequence) - peer.length + 1)]
    return OnnxRuntime(peer.graph, peer.encode(windows), threads, time.perf_counter)


FRAMEWORKS = {"keras": Keras, "onnxruntime": onnx_runtime, "pytorch": PyTorch}
# Those of other networks than PolyaID.
OTHERS = {"dense": Dense, "aparent2": aparent2_on_onnx_runtime}
