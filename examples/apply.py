"""Applies an optimizer trained by metadescent. It needs only NumPy.

    python examples/apply.py weights.safetensors

minimises a 10-dimensional parabola with the weights (safetensors or npz) and prints the loss of each step. In your own
program:

    optimizer = load("weights.safetensors")
    state = optimizer.init(theta.size)
    for _ in range(20):
        update, state = optimizer.update(gradient(theta), state)
        theta = theta + update

docs/weights-format.md specifies the files and every operation below. This program runs only coordinatewise LSTMs: it
refuses groups of parameters, and networks over several coordinates.
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
State = list[tuple[np.ndarray, np.ndarray]]
"""h and c of each LSTM layer, each [n, units]."""


@dataclass(frozen=True)
class LearnedOptimizer:
    """The same small network at each of n coordinates, which share only its weights."""

    spec: dict
    tensors: Tensors

    def init(self, n: int) -> State:
        """The state before the first step, for n coordinates."""
        return [(np.zeros((n, units), np.float32), np.zeros((n, units), np.float32)) for units in self.spec["layers"]]

    def update(self, gradient: np.ndarray, state: State) -> tuple[np.ndarray, State]:
        """One step: from the gradient [n] at θ to the update of θ [n], which is added, and the next state."""
        x = preprocess(self.spec["preprocess"], np.asarray(gradient, np.float32))
        if self.spec["inputProjection"] is not None:
            x = self._affine("input", x)
        following: State = []
        for layer, (h, c) in enumerate(state):
            z = self._affine(f"lstm.{layer}", np.concatenate([x, h], axis=1))
            i, f, g, o = np.split(z, 4, axis=1)
            c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
            x = sigmoid(o) * np.tanh(c)
            following.append((x, c))
        return self.spec["outputScale"] * self._affine("output", x)[:, 0], following

    def _affine(self, name: str, x: np.ndarray) -> np.ndarray:
        return x @ self.tensors[f"{name}.kernel"] + self.tensors[f"{name}.bias"]


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


def load(path: str) -> LearnedOptimizer:
    """Reads a .safetensors or .npz file. Raises ValueError where it is not a metadescent optimizer."""
    tensors, metadata = read_npz(path) if path.endswith(".npz") else read_safetensors(path)
    spec = metadata.get("optimizer", {})
    for what, found, expected in [
        ("format", metadata.get("format"), FORMAT),
        ("gateOrder", metadata.get("gateOrder"), GATE_ORDER),
        ("optimizer.name", spec.get("name"), "lstm"),
        ("optimizer.over", spec.get("over", "coordinate"), "coordinate"),
    ]:
        if found != expected:
            raise ValueError(f"{path}: {what} is {found!r}; this program reads only {expected!r}")
    return LearnedOptimizer(spec, tensors)


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
        update, state = optimizer.update(2 * s**2 * theta, state)
        theta = theta + update


if __name__ == "__main__":
    main()
