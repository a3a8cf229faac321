"""One step of each kind of network, written once for all frameworks.

`xp` is an array namespace: numpy, jax.numpy, or metadescent.torch's. Functions are pure, arrays fp32. A tensor's gradient and
value have its shape; so has the update, which is added to the value after it was multiplied by the learning rate.
"""

from __future__ import annotations

import math
from typing import Any, Protocol, Sequence

import numpy as np

from .files import WeightsError

Array = Any
Shape = tuple[int, ...]
TensorState = tuple[Array, ...]


class Misfit(ValueError):
    """The optimizer does not fit the tensors that it is to optimise."""


class Network(Protocol):
    """A network with its weights, for the tensors of one group."""

    usual_rate: float
    """Learning rate of a run that names none."""
    sees_values: bool
    """Whether it needs the tensors' values."""
    joint: bool
    """Whether it sees all of its tensors at once; else each has a state of its own."""

    def init(self, xp: Any, shape: Shape) -> TensorState:
        """The state of a tensor before its first step. Raises Misfit."""

    def update(self, xp: Any, gradient: Array, value: Array, state: TensorState, steps: Array) -> tuple[Array, TensorState]:
        """One step of a tensor; `steps` were taken before it."""


class _Tensors:
    """The tensors of one network's weights, each to be taken once."""

    def __init__(self, tensors: dict[str, np.ndarray], prefix: str) -> None:
        self.tensors = tensors
        self.prefix = prefix

    def take(self, name: str, shape: Sequence[int]) -> np.ndarray:
        full = self.prefix + name
        if full not in self.tensors:
            raise WeightsError(f"tensor {full} is missing: the optimizer's spec needs it")
        tensor = self.tensors.pop(full)
        if tensor.shape != tuple(shape):
            raise WeightsError(f"tensor {full} has shape {list(tensor.shape)}: the optimizer's spec needs {list(shape)}")
        return tensor.astype(np.float32)

    def affine(self, name: str, inputs: int, outputs: int) -> tuple[np.ndarray, np.ndarray]:
        return self.take(f"{name}.kernel", (inputs, outputs)), self.take(f"{name}.bias", (outputs,))


def network_from(spec: dict[str, Any], tensors: dict[str, np.ndarray], prefix: str) -> Network:
    """The network that a spec names; its tensors are taken out of `tensors`. Raises WeightsError."""
    kind = {"lstm": Lstm, "mlp": Mlp}.get(str(spec.get("name")))
    if kind is None:
        raise WeightsError(f"optimizer.name is {spec.get('name')!r}, and this version knows lstm, mlp, groups")
    try:
        return kind(spec, _Tensors(tensors, prefix))
    except KeyError as error:
        raise WeightsError(f"optimizer.{error.args[0]} is missing") from error


