"""parity.py FRAMEWORK CASES FOUND: runs the cases that test/frameworks/ writes, and writes the values after each step."""

from __future__ import annotations

import base64
import json
import math
import sys
from typing import Any

import numpy as np

from metadescent import Misfit


def main() -> None:
    framework, cases, found = sys.argv[1:]
    run = {"numpy": in_numpy, "optax": in_optax, "torch": in_torch, "keras": in_keras}[framework]
    report = {}
    with open(cases) as file:
        for case in json.load(file):
            try:
                report[case["name"]] = [encoded(theta) for theta in run(case)]
            except Misfit as misfit:
                report[case["name"]] = str(misfit)
    with open(found, "w") as file:
        json.dump(report, file)


def in_numpy(case: dict[str, Any]) -> list[np.ndarray]:
    import metadescent

    optimizer = metadescent.load(base64.b64decode(case["weights"]))
    values = parts(case, floats(case["start"]))
    state = optimizer.init(values)
    found = []
    for gradient in case["gradients"]:
        updates, state = optimizer.update(
            parts(case, floats(gradient)),
            state,
            values,
            learning_rate=case["learningRate"],
            weight_decay=case["weightDecay"],
        )
        values = {name: value + updates[name] for name, value in values.items()}
        found.append(joined(values))
    return found


def in_optax(case: dict[str, Any]) -> list[np.ndarray]:
    import jax
    import jax.numpy as jnp
    import optax

    from metadescent.optax import learned

    optimizer = learned(base64.b64decode(case["weights"]), case["learningRate"], case["weightDecay"])
    values = {name: jnp.asarray(value) for name, value in parts(case, floats(case["start"])).items()}
    state = optimizer.init(values)

    @jax.jit
    def step(values: Any, state: Any, gradients: Any) -> Any:
        updates, state = optimizer.update(gradients, state, values)
        return optax.apply_updates(values, updates), state

    found = []
    for gradient in case["gradients"]:
        values, state = step(values, state, parts(case, floats(gradient)))
        found.append(joined({name: np.asarray(value) for name, value in values.items()}))
    return found


def in_torch(case: dict[str, Any]) -> list[np.ndarray]:
    import torch

    from metadescent.torch import LearnedOptimizer

    params = {
        name: torch.nn.Parameter(torch.from_numpy(value.copy()))
        for name, value in parts(case, floats(case["start"])).items()
    }
    optimizer = LearnedOptimizer(
        list(params.items()), base64.b64decode(case["weights"]), lr=case["learningRate"], weight_decay=case["weightDecay"]
    )
    found = []
    for gradient in case["gradients"]:
        for name, value in parts(case, floats(gradient)).items():
            params[name].grad = torch.from_numpy(value.copy())
        optimizer.step()
        found.append(joined({name: p.detach().numpy() for name, p in params.items()}))
    return found


def in_keras(case: dict[str, Any]) -> list[np.ndarray]:
    import keras

    from metadescent.keras import LearnedOptimizer

    variables = [
        keras.Variable(value, name=name) for name, value in parts(case, floats(case["start"])).items()
    ]
    optimizer = LearnedOptimizer(
        base64.b64decode(case["weights"]), learning_rate=case["learningRate"], weight_decay=case["weightDecay"]
    )
    found = []
    for gradient in case["gradients"]:
        values = [keras.ops.convert_to_tensor(value) for value in parts(case, floats(gradient)).values()]
        optimizer.apply(values, variables)
        found.append(np.concatenate([keras.ops.convert_to_numpy(variable).ravel() for variable in variables]))
    return found


def parts(case: dict[str, Any], flat: np.ndarray) -> dict[str, np.ndarray]:
    values, at = {}, 0
    for tensor in case["tensors"]:
        size = math.prod(tensor["shape"])
        values[tensor["name"]] = flat[at : at + size].reshape(tensor["shape"])
        at += size
    return values


def joined(values: dict[str, np.ndarray]) -> np.ndarray:
    return np.concatenate([value.ravel() for value in values.values()])


def floats(text: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), "<f4")


def encoded(values: np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(values, "<f4").tobytes()).decode()


if __name__ == "__main__":
    main()
