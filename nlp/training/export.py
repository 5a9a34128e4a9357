"""Trained networks to ONNX with int8 weights: fixed activation scales, so a text's result is its own alone.

Dynamic quantisation takes its scale from the whole batch: the same text would read differently beside other
texts. Here every scale is fixed from training texts. Weights keep 7 bits, because processors without VNNI
saturate the sums of 8-bit products; with 7 bits every processor gives the same figures.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from nlp.training.network import (
    FAR,
    HIDDEN,
    Classifying,
    Embedding,
    Encoder,
    GatedConvolution,
    LabelHead,
    Late,
    MarkedLabelHead,
    MarkedTagHead,
    Tagging,
    TagHead,
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
SharedHead = TagHead | MarkedTagHead | LabelHead | MarkedLabelHead
Axes = dict[str, list[str | int]]
MASK: Axes = {"mask": ["batch", "length"]}
MARKS: Axes = {"marks": ["batch", "length"]}


def watched(
    module: nn.Module, inputs: Sequence[nn.Module], outputs: Sequence[nn.Module], run: Callable[[], None]
) -> list[float]:
    """The scale of what some layers get and of what others give: the 99.99th percentile over some texts."""
    seen: list[list[float]] = [[] for _ in (*inputs, *outputs)]

    def watch(number: int) -> Callable[..., None]:
        def note(_module: nn.Module, given: tuple[Tensor, ...], output: Tensor) -> None:
            value = given[0] if number < len(inputs) else output
            seen[number].append(float(np.quantile(value.detach().abs().flatten()[::16].numpy(), 0.9999)))

        return note

    hooks = [layer.register_forward_hook(watch(i)) for i, layer in enumerate((*inputs, *outputs))]
    module.eval()
    with torch.no_grad():
        run()
    for hook in hooks:
        hook.remove()
    return [max(values) / ACTIVATION_LEVELS for values in seen]


def activation_scales(encoder: Encoder, batches: list[Batch]) -> list[float]:
    """The scale of the input and of each block's normalised input."""

    def run() -> None:
        for vectors, mask, marks in batches:
            encoder(vectors, mask, marks)

    return watched(encoder, [encoder.input], _norms(encoder.blocks), run)


def _norms(blocks: nn.ModuleList) -> list[nn.Module]:
    return [cast("GatedConvolution", block).norm for block in blocks]


def _encoder(graph: Graph, encoder: Encoder, scales: list[float], *, marked: bool) -> tuple[str, str]:
    """The encoder's nodes; names of its hidden states and of the mask as a column."""
    column = graph.add("Unsqueeze", "mask", graph.axes(2))
    hidden = graph.quantized_linear(graph.quantized("vectors", scales[0]), scales[0], encoder.input)
    if marked:
        hidden = graph.add(
            "Add", hidden, graph.add("Gather", graph.constant(_numpy(encoder.marks.weight)), "marks")
        )
    for block, scale in zip(encoder.blocks, scales[1:], strict=True):
        hidden = _block(graph, cast("GatedConvolution", block), scale, hidden, column)
    return graph.norm(hidden, encoder.norm), column


def _block(graph: Graph, block: GatedConvolution, scale: float, hidden: str, column: str) -> str:
    """A gated convolution in int8."""
    step = block.dilation
    edge = graph.constant(np.array(ZERO, np.uint8))
    axis, start = graph.axes(1), graph.axes(0)
    far = graph.axes(np.iinfo(np.int64).max)
    middle = graph.quantized(graph.add("Mul", graph.norm(hidden, block.norm), column), scale)
    padded = graph.add("Pad", middle, graph.axes(0, step, 0, 0, step, 0), edge)
    left = graph.add("Slice", padded, start, graph.axes(-2 * step), axis)
    right = graph.add("Slice", padded, graph.axes(2 * step), far, axis)
    window = graph.add("Concat", left, middle, right, axis=2)
    half = block.mix.out_features // 2
    value, gate = graph.split(graph.quantized_linear(window, scale, block.mix), (half, half))
    return graph.add("Add", hidden, graph.add("Mul", value, graph.add("Sigmoid", gate)))


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
    return _scores(graph, _pooled(graph, hidden, column, model.marks), model.output)


def _pooled(graph: Graph, hidden: str, column: str, kinds: int) -> str:
    """The pool of the whole text and the mean of each kind of marked part."""
    parts = [_pool(graph, hidden, column)]
    for kind in range(1, kinds + 1):
        on = graph.add("Equal", "marks", graph.constant(np.array(kind, np.int64)))
        on = graph.add("Unsqueeze", graph.add("Cast", on, to=TensorProto.FLOAT), graph.axes(2))
        parts.append(_mean(graph, hidden, on))
    return graph.add("Concat", *parts, axis=1)


def _scores(graph: Graph, pooled: str, layers: nn.Sequential) -> str:
    """Two layers with a GELU between them."""
    first, second = layers[0], layers[3]
    wide = graph.linear(pooled, first)  # type: ignore[arg-type]
    half = graph.add("Mul", wide, graph.number(0.5))
    root = graph.add("Erf", graph.add("Mul", wide, graph.number(2**-0.5)))
    active = graph.add("Mul", half, graph.add("Add", root, graph.number(1)))
    return graph.linear(active, second)  # type: ignore[arg-type]