class Lstm:
    """An LSTM over blocks of w coordinates: one; the entries of a convolution's kernel for one pair of channels; or all."""

    usual_rate = 1.0
    sees_values = False

    def __init__(self, spec: dict[str, Any], tensors: _Tensors) -> None:
        self.over = spec.get("over", "coordinate")
        if self.over not in ("coordinate", "kernel", "all"):
            raise WeightsError(f"optimizer.over is {self.over!r}, and this version knows coordinate, kernel, all")
        self.joint = self.over == "all"
        bias = tensors.tensors.get(f"{tensors.prefix}output.bias")
        self.width = 1 if self.over == "coordinate" or bias is None else bias.shape[0]
        self.preprocess = spec["preprocess"]
        if self.preprocess["name"] not in ("none", "log-sign-paper", "log-sign-deepmind"):
            raise WeightsError(
                f"optimizer.preprocess.name is {self.preprocess['name']!r}, and this version knows none, log-sign-paper, "
                "log-sign-deepmind"
            )
        self.scale = spec["outputScale"]
        inputs = self.width * (1 if self.preprocess["name"] == "none" else 2)
        self.projection = None
        if spec["inputProjection"] is not None:
            self.projection = tensors.affine("input", inputs, spec["inputProjection"])
            inputs = spec["inputProjection"]
        self.layers = []
        for index, units in enumerate(spec["layers"]):
            kernel, gates = tensors.affine(f"lstm.{index}", inputs + units, 4 * units)
            self.layers.append((units, kernel[:inputs], kernel[inputs:], gates))
            inputs = units
        self.output = tensors.affine("output", inputs, self.width)

    def init(self, xp: Any, shape: Shape) -> TensorState:
        size = math.prod(shape)
        if self.over == "all" and size != self.width:
            raise Misfit(f"this optimizer was trained on {self.width} coordinates, and fits no other number: here are {size}")
        if self.over == "kernel" and (len(shape) != 4 or shape[0] * shape[1] != self.width):
            raise Misfit(
                f"this optimizer takes convolution kernels [k, k, in, out] with k * k = {self.width}, not {list(shape)}: give "
                "others to another optimizer"
            )
        blocks = size // self.width
        return tuple(xp.zeros((blocks, units), dtype=xp.float32) for units, *_ in self.layers for _ in "hc")

    def update(self, xp: Any, gradient: Array, value: Array, state: TensorState, steps: Array) -> tuple[Array, TensorState]:
        # Row i of [w, blocks] has the i-th coordinate of each block.
        g = xp.moveaxis(xp.reshape(gradient, (self.width, -1)), 0, 1)
        x = self._seen(xp, g)
        if self.projection is not None:
            x = x @ xp.asarray(self.projection[0]) + xp.asarray(self.projection[1])
        following: list[Array] = []
        for index, (units, of_x, of_h, bias) in enumerate(self.layers):
            h, c = state[2 * index], state[2 * index + 1]
            z = x @ xp.asarray(of_x) + h @ xp.asarray(of_h) + xp.asarray(bias)
            i, f, o = (_sigmoid(xp, z[:, at * units : (at + 1) * units]) for at in (0, 1, 3))
            c = f * c + i * xp.tanh(z[:, 2 * units : 3 * units])
            x = o * xp.tanh(c)
            following += [x, c]
        out = self.scale * (x @ xp.asarray(self.output[0]) + xp.asarray(self.output[1]))
        return xp.reshape(xp.moveaxis(out, 0, 1), gradient.shape), tuple(following)

    def _seen(self, xp: Any, g: Array) -> Array:
        """[blocks, w], or [blocks, 2 w] with the logarithms first."""
        name = self.preprocess["name"]
        if name == "none":
            return g
        size = xp.abs(g)
        if name == "log-sign-paper":
            p = self.preprocess["p"]
            threshold = math.exp(-p)
            logarithm = xp.log(xp.clip(size, threshold, None)) / p
            return xp.concatenate([logarithm, xp.where(size >= threshold, xp.sign(g), g * math.exp(p))], axis=1)
        k = self.preprocess["k"]
        logarithm = xp.clip(xp.log(size + 2.0**-23) / k, -1, None)
        return xp.concatenate([logarithm, xp.clip(g * math.exp(k), -1, 1)], axis=1)


def _sigmoid(xp: Any, z: Array) -> Array:
    return 0.5 * (1 + xp.tanh(0.5 * z))  # 1 / (1 + exp(-z)), without overflow


TIME_SCALES = (1, 3, 10, 30, 100, 300, 1000, 3000, 10_000, 30_000, 100_000)
FLOOR = 1e-9
"""What the quotients of the factored moments add, and are cut below."""
PER_MOMENTUM = ("momentum", "momentum-over-root")
PER_FACTORED = ("factored-gradient", "row", "column", "inverse-root-row", "inverse-root-column", "factored-momentum")
SINGLE = ("gradient", "clipped-gradient", "parameter", "second-moment", "inverse-root", "gradient-over-root")


