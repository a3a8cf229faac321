"""Paths of other implementations of the hand-designed rules, in double: prints fixtures.json.

    pip install torch schedulefree lion-pytorch optax
    python test/core/optimizers/fixtures.py > test/core/optimizers/fixtures.json

f(θ) = Σ c_i (1 - cos θ_i) + (Σ θ_i - 1)² / 2, three coordinates, so that steps differ between coordinates and the
gradient is neither linear nor separable. θ is printed after every fifth step.
"""

import importlib.metadata
import json

import jax
import optax
import schedulefree
import torch
from lion_pytorch import Lion

jax.config.update("jax_enable_x64", True)
torch.set_default_dtype(torch.float64)
C = torch.tensor([0.5, 2.0, 8.0])
START = [1.0, -0.5, 0.25]
STEPS, EVERY = 40, 5


def loss(theta):
    return (C * (1 - torch.cos(theta))).sum() + (theta.sum() - 1) ** 2 / 2


def path(make):
    theta = torch.tensor(START, requires_grad=True)
    optimizer = make([theta])
    averages = hasattr(optimizer, "eval")
    points = []
    for step in range(1, STEPS + 1):
        if averages:
            optimizer.train()
        optimizer.zero_grad()
        loss(theta).backward()
        optimizer.step()
        if averages:
            optimizer.eval()
        if step % EVERY == 0:
            points.append([round(x, 12) for x in theta.detach().tolist()])
    return points


def optax_path(optimizer):
    theta = jax.numpy.array(START)
    c = jax.numpy.array(C.tolist())
    gradient = jax.grad(lambda x: (c * (1 - jax.numpy.cos(x))).sum() + (x.sum() - 1) ** 2 / 2)
    state = optimizer.init(theta)
    points = []
    for step in range(1, STEPS + 1):
        updates, state = optimizer.update(gradient(theta), state, theta)
        theta = optax.apply_updates(theta, updates)
        if step % EVERY == 0:
            points.append([round(x, 12) for x in theta.tolist()])
    return points


def version(package):
    return f"{package} {importlib.metadata.version(package)}"


optim = torch.optim
TORCH, SCHEDULE_FREE, LION, OPTAX = (version(p) for p in ("torch", "schedulefree", "lion-pytorch", "optax"))
CASES = [
    (TORCH, {"name": "sgd", "learningRate": 0.05}, lambda p: optim.SGD(p, lr=0.05)),
    (TORCH, {"name": "momentum", "learningRate": 0.02, "momentum": 0.8}, lambda p: optim.SGD(p, lr=0.02, momentum=0.8)),
    (
        TORCH,
        {"name": "nag", "learningRate": 0.02, "momentum": 0.8},
        lambda p: optim.SGD(p, lr=0.02, momentum=0.8, nesterov=True),
    ),
    (
        TORCH,
        {"name": "rmsprop", "learningRate": 0.02, "decay": 0.95, "epsilon": 1e-3},
        lambda p: optim.RMSprop(p, lr=0.02, alpha=0.95, eps=1e-3),
    ),
    (TORCH, {"name": "adagrad", "learningRate": 0.2, "epsilon": 1e-3}, lambda p: optim.Adagrad(p, lr=0.2, eps=1e-3)),
    (
        TORCH,
        {"name": "adam", "learningRate": 0.03, "beta1": 0.8, "beta2": 0.95, "epsilon": 1e-3},
        lambda p: optim.Adam(p, lr=0.03, betas=(0.8, 0.95), eps=1e-3),
    ),
    (
        TORCH,
        {"name": "adamw", "learningRate": 0.03, "beta1": 0.8, "beta2": 0.95, "epsilon": 1e-3, "weightDecay": 0.3},
        lambda p: optim.AdamW(p, lr=0.03, betas=(0.8, 0.95), eps=1e-3, weight_decay=0.3),
    ),
    (
        LION,
        {"name": "lion", "learningRate": 0.01, "beta1": 0.7, "beta2": 0.9, "weightDecay": 0.3},
        lambda p: Lion(p, lr=0.01, betas=(0.7, 0.9), weight_decay=0.3),
    ),
    (
        SCHEDULE_FREE,
        {"name": "schedule-free-sgd", "learningRate": 0.1, "beta": 0.8},
        lambda p: schedulefree.SGDScheduleFree(p, lr=0.1, momentum=0.8, foreach=False),
    ),
    (
        SCHEDULE_FREE,
        {
            "name": "schedule-free-adamw",
            "learningRate": 0.05,
            "beta1": 0.8,
            "beta2": 0.95,
            "epsilon": 1e-3,
            "weightDecay": 0.3,
        },
        lambda p: schedulefree.AdamWScheduleFree(p, lr=0.05, betas=(0.8, 0.95), eps=1e-3, weight_decay=0.3, foreach=False),
    ),
]

# θ is a vector, for which Muon is AdamW; test/reference/muon.ts has its step for matrices.
OPTAX_CASES = [
    (
        OPTAX,
        {"name": "nadamw", "learningRate": 0.03, "beta1": 0.8, "beta2": 0.95, "epsilon": 1e-3, "weightDecay": 0.3},
        optax.nadamw(0.03, b1=0.8, b2=0.95, eps=1e-3, weight_decay=0.3),
    ),
    (
        OPTAX,
        {
            "name": "muon",
            "learningRate": 0.06,
            "momentum": 0.9,
            "vectorRate": 0.5,
            "beta1": 0.8,
            "beta2": 0.95,
            "epsilon": 1e-3,
            "weightDecay": 0.3,
        },
        optax.contrib.muon(
            0.06, adam_learning_rate=0.03, adam_b1=0.8, adam_b2=0.95, eps=1e-3, adam_weight_decay=0.3, nesterov=False
        ),
    ),
]

cases = [{"source": source, "rule": rule, "path": path(make)} for source, rule, make in CASES]
cases += [{"source": source, "rule": rule, "path": optax_path(optimizer)} for source, rule, optimizer in OPTAX_CASES]
print(json.dumps({"c": C.tolist(), "start": START, "every": EVERY, "cases": cases}))
