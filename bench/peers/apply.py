"""apply.py numpy|optax|torch OPTIMIZERS SIZES SECONDS: the measurements of bench/apply.ts in Python, one per line."""

from __future__ import annotations

import json
import resource
import sys
import time
from typing import Any, Callable

import numpy as np

RATE = 0.001
TOO_LONG = 20.0
"""Seconds of a step that is not measured."""
Subject = tuple[Callable[[], Any], int]
"""A step, which has ended when it returns, and the numbers of state."""


def in_numpy(optimizer: str, n: int) -> Subject:
    import metadescent

    x = {"x": np.full((n // 1000, 1000), 0.5, np.float32)}
    g = {"x": np.full((n // 1000, 1000), 0.01, np.float32)}
    if optimizer == "adam":
        m, v, t = np.zeros_like(x["x"]), np.zeros_like(x["x"]), [0]

        def step() -> None:
            t[0] += 1
            m[:] = 0.9 * m + 0.1 * g["x"]
            v[:] = 0.999 * v + 0.001 * g["x"] ** 2
            x["x"] -= RATE * (m / (1 - 0.9 ** t[0])) / (np.sqrt(v / (1 - 0.999 ** t[0])) + 1e-8)

        return step, 2 * n
    learned = metadescent.load(optimizer)
    held = [learned.init(x)]

    def learned_step() -> None:
        updates, held[0] = learned.update(g, held[0], x, learning_rate=RATE)
        x["x"] += updates["x"]

    return learned_step, sum(array.size for arrays in held[0].tensors.values() for array in arrays)


def in_optax(optimizer: str, n: int) -> Subject:
    import jax
    import jax.numpy as jnp
    import optax

    from metadescent.optax import learned

    own = optax.adam(RATE) if optimizer == "adam" else learned(optimizer, RATE)
    x, g = jnp.full((n // 1000, 1000), 0.5), jnp.full((n // 1000, 1000), 0.01)
    held = [x, own.init(x)]

    def advance(x: Any, state: Any) -> Any:
        updates, state = own.update(g, state, x)
        return optax.apply_updates(x, updates), state

    compiled = jax.jit(advance, donate_argnums=(0, 1))

    def step() -> None:
        held[:] = compiled(*held)
        jax.block_until_ready(held)

    return step, sum(leaf.size for leaf in jax.tree_util.tree_leaves(held[1]) if leaf.size > 8)


def in_torch(optimizer: str, n: int) -> Subject:
    import torch

    from metadescent.torch import LearnedOptimizer

    x = torch.nn.Parameter(torch.full((n // 1000, 1000), 0.5))
    x.grad = torch.full((n // 1000, 1000), 0.01)
    own = torch.optim.Adam([x], lr=RATE) if optimizer == "adam" else LearnedOptimizer([x], optimizer, lr=RATE)
    own.step()
    state = own.state[x]
    kept = 2 * n if optimizer == "adam" else sum(tensor.numel() for tensor in state["tensors"])
    return own.step, kept


def main() -> None:
    framework, optimizers, sizes, seconds = sys.argv[1:]
    open_subject = {"numpy": in_numpy, "optax": in_optax, "torch": in_torch}[framework]
    for optimizer in optimizers.split(","):
        slowest = 0.0
        for n in (int(float(size)) for size in sizes.split(",")):
            # A size takes at most ten times as long as the one before.
            if slowest > TOO_LONG / 10:
                break
            step, kept = open_subject(optimizer, n)
            # A framework may compile its second step too, whose arguments are the first one's results.
            for _ in range(3):
                step()
            times: list[float] = []
            began = time.perf_counter()
            while len(times) < 1 or time.perf_counter() - began < float(seconds):
                before = time.perf_counter()
                step()
                times.append(time.perf_counter() - before)
            slowest = sorted(times)[len(times) // 2]
            found = {
                "optimizer": optimizer,
                "coordinates": n,
                "nanoseconds": 1e9 * slowest,
                "state": 4 * kept / n,
                "peak": 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
            }
            print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
