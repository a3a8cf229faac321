"""Applies an optimizer trained by metadescent. It needs only NumPy.

    python examples/apply.py weights.safetensors

minimises a 10-dimensional parabola with the weights (safetensors or npz) and prints the loss of each step. In your own
program, with θ the concatenation of tensors of these shapes:

    optimizer = load("weights.safetensors")
    state = optimizer.init([(784, 20), (20,)])
    for _ in range(20):
        update, state = optimizer.update(gradient(theta), state, theta)
        theta = theta + optimizer.usual_rate * update

A learning rate of your own replaces the usual one, and a weight decay λ goes beside it: rate * (update - λ * theta). An
LSTM sees neither shapes nor θ: optimizer.init(theta.size) and optimizer.update(gradient, state) are enough, and its usual
rate is 1.

docs/weights-format.md specifies the files and every operation below. This program runs coordinatewise LSTMs and MLPs: it
refuses groups of parameters, and LSTMs over several coordinates.
"""

from __future__ import annotations

import argparse
import json
import math
import struct
from dataclasses import dataclass

try:
    import numpy as np
except ImportError:
    raise SystemExit(
        "apply.py needs NumPy, which this Python lacks: python3 -m pip install numpy"
    ) from None

FORMAT = "metadescent/1"
GATE_ORDER = "input,forget,cell,output"

Tensors = dict[str, np.ndarray]
Shapes = "int | list[tuple[int, ...]]"
"""The tensors of which θ is the concatenation; a number for a vector of that many coordinates."""
LstmState = list[tuple[np.ndarray, np.ndarray]]
"""h and c of each LSTM layer, each [n, units]."""


def affine(tensors: Tensors, name: str, x: np.ndarray) -> np.ndarray:
    """Only the first rows of the kernel count where x has fewer columns: the others are 0."""
    return x @ tensors[f"{name}.kernel"][: x.shape[-1]] + tensors[f"{name}.bias"]


@dataclass(frozen=True)
class Lstm:
    """The same small network at each of n coordinates, which share only its weights."""

    spec: dict
    tensors: Tensors
    usual_rate = 1.0

    def init(self, shapes: Shapes) -> LstmState:
        """The state before the first step."""
        n = shapes if isinstance(shapes, int) else sum(math.prod(shape) for shape in shapes)
        return [(np.zeros((n, units), np.float32), np.zeros((n, units), np.float32)) for units in self.spec["layers"]]

    def update(self, gradient: np.ndarray, state: LstmState, theta=None) -> tuple[np.ndarray, LstmState]:
        """One step: from the gradient [n] at θ to the update of θ [n], which is added, and the next state."""
        x = preprocess(self.spec["preprocess"], np.asarray(gradient, np.float32))
        if self.spec["inputProjection"] is not None:
            x = affine(self.tensors, "input", x)
        following: LstmState = []
        for layer, (h, c) in enumerate(state):
            z = affine(self.tensors, f"lstm.{layer}", np.concatenate([x, h], axis=1))
            i, f, g, o = np.split(z, 4, axis=1)
            c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
            x = sigmoid(o) * np.tanh(c)
            following.append((x, c))
        return self.spec["outputScale"] * affine(self.tensors, "output", x)[:, 0], following


def preprocess(spec: dict, g: np.ndarray) -> np.ndarray:
    """What the network sees of a gradient [n]: [n, 1] or [n, 2]."""
    size = np.abs(g)
    if spec["name"] == "none":
        return g[:, None]
    if spec["name"] == "log-sign-paper":
        threshold = math.exp(-spec["p"])
        logarithm = np.log(np.maximum(size, threshold)) / spec["p"]
        return np.stack([logarithm, np.where(size >= threshold, np.sign(g), g * math.exp(spec["p"]))], axis=1)
    if spec["name"] == "log-sign-deepmind":
        logarithm = np.maximum(np.log(size + 2.0**-23) / spec["k"], -1)
        return np.stack([logarithm, np.clip(g * math.exp(spec["k"]), -1, 1)], axis=1)
    raise ValueError(f"preprocess.name is {spec['name']!r}; this program knows none, log-sign-paper, log-sign-deepmind")


def sigmoid(z: np.ndarray) -> np.ndarray:
    return 0.5 * (1 + np.tanh(0.5 * z))  # 1 / (1 + exp(-z)), without overflow


