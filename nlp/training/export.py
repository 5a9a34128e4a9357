"""Trained networks to ONNX with int8 weights: fixed activation scales, so a text's result is its own alone.

Dynamic quantisation takes its scale from the whole batch: the same text would read differently beside other
texts. Here every scale is fixed from training texts. Weights keep 7 bits, because processors without VNNI
saturate the sums of 8-bit products; with 7 bits every processor gives the same figures.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from nlp.training.network import (
    DILATIONS,
    FAR,
    HIDDEN,
    Classifying,
    Embedding,
    Encoder,
    GatedConvolution,
    Tagging,
)

WEIGHT_LEVELS = 63
ACTIVATION_LEVELS = 127
ZERO = 128
OPSET = 17


class Graph:
    """Nodes and constants of an ONNX graph in the making."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, value: NDArray[np.generic]) -> str:
        """The name of a new constant."""
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def number(self, value: float) -> str:
        """A float32 constant without axes."""
        return self.constant(np.array(value, np.float32))

    def axes(self, *values: int) -> str:
        """An int64 constant of one axis."""
        return self.constant(np.array(values, np.int64))

    def add(self, operator: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        """Append a node of one output; its name is returned."""
        name = f"n{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, list(inputs), [name], domain=domain, **attributes))
        return name

    def split(self, value: str, sizes: tuple[int, ...]) -> list[str]:
        """Parts of the last axis."""
        names = [f"n{len(self.nodes)}_{part}" for part in range(len(sizes))]
        self.nodes.append(helper.make_node("Split", [value, self.axes(*sizes)], names, axis=-1))
        return names

    def linear(self, value: str, layer: nn.Linear) -> str:
        """A float layer."""
        product = self.add("MatMul", value, self.constant(_numpy(layer.weight).T))
        return self.add("Add", product, self.constant(_numpy(layer.bias)))

    def quantized(self, value: str, scale: float) -> str:
        """To uint8 around `ZERO` at a fixed scale."""
        return self.add("QuantizeLinear", value, self.number(scale), self.constant(np.array(ZERO, np.uint8)))

    def quantized_linear(self, value: str, scale: float, layer: nn.Linear) -> str:
        """An int8 layer on a quantized input, with a scale for each output; the result is float."""
        weight = _numpy(layer.weight).T
        scales = np.maximum(np.abs(weight).max(axis=0), 1e-8) / WEIGHT_LEVELS
        return self.add(
            "MatMulIntegerToFloat",
            value,
            self.constant(np.round(weight / scales).astype(np.int8)),
            self.number(scale),
            self.constant(scales.astype(np.float32)),
            self.constant(np.array(ZERO, np.uint8)),
            self.constant(np.zeros(weight.shape[1], np.int8)),
            self.constant(_numpy(layer.bias)),
            domain="com.microsoft",
        )

    def norm(self, value: str, layer: nn.LayerNorm) -> str:
        """Layer normalisation over the last axis."""
        weight, bias = self.constant(_numpy(layer.weight)), self.constant(_numpy(layer.bias))
        return self.add("LayerNormalization", value, weight, bias, axis=-1, epsilon=layer.eps)


def _numpy(value: Tensor) -> NDArray[np.float32]:
    return np.asarray(value.detach().numpy(), np.float32)


Batch = tuple[Tensor, Tensor, Tensor | None]


def activation_scales(encoder: Encoder, batches: list[Batch]) -> list[float]:
    """The scale of the input and of each block's normalised input: the 99.99th percentile over some texts."""
    seen: list[list[float]] = [[] for _ in range(1 + len(DILATIONS))]

    def watch(number: int) -> Callable[..., None]:
        def note(_module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
            value = inputs[0] if number == 0 else output
            seen[number].append(float(np.quantile(value.detach().abs().flatten()[::16].numpy(), 0.9999)))

        return note

    layers = [encoder.input, *(cast("GatedConvolution", block).norm for block in encoder.blocks)]
    hooks = [layer.register_forward_hook(watch(i)) for i, layer in enumerate(layers)]
    encoder.eval()
    with torch.no_grad():
        for vectors, mask, marks in batches:
            encoder(vectors, mask, marks)
    for hook in hooks:
        hook.remove()
    return [max(values) / ACTIVATION_LEVELS for values in seen]


def _encoder(graph: Graph, encoder: Encoder, scales: list[float], *, marked: bool) -> tuple[str, str]:
    """The encoder's nodes; names of its hidden states and of the mask as a column."""
    column = graph.add("Unsqueeze", "mask", graph.axes(2))
    hidden = graph.quantized_linear(graph.quantized("vectors", scales[0]), scales[0], encoder.input)
    if marked:
        hidden = graph.add(
            "Add", hidden, graph.add("Gather", graph.constant(_numpy(encoder.marks.weight)), "marks")
        )
    edge = graph.constant(np.array(ZERO, np.uint8))
    axis, start = graph.axes(1), graph.axes(0)
    far = graph.axes(np.iinfo(np.int64).max)
    for block, scale, step in zip(encoder.blocks, scales[1:], DILATIONS, strict=True):
        normal = graph.add("Mul", graph.norm(hidden, block.norm), column)  # type: ignore[arg-type]
        middle = graph.quantized(normal, scale)
        padded = graph.add("Pad", middle, graph.axes(0, step, 0, 0, step, 0), edge)
        left = graph.add("Slice", padded, start, graph.axes(-2 * step), axis)
        right = graph.add("Slice", padded, graph.axes(2 * step), far, axis)
        window = graph.add("Concat", left, middle, right, axis=2)
        mixed = graph.quantized_linear(window, scale, block.mix)  # type: ignore[arg-type]
        value, gate = graph.split(mixed, (HIDDEN, HIDDEN))
        hidden = graph.add("Add", hidden, graph.add("Mul", value, graph.add("Sigmoid", gate)))
    return graph.norm(hidden, encoder.norm), column


def _pool(graph: Graph, hidden: str, column: str) -> str:
    """Largest and mean over the text, as `network.pool`."""
    off = graph.add("Mul", graph.add("Sub", graph.number(1), column), graph.number(FAR))
    largest = graph.add("ReduceMax", graph.add("Sub", hidden, off), axes=[1], keepdims=0)
    return graph.add("Concat", largest, _mean(graph, hidden, column), axis=1)


def _mean(graph: Graph, hidden: str, column: str) -> str:
    total = graph.add("ReduceSum", graph.add("Mul", hidden, column), graph.axes(1), keepdims=0)
    count = graph.add("Max", graph.add("ReduceSum", column, graph.axes(1), keepdims=0), graph.number(1))
    return graph.add("Div", total, count)


def _classes(graph: Graph, model: Classifying, hidden: str, column: str) -> str:
    parts = [_pool(graph, hidden, column)]
    for kind in range(1, model.marks + 1):
        on = graph.add("Equal", "marks", graph.constant(np.array(kind, np.int64)))
        on = graph.add("Unsqueeze", graph.add("Cast", on, to=TensorProto.FLOAT), graph.axes(2))
        parts.append(_mean(graph, hidden, on))
    pooled = graph.add("Concat", *parts, axis=1)
    first, second = model.output[0], model.output[3]
    wide = graph.linear(pooled, first)  # type: ignore[arg-type]
    half = graph.add("Mul", wide, graph.number(0.5))
    root = graph.add("Erf", graph.add("Mul", wide, graph.number(2**-0.5)))
    active = graph.add("Mul", half, graph.add("Add", root, graph.number(1)))
    return graph.linear(active, second)  # type: ignore[arg-type]


def export(model: Tagging | Classifying, scales: list[float], path: Path, *, marked: bool) -> None:
    """Write the model; inputs vectors (batch, length, width), mask (batch, length), with marks also marks."""
    graph = Graph()
    hidden, column = _encoder(graph, model.encoder, scales, marked=marked)
    if isinstance(model, Tagging):
        result, axes = graph.linear(hidden, model.output), ["batch", "length", "tags"]
    else:
        result, axes = _classes(graph, model, hidden, column), ["batch", "labels"]
    _write(graph, (result, axes), model.encoder.input.in_features, path, marked=marked)


def export_embedding(model: Embedding, path: Path) -> None:
    """Write a sentence encoder, in float: it is one small layer."""
    graph = Graph()
    column = graph.add("Unsqueeze", "mask", graph.axes(2))
    weight = graph.add("Mul", graph.add("Softplus", graph.linear("vectors", model.weight)), column)
    parts = graph.add("Mul", graph.linear("vectors", model.output), weight)
    total = graph.add("ReduceSum", parts, graph.axes(1), keepdims=0)
    result = graph.add("Div", total, graph.add("ReduceL2", total, axes=[1], keepdims=1))
    _write(graph, (result, ["batch", "size"]), model.output.in_features, path, marked=False)


def _write(graph: Graph, output: tuple[str, list[str]], width: int, path: Path, *, marked: bool) -> None:
    result, axes = output
    inputs = [
        helper.make_tensor_value_info("vectors", TensorProto.FLOAT, ["batch", "length", width]),
        helper.make_tensor_value_info("mask", TensorProto.FLOAT, ["batch", "length"]),
    ]
    if marked:
        inputs.append(helper.make_tensor_value_info("marks", TensorProto.INT64, ["batch", "length"]))
    graph.nodes.append(helper.make_node("Identity", [result], ["result"]))
    outputs = [helper.make_tensor_value_info("result", TensorProto.FLOAT, axes)]
    made = helper.make_model(
        helper.make_graph(graph.nodes, "guanxi", inputs, outputs, graph.constants),
        opset_imports=[helper.make_opsetid("", OPSET), helper.make_opsetid("com.microsoft", 1)],
        ir_version=9,
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(made, str(path))