class Mlp:
    """A perceptron at each coordinate, over moments of its gradient and of those of its tensor.

    A tensor with two axes or more is a stack of G matrices R x C over its last two axes; a vector is one row. The state is
    K momenta [K, G, R, C], the second moment [G, R, C], and F factored moments: r [F, G, R, 1] and c [F, G, 1, C]; of a
    vector one array [F, 1, 1, C].
    """

    usual_rate = 0.001
    joint = False

    def __init__(self, spec: dict[str, Any], tensors: _Tensors) -> None:
        self.spec = spec
        features = spec["features"]
        known = (*SINGLE, *PER_MOMENTUM, *PER_FACTORED, "time")
        unknown = [name for name in features if name not in known]
        if unknown:
            raise WeightsError(f"optimizer.features has {unknown[0]!r}, and this version knows {', '.join(known)}")
        self.sees_values = "parameter" in features
        k, f = len(spec["momenta"]), len(spec["factored"])
        self.counts = {
            **dict.fromkeys(SINGLE, 1),
            **dict.fromkeys(PER_MOMENTUM, k),
            **dict.fromkeys(PER_FACTORED, f),
            "time": len(TIME_SCALES),
        }
        inputs = sum(self.counts[name] for name in features)
        self.layers = []
        for index, units in enumerate(spec["hidden"]):
            self.layers.append(tensors.affine(f"hidden.{index}", inputs, units))
            inputs = units
        self.layers.append(tensors.affine("output", inputs, 1 if spec["output"] == "direction" else 2))
        decays = np.array([*spec["momenta"], spec["secondMoment"], *spec["factored"]])
        if spec["learnDecays"]:
            decays = np.clip(1 - (1 - decays) * np.exp(10 * tensors.take("decays", decays.shape).astype(float)), 0, 1)
        column = decays.astype(np.float32).reshape(-1, 1, 1, 1)
        self.of_momenta, self.of_second, self.of_factored = column[:k], float(column[k, 0, 0, 0]), column[k + 1 :]

    def init(self, xp: Any, shape: Shape) -> TensorState:
        count, rows, columns = _matrices(shape)
        k, f = len(self.spec["momenta"]), len(self.spec["factored"])
        factored = [(f, count, rows, 1), (f, count, 1, columns)] if len(shape) > 1 else [(f, 1, 1, columns)]
        sizes = [(k, count, rows, columns), (count, rows, columns), *factored]
        return tuple(xp.zeros(size, dtype=xp.float32) for size in sizes)

    def update(self, xp: Any, gradient: Array, value: Array, state: TensorState, steps: Array) -> tuple[Array, TensorState]:
        spec = self.spec
        shape = _matrices(gradient.shape)
        is_vector = len(gradient.shape) < 2
        g = xp.reshape(gradient, shape)
        if spec["maximumGradient"] is not None:
            g = xp.clip(g, -spec["maximumGradient"], spec["maximumGradient"])
        of_momenta, of_factored = xp.asarray(self.of_momenta), xp.asarray(self.of_factored)
        m = of_momenta * state[0] + (1 - of_momenta) * g
        v = self.of_second * state[1] + (1 - self.of_second) * g * g
        squares = g * g + 1e-30
        if is_vector:
            row = column = of_factored * state[2] + (1 - of_factored) * squares
            inverse = 1 / xp.sqrt(row + FLOOR)
            following = (m, v, row)
        else:
            row = of_factored * state[2] + (1 - of_factored) * xp.mean(squares, axis=2, keepdims=True)
            column = of_factored * state[3] + (1 - of_factored) * xp.mean(squares, axis=1, keepdims=True)
            share = row / (xp.mean(row, axis=2, keepdims=True) + FLOOR)
            inverse = 1 / xp.sqrt(xp.clip(share, FLOOR, None)) / xp.sqrt(xp.clip(column, FLOOR, None))
            following = (m, v, row, column)
        x = self._inputs(xp, is_vector, g, value, m, v, row, column, inverse, steps)
        for index, (kernel, bias) in enumerate(self.layers):
            # A vector's further inputs are 0.
            x = xp.moveaxis(x, 0, -1) if index == 0 else x
            x = x @ xp.asarray(kernel[: x.shape[-1]]) + xp.asarray(bias)
            if index < len(self.layers) - 1:
                x = xp.clip(x, 0, None)
        s = x[..., 0] if spec["output"] == "direction" else x[..., 0] * xp.exp(x[..., 1] / 1000)
        if spec["normaliseUpdate"] != "none":
            s = self._normalised(xp, s)
        return xp.reshape(-s, gradient.shape), following

    def _inputs(self, xp: Any, is_vector: bool, g: Array, value: Array, *moments: Array) -> Array:
        """[inputs, G, R, C]"""
        spec = self.spec
        m, v, row, column, inverse, steps = moments
        inverse_root = 1 / xp.sqrt(v + spec["epsilon"]["moment"])
        of_factored = spec["epsilon"]["factored"]
        features = {
            "gradient": lambda: g,
            "clipped-gradient": lambda: xp.clip(g, -0.1, 0.1),
            "parameter": lambda: xp.reshape(value, g.shape),
            "momentum": lambda: m,
            "second-moment": lambda: v,
            "momentum-over-root": lambda: m * inverse_root,
            "inverse-root": lambda: inverse_root,
            "factored-gradient": lambda: g * inverse,
            "gradient-over-root": lambda: g * inverse_root,
            "row": lambda: row,
            "column": lambda: column,
            "inverse-root-row": lambda: 1 / xp.sqrt(row + of_factored),
            "inverse-root-column": lambda: 1 / xp.sqrt(column + of_factored),
            "factored-momentum": lambda: m * inverse,
            "time": lambda: xp.reshape(xp.tanh(steps / xp.asarray(SCALES) - 1), (-1, 1, 1, 1)),
        }
        inputs = []
        for name in spec["features"][: spec["vectorFeatures"] if is_vector else None]:
            x = xp.broadcast_to(features[name](), (self.counts[name], *g.shape))
            inputs.append(x if name == "time" or spec["normaliseFeatures"] == "none" else self._normalised(xp, x))
        return xp.concatenate(inputs, axis=0)

    def _normalised(self, xp: Any, x: Array) -> Array:
        """Over the root of the mean square of each matrix, or of the vector."""
        return x / xp.sqrt(xp.mean(x * x, axis=(-2, -1), keepdims=True) + self.spec["epsilon"]["normalisation"])


SCALES = np.array(TIME_SCALES, np.float32)


def _matrices(shape: Shape) -> tuple[int, int, int]:
    """A tensor as a stack of matrices: their number, rows and columns."""
    if len(shape) < 2:
        return 1, 1, math.prod(shape)
    return math.prod(shape[:-2]), shape[-2], shape[-1]
