"""Builds ONNX graphs from layers with Keras' weight layouts. Activations are batch x channels x length."""

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper

OPSET = 17
IR_VERSION = 8


class Graph:
    def __init__(self, name, shape, integers=False):
        self.name = name
        kind = TensorProto.INT64 if integers else TensorProto.FLOAT
        self.input = helper.make_tensor_value_info("input", kind, ["batch", *shape])
        self.nodes, self.constants = [], []

    def add(self, operator, *inputs, output=0, **attributes):
        """Adds a node and returns the name of one of its outputs, the only one that is used."""
        name = f"{operator.lower()}_{len(self.nodes)}"
        outputs = [""] * output + [name]
        self.nodes.append(helper.make_node(operator, list(inputs), outputs, name=name, **attributes))
        return name

    def constant(self, values):
        name = f"constant_{len(self.constants)}"
        values = np.asarray(values, order="C")
        if values.dtype.kind == "f":
            values = values.astype(np.float32)
        self.constants.append(numpy_helper.from_array(values, name))
        return name

    def convolution(self, x, kernel, bias=None, dilation=1, same=False, edge=0):
        """`kernel` is width x inputs x filters; `edge` is the padding on either side."""
        edge = dilation * (kernel.shape[0] - 1) // 2 if same else edge
        parameters = [self.constant(kernel.transpose(2, 1, 0))]
        if bias is not None:
            parameters.append(self.constant(bias))
        return self.add("Conv", x, *parameters, dilations=[dilation], pads=[edge, edge])

    def batch_norm(self, x, gamma, beta, mean, variance, epsilon):
        parameters = [self.constant(values) for values in (gamma, beta, mean, variance)]
        return self.add("BatchNormalization", x, *parameters, epsilon=epsilon)

    def relu(self, x):
        return self.add("Relu", x)

    def max_pool(self, x, size):
        return self.add("MaxPool", x, kernel_shape=[size], strides=[size])

    def reshape(self, x, *shape):
        return self.add("Reshape", x, self.constant(np.array(shape, np.int64)))

    def transpose(self, x, *axes):
        return self.add("Transpose", x, perm=list(axes))

    def dense(self, x, kernel, bias):
        """`kernel` is inputs x units; x is batch x inputs."""
        return self.add("Gemm", x, self.constant(kernel), self.constant(bias))

    def dense_on_flat(self, x, kernel, bias, channels):
        """A dense layer that Keras put on the flattened length x channels: its rows are reordered
        instead of the activations."""
        kernel = kernel.reshape(-1, channels, kernel.shape[1]).transpose(1, 0, 2)
        kernel = kernel.reshape(-1, kernel.shape[2])
        return self.dense(self.reshape(x, 0, kernel.shape[0]), kernel, bias)

    def softmax(self, x):
        return self.add("Softmax", x, axis=-1)

    def sigmoid(self, x):
        return self.add("Sigmoid", x)

    def bidirectional_lstm(self, x, directions):
        """`directions` holds kernel, recurrent kernel and bias, forward and backward, with Keras' gates
        i, f, c, o. Returns batch x (length * 2 units), time by time."""
        # length x directions x batch x units.
        y = self.lstm(x, directions, output=0)
        return self.add("Flatten", self.transpose(y, 2, 0, 1, 3), axis=1)

    def last_of_bidirectional_lstm(self, x, directions):
        """The same; returns batch x 2 units: the last step of each direction."""
        # directions x batch x units.
        y = self.lstm(x, directions, output=1)
        return self.add("Flatten", self.transpose(y, 1, 0, 2), axis=1)

    def lstm(self, x, directions, output):
        units = directions[0][1].shape[0]

        def gates(values):
            i, f, c, o = np.split(values, 4, axis=-1)
            return np.concatenate([i, o, f, c], axis=-1).T

        kernels = np.stack([gates(kernel) for kernel, _, _ in directions])
        recurrent = np.stack([gates(kernel) for _, kernel, _ in directions])
        biases = np.stack([np.concatenate([gates(b), np.zeros(4 * units)]) for _, _, b in directions])
        return self.add(
            "LSTM",
            self.transpose(x, 2, 0, 1),
            *(self.constant(values) for values in (kernels, recurrent, biases)),
            hidden_size=units,
            direction="bidirectional",
            output=output,
        )

    def model(self, *outputs):
        """Returns the finished model; outputs are batch x anything."""
        shape = ["batch", "values"]
        values = [helper.make_tensor_value_info(y, TensorProto.FLOAT, shape) for y in outputs]
        graph = helper.make_graph(self.nodes, self.name, [self.input], values, self.constants)
        opset = [helper.make_opsetid("", OPSET)]
        model = helper.make_model(graph, opset_imports=opset, ir_version=IR_VERSION)
        checker.check_model(model)
        return model
