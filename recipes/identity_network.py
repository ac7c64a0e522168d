"""The identity network as ONNX, from the file in which dlib keeps it.

dlib's "face recognition ResNet v1" (Davis King, public domain) has 29 convolutions and maps a 150 x 150 face to 128
numbers. dlib stores a network as text names of layers, each followed by its numbers, the deepest layer first. The
build runs this; by hand: `python recipes/identity_network.py MODEL.dat identity.onnx`.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

F32 = NDArray[np.float32]
SIDE = 150
MEAN = (122.782, 117.001, 104.298)
"""What dlib takes off red, green and blue before it divides by 256."""
LEVELS = ((32, (1, 1, 1)), (64, (2, 1, 1, 1)), (128, (2, 1, 1)), (256, (2, 1, 1)), (256, (2,)))
"""From the input on: channels of a level, and the stride of each of its blocks of two convolutions."""


class DlibFile:
    """Reads dlib's serialisation, layer after layer."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def number(self) -> int:
        """A whole number: a byte with the count of bytes (its top bit the sign), then these, lowest first."""
        head = self._data[self._at]
        end = self._at + 1 + (head & 0x0F)
        value = int.from_bytes(self._data[self._at + 1 : end], "little")
        self._at = end
        return -value if head & 0x80 else value

    def tensor(self) -> F32:
        """A tensor of dlib's version 2: its four sizes, then float32."""
        if (version := self.number()) != 2:
            raise ValueError(f"a tensor of version {version}, expected 2")
        sizes = [self.number() for _ in range(4)]
        count = int(np.prod(sizes))
        values = np.frombuffer(self._data, "<f4", count, self._at)
        self._at += 4 * count
        return values.reshape(sizes)

    def layer(self, name: str) -> None:
        """Go behind the next layer of this name."""
        mark = bytes([1, len(name)]) + name.encode()
        found = self._data.find(mark, self._at)
        if found < 0:
            raise ValueError(f"no further layer {name!r} in the file")
        self._at = found + len(mark)

    def convolution(self, channels_in: int) -> tuple[F32, F32, int, int]:
        """The next convolution and the affine layer behind it: weights, biases, stride, padding."""
        self.layer("con_4")
        values = self.tensor().ravel()
        channels, height, width, stride, _, padding, _ = (self.number() for _ in range(7))
        weights = values[:-channels].reshape(channels, channels_in, height, width)
        bias = values[-channels:]
        self.layer("affine_")
        gain, shift = self.tensor().reshape(2, channels)
        return weights * gain[:, None, None, None], bias * gain + shift, stride, padding

    def dense(self) -> F32:
        """The next fully connected layer: inputs x outputs."""
        self.layer("fc_2")
        outputs, inputs = self.number(), self.number()
        return self.tensor().reshape(inputs, outputs)


class Graph:
    """Collects an ONNX graph; every method returns the name of what it makes."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def add(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """A node; its one result carries its name."""
        name = f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], name=name, **attributes))
        return name

    def constant(self, values: NDArray[np.generic]) -> str:
        """Numbers that are part of the network."""
        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(values, name))
        return name

    def weights(self, values: F32) -> str:
        """Kept in half the bytes, used as float32."""
        return self.add("Cast", self.constant(values.astype(np.float16)), to=TensorProto.FLOAT)

    def padded(self, value: str, channels: int, rows: int) -> str:
        """Zeros behind the last channel, and below and to the right: so dlib adds tensors of unlike sizes."""
        if not channels and not rows:
            return value
        return self.add("Pad", value, self.constant(np.array([0, 0, 0, 0, 0, channels, rows, rows], np.int64)))


def build(data: bytes) -> onnx.ModelProto:
    """From dlib's file to a network: `image` 1 x 3 x 150 x 150 (RGB, 0..255, float32) to `identity` 1 x 128."""
    file, graph = DlibFile(data), Graph()
    mean = graph.constant(np.array(MEAN, np.float32).reshape(1, 3, 1, 1))
    scale = graph.constant(np.array(1 / 256, np.float32))
    value = graph.add("Mul", graph.add("Sub", "image", mean), scale)
    value, side, channels = convolve(file, graph, value, SIDE, 3)
    value = graph.add("MaxPool", graph.add("Relu", value), kernel_shape=[3, 3], strides=[2, 2])
    side = (side - 3) // 2 + 1
    for wanted, strides in LEVELS:
        for stride in strides:
            inner, small, found = convolve(file, graph, value, side, channels)
            inner, small, found = convolve(file, graph, graph.add("Relu", inner), small, found)
            if found != wanted:
                raise ValueError(f"a convolution to {found} channels, expected {wanted}")
            if stride == 2:
                value = graph.add("AveragePool", value, kernel_shape=[2, 2], strides=[2, 2])
                side //= 2
            most = max(side, small)
            value = graph.padded(value, wanted - channels, most - side)
            inner = graph.padded(inner, 0, most - small)
            value, side, channels = graph.add("Relu", graph.add("Add", value, inner)), most, wanted
    value = graph.add("Flatten", graph.add("GlobalAveragePool", value))
    value = graph.add("MatMul", value, graph.weights(file.dense()))
    graph.add("Identity", value)
    graph.nodes[-1].output[0] = "identity"
    made = helper.make_graph(
        graph.nodes, "dlib-resnet-v1",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, SIDE, SIDE])],
        [helper.make_tensor_value_info("identity", TensorProto.FLOAT, [1, 128])], graph.constants,
    )
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 13)], producer_name="playingage")
    model.ir_version = 8
    onnx.checker.check_model(model)
    return model


def convolve(file: DlibFile, graph: Graph, value: str, side: int, channels: int) -> tuple[str, int, int]:
    """The next convolution behind `value`: its result, the result's side and channels."""
    weights, bias, stride, padding = file.convolution(channels)
    size = weights.shape[-1]
    result = graph.add(
        "Conv", value, graph.weights(weights), graph.constant(bias), kernel_shape=[size, size],
        strides=[stride, stride], pads=[padding] * 4,
    )
    return result, (side + 2 * padding - size) // stride + 1, len(weights)


if __name__ == "__main__":
    Path(sys.argv[2]).write_bytes(build(Path(sys.argv[1]).read_bytes()).SerializeToString())