@dataclass(frozen=True)
class Moments:
    """What an MLP keeps of one tensor, as G matrices R × C; a vector is one row, and R = 1. K momenta, F factored decays."""

    vector: bool
    momenta: np.ndarray  # [K, G, R, C]
    second: np.ndarray  # [1, G, R, C]
    row: np.ndarray  # [F, G, R, 1]; of a vector [F, 1, 1, C]
    column: np.ndarray  # [F, G, 1, C]


@dataclass(frozen=True)
class MlpState:
    steps: int
    tensors: list[Moments]


@dataclass(frozen=True)
class Mlp:
    """A perceptron at each coordinate, over moments of its gradient and of those of its tensor."""

    spec: dict
    tensors: Tensors
    usual_rate = 0.001

    def init(self, shapes: Shapes) -> MlpState:
        """The state before the first step."""
        return MlpState(0, [self._fresh(shape) for shape in ([(shapes,)] if isinstance(shapes, int) else shapes)])

    def update(self, gradient: np.ndarray, state: MlpState, theta: np.ndarray) -> tuple[np.ndarray, MlpState]:
        """One step: from the gradient [n] at θ [n] to the update of θ before the learning rate, and the next state."""
        updates, following, offset = [], [], 0
        for before in state.tensors:
            own = slice(offset, offset + before.second.size)
            offset = own.stop
            g, x = (np.asarray(values[own], np.float32).reshape(before.second.shape) for values in (gradient, theta))
            s, moments = self._step(g, x, state.steps, before)
            updates.append(-s.ravel())
            following.append(moments)
        return np.concatenate(updates), MlpState(state.steps + 1, following)

    def _fresh(self, shape: tuple[int, ...]) -> Moments:
        rows, columns = shape[-2:] if len(shape) > 1 else (1, math.prod(shape))
        count = math.prod(shape) // (rows * columns)
        k, f = len(self.spec["momenta"]), len(self.spec["factored"])
        vector = len(shape) < 2
        sizes = [
            (k, count, rows, columns),
            (1, count, rows, columns),
            (f, count, rows, columns if vector else 1),
            (f, count, 1, columns),
        ]
        return Moments(vector, *(np.zeros(size, np.float32) for size in sizes))

    def _decays(self) -> list[np.ndarray]:
        k = len(self.spec["momenta"])
        decays = np.array([*self.spec["momenta"], self.spec["secondMoment"], *self.spec["factored"]])
        if self.spec["learnDecays"]:
            decays = np.clip(1 - (1 - decays) * np.exp(10 * self.tensors["decays"].astype(float)), 0, 1)
        return np.split(decays.astype(np.float32).reshape(-1, 1, 1, 1), [k, k + 1])

    def _step(self, g: np.ndarray, theta: np.ndarray, steps: int, before: Moments) -> tuple[np.ndarray, Moments]:
        spec, vector = self.spec, before.vector
        limit, epsilon = spec["maximumGradient"], spec["epsilon"]
        g = g if limit is None else np.clip(g, -limit, limit)
        of_momenta, of_second, of_factored = self._decays()
        m = blend(of_momenta, before.momenta, g)
        v = blend(of_second, before.second, g * g)
        squares = g * g + np.float32(1e-30)
        if vector:
            row = column = blend(of_factored, before.row, squares)
            inverse = 1 / np.sqrt(row + 1e-9)
        else:
            row = blend(of_factored, before.row, squares.mean(axis=3, keepdims=True))
            column = blend(of_factored, before.column, squares.mean(axis=2, keepdims=True))
            share = row / (row.mean(axis=2, keepdims=True) + 1e-9)
            inverse = 1 / np.sqrt(np.maximum(share, 1e-9)) / np.sqrt(np.maximum(column, 1e-9))
        inverse_root = 1 / np.sqrt(v + epsilon["moment"])
        features = {
            "gradient": lambda: g,
            "clipped-gradient": lambda: np.clip(g, -0.1, 0.1),
            "parameter": lambda: theta,
            "momentum": lambda: m,
            "second-moment": lambda: v,
            "momentum-over-root": lambda: m * inverse_root,
            "inverse-root": lambda: inverse_root,
            "factored-gradient": lambda: g * inverse,
            "gradient-over-root": lambda: g * inverse_root,
            "row": lambda: row,
            "column": lambda: column,
            "inverse-root-row": lambda: 1 / np.sqrt(row + epsilon["factored"]),
            "inverse-root-column": lambda: 1 / np.sqrt(column + epsilon["factored"]),
            "factored-momentum": lambda: m * inverse,
            "time": lambda: np.tanh(np.float32(steps) / TIME_SCALES - 1).reshape(-1, 1, 1, 1),
        }
        inputs = []
        for name in spec["features"][: spec["vectorFeatures"] if vector else None]:
            x = features[name]()
            x = np.broadcast_to(x, (x.shape[0], *g.shape[1:]))
            inputs.append(x if name == "time" or spec["normaliseFeatures"] == "none" else self._normalised(x))
        x = np.moveaxis(np.concatenate(inputs), 0, -1)
        for layer in range(len(spec["hidden"])):
            x = np.maximum(affine(self.tensors, f"hidden.{layer}", x), 0)
        out = affine(self.tensors, "output", x)
        s = out[..., 0] if spec["output"] == "direction" else out[..., 0] * np.exp(out[..., 1] / 1000)
        s = s if spec["normaliseUpdate"] == "none" else self._normalised(s)
        return s, Moments(vector, m, v, row, column)

    def _normalised(self, x: np.ndarray) -> np.ndarray:
        """Over the root of the mean square of each matrix, or of the vector."""
        return x / np.sqrt((x * x).mean(axis=(-2, -1), keepdims=True) + self.spec["epsilon"]["normalisation"])