def _late(graph: Graph, late: Late, scales: list[float]) -> tuple[str, str]:
    """The nodes of `network.Late`; names of its states and of the mask as a column."""
    column = graph.add("Unsqueeze", "mask", graph.axes(2))
    marked = graph.add("Greater", "marks", graph.constant(np.array(0, np.int64)))
    on = graph.add("Unsqueeze", graph.add("Cast", marked, to=TensorProto.FLOAT), graph.axes(2))
    count = graph.add("ReduceSum", on, graph.axes(1), keepdims=1)
    count = graph.add("Max", count, graph.number(1))
    kinds = graph.add("Gather", graph.constant(_numpy(late.marks.weight)), "marks")
    total = graph.add("ReduceSum", graph.add("Mul", "hidden", on), graph.axes(1), keepdims=1)
    mean = graph.linear(graph.add("Div", total, count), late.centre)
    kind = graph.add("Div", graph.add("ReduceSum", kinds, graph.axes(1), keepdims=1), count)
    places = graph.add("Gather", graph.constant(_numpy(late.places.weight)), "places")
    state = graph.quantized_linear(graph.quantized("hidden", scales[0]), scales[0], late.input)
    for part in (
        kinds,
        graph.add("ReduceSum", places, graph.axes(2), keepdims=0),
        graph.add("Add", mean, kind),
    ):
        state = graph.add("Add", state, part)
    for block, scale in zip(late.blocks, scales[1:], strict=True):
        state = _block(graph, cast("GatedConvolution", block), scale, state, column)
    return graph.norm(state, late.norm), column


def late_scales(head: MarkedTagHead | MarkedLabelHead, run: Callable[[], None]) -> list[float]:
    """The scales that `export_head` needs of a head of marks; `run` runs it over some texts."""
    return watched(head, [head.late.input], _norms(head.late.blocks), run)


def export_encoder(encoder: Encoder, scales: list[float], path: Path) -> None:
    """Write the encoder alone; inputs vectors and mask, its states come out."""
    graph = Graph()
    hidden, _ = _encoder(graph, encoder, scales, marked=False)
    width = encoder.input.in_features
    _write(
        graph, (hidden, ["batch", "length", HIDDEN]), {"vectors": ["batch", "length", width], **MASK}, path
    )


def export_head(head: SharedHead, scales: list[float], path: Path) -> None:
    """Write a head of the shared encoder; inputs hidden, and for some mask, marks and places."""
    graph = Graph()
    inputs: Axes = {"hidden": ["batch", "length", HIDDEN]}
    if isinstance(head, TagHead):
        result = graph.quantized_linear(graph.quantized("hidden", scales[0]), scales[0], head.output)
    elif isinstance(head, LabelHead):
        column = graph.add("Unsqueeze", "mask", graph.axes(2))
        result = _scores(graph, _pool(graph, "hidden", column), head.output)
        inputs |= MASK
    else:
        state, column = _late(graph, head.late, scales)
        inputs |= {**MASK, **MARKS, "places": ["batch", "length", "measured"]}
        if isinstance(head, MarkedTagHead):
            result = graph.linear(state, head.output)
        else:
            result = _scores(graph, _pooled(graph, state, column, head.kinds), head.output)
    tagging = isinstance(head, TagHead | MarkedTagHead)
    _write(graph, (result, ["batch", "length", "tags"] if tagging else ["batch", "labels"]), inputs, path)


def export(model: Tagging | Classifying, scales: list[float], path: Path, *, marked: bool) -> None:
    """Write the model; inputs vectors (batch, length, width), mask (batch, length), with marks also marks."""
    graph = Graph()
    hidden, column = _encoder(graph, model.encoder, scales, marked=marked)
    if isinstance(model, Tagging):
        result, axes = graph.linear(hidden, model.output), ["batch", "length", "tags"]
    else:
        result, axes = _classes(graph, model, hidden, column), ["batch", "labels"]
    inputs: Axes = {"vectors": ["batch", "length", model.encoder.input.in_features], **MASK}
    _write(graph, (result, axes), inputs | (MARKS if marked else {}), path)


def export_embedding(model: Embedding, path: Path) -> None:
    """Write a sentence encoder, in float: it is one small layer."""
    graph = Graph()
    column = graph.add("Unsqueeze", "mask", graph.axes(2))
    weight = graph.add("Mul", graph.add("Softplus", graph.linear("vectors", model.weight)), column)
    features = graph.add("Mul", graph.add("Relu", graph.linear("vectors", model.inner)), weight)
    wide = graph.add("ReduceSum", features, graph.axes(1), keepdims=0)
    wide = graph.add("MatMul", wide, graph.constant(_numpy(model.outer.weight).T))
    plain = graph.add("ReduceSum", graph.add("Mul", "vectors", weight), graph.axes(1), keepdims=0)
    total = graph.add("Add", wide, graph.linear(plain, model.output))
    result = graph.add("Div", total, graph.add("ReduceL2", total, axes=[1], keepdims=1))
    inputs: Axes = {"vectors": ["batch", "length", model.output.in_features], **MASK}
    _write(graph, (result, ["batch", "size"]), inputs, path)


def _write(graph: Graph, output: tuple[str, Sequence[str | int]], inputs: Axes, path: Path) -> None:
    result, axes = output
    integers = {"marks", "places"}
    given = [
        helper.make_tensor_value_info(
            name, TensorProto.INT64 if name in integers else TensorProto.FLOAT, shape
        )
        for name, shape in inputs.items()
    ]
    graph.nodes.append(helper.make_node("Identity", [result], ["result"]))
    outputs = [helper.make_tensor_value_info("result", TensorProto.FLOAT, axes)]
    made = helper.make_model(
        helper.make_graph(graph.nodes, "guanxi", given, outputs, graph.constants),
        opset_imports=[helper.make_opsetid("", OPSET), helper.make_opsetid("com.microsoft", 1)],
        ir_version=9,
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(made, str(path))