TIME_SCALES = np.array([1, 3, 10, 30, 100, 300, 1e3, 3e3, 1e4, 3e4, 1e5], np.float32)


def blend(decay: np.ndarray, before: np.ndarray, now: np.ndarray) -> np.ndarray:
    return decay * before + (1 - decay) * now


KINDS = {"lstm": Lstm, "mlp": Mlp}


def load(path: str) -> Lstm | Mlp:
    """Reads a .safetensors or .npz file. Raises ValueError where it is not a metadescent optimizer."""
    tensors, metadata = read_npz(path) if path.endswith(".npz") else read_safetensors(path)
    spec = metadata.get("optimizer", {})
    for what, found, expected in [
        ("format", metadata.get("format"), FORMAT),
        ("gateOrder", metadata.get("gateOrder"), GATE_ORDER),
        ("optimizer.over", spec.get("over", "coordinate"), "coordinate"),
    ]:
        if found != expected:
            raise ValueError(f"{path}: {what} is {found!r}; this program reads only {expected!r}")
    if spec.get("name") not in KINDS:
        raise ValueError(f"{path}: optimizer.name is {spec.get('name')!r}; this program reads only {' or '.join(KINDS)}")
    return KINDS[spec["name"]](spec, tensors)


def read_safetensors(path: str) -> tuple[Tensors, dict]:
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        data = file.read()
    strings = header.pop("__metadata__", {})
    tensors = {
        name: np.frombuffer(data[slice(*entry["data_offsets"])], "<f4").reshape(entry["shape"])
        for name, entry in header.items()
    }
    return tensors, {**strings, "optimizer": json.loads(strings.get("optimizer", "{}"))}


def read_npz(path: str) -> tuple[Tensors, dict]:
    with np.load(path) as file:
        tensors = {name: file[name] for name in file.files}
    return tensors, json.loads(str(tensors.pop("metadata", "{}")))


def main() -> None:
    parser = argparse.ArgumentParser(description="Minimise a 10-dimensional parabola with a learned optimizer.")
    parser.add_argument("weights", help="a .safetensors or .npz file")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--rate", type=float, help="learning rate (default: the usual one)")
    parser.add_argument("--seed", type=int, default=0, help="for the parabola and the starting point")
    arguments = parser.parse_args()
    optimizer = load(arguments.weights)

    # f(θ) = Σ (s∘θ)², s ~ U(0.5, 1.5), θ_0 ~ U(-1, 1): put your own function and its gradient here.
    random = np.random.default_rng(arguments.seed)
    s = random.uniform(0.5, 1.5, 10)
    theta = random.uniform(-1, 1, 10)
    state = optimizer.init(theta.size)
    for step in range(arguments.steps + 1):
        print(f"step {step:3d}  loss {np.sum((s * theta) ** 2):.6g}")
        update, state = optimizer.update(2 * s**2 * theta, state, theta)
        theta = theta + (arguments.rate or optimizer.usual_rate) * update


if __name__ == "__main__":
    main()
