"""Celo2-base and persistent evolution strategies in double precision, as directly as their definitions read: what the
others are verified against. Runs as a peer, but only on fixtures; it is not timed.
"""

import numpy as np

from celo2 import FACTORED, LARGEST_LOSS, MOMENTA, RATE, SECOND, SIGMA, TENSORS, VECTOR_INPUTS
from celo2 import read_arrays, split_theta, split_weights
from common import read_case, report


def fresh(shape):
    state = {"m": [np.zeros(shape) for _ in MOMENTA], "v": np.zeros(shape)}
    if len(shape) == 1:
        state["row"] = [np.zeros(shape) for _ in FACTORED]
    else:
        state["row"] = [np.zeros((shape[0], 1)) for _ in FACTORED]
        state["column"] = [np.zeros((1, shape[1])) for _ in FACTORED]
    return state


def direction(weights, state, p, g):
    """One step on a tensor [rows, columns], or [n]: s, θ ← θ - α s. Changes `state`."""
    matrix = p.ndim == 2
    g = np.clip(g, -1000, 1000)
    state["m"] = [b * m + (1 - b) * g for b, m in zip(MOMENTA, state["m"])]
    state["v"] = SECOND * state["v"] + (1 - SECOND) * g**2
    square = g**2 + 1e-30

    def averaged(old, mean):
        return [b * x + (1 - b) * mean for b, x in zip(FACTORED, old)]

    state["row"] = averaged(state["row"], square.mean(1, keepdims=True) if matrix else square)
    if matrix:
        state["column"] = averaged(state["column"], square.mean(0, keepdims=True))
        factors = [
            np.maximum(r / (r.mean() + 1e-9), 1e-9) ** -0.5 * np.maximum(c, 1e-9) ** -0.5
            for r, c in zip(state["row"], state["column"])
        ]
        row, column = state["row"], state["column"]
    else:
        factors = [(f + 1e-9) ** -0.5 for f in state["row"]]
        row = column = state["row"]
    m, v = state["m"], state["v"]
    root = (v + 1e-8) ** -0.5
    features = [g, np.clip(g, -0.1, 0.1), p, *m, v, *(x * root for x in m), root]
    features += [*(g * f for f in factors), g * root, *row, *column]
    features += [*((x + 1e-8) ** -0.5 for x in row), *((x + 1e-8) ** -0.5 for x in column)]
    features += [x * f for x, f in zip(m, factors)]
    stacked = np.stack([np.broadcast_to(x, p.shape) for x in features])
    axes = tuple(range(1, stacked.ndim))
    stacked = stacked / np.sqrt((stacked**2).mean(axes, keepdims=True) + 1e-9)
    if not matrix:
        stacked[VECTOR_INPUTS:] = 0
    x = np.moveaxis(stacked, 0, -1)
    for kernel, bias in weights[:-1]:
        x = np.maximum(x @ kernel + bias, 0)
    kernel, bias = weights[-1]
    s = (x @ kernel + bias)[..., 0]
    return s / np.sqrt((s**2).mean() + 1e-9)


def loss_and_gradient(theta, x, labels):
    """The mean cross-entropy over a mini-batch, and its gradient, by tensor."""
    below = x @ theta["w1"] + theta["b1"]
    hidden = np.maximum(below, 0)
    logits = hidden @ theta["w2"] + theta["b2"]
    logits = logits - logits.max(1, keepdims=True)
    exponentials = np.exp(logits)
    total = exponentials.sum(1, keepdims=True)
    at = np.arange(len(labels))
    loss = (np.log(total[:, 0]) - logits[at, labels]).mean()
    d_logits = exponentials / total
    d_logits[at, labels] -= 1
    d_logits /= len(labels)
    d_below = (d_logits @ theta["w2"].T) * (below > 0)
    return loss, {"w1": x.T @ d_below, "b1": d_below.sum(0), "w2": hidden.T @ d_logits, "b2": d_logits.sum(0)}


def optimise(phi, theta, state, pictures, labels, rows):
    """The losses of a particle at each step [T]; changes θ and the state."""
    weights, losses = split_weights(phi), []
    for at in rows:
        loss, gradient = loss_and_gradient(theta, pictures[at], labels[at])
        losses.append(loss)
        for name in TENSORS:
            theta[name] = theta[name] - RATE * direction(weights, state[name], theta[name], gradient[name])
    return losses


def outer_steps(case):
    """The losses [truncations, pairs, T, 2] and the estimates [truncations, n] of a fixture."""
    phi, start, pictures = (case[name].astype(np.float64) for name in ("phi", "start", "pictures"))
    labels = case["labels"].astype(int)
    pairs = len(start)
    theta = [[dict(split_theta(start[i])) for _ in range(2)] for i in range(pairs)]
    state = [[{name: fresh(shape) for name, shape in TENSORS.items()} for _ in range(2)] for _ in range(pairs)]
    xi, losses, estimates = np.zeros((pairs, len(phi))), [], []
    for epsilon, rows in zip(case["epsilon"].astype(np.float64), case["rows"].astype(int)):
        xi += epsilon
        found = np.array(
            [
                [
                    optimise(phi + sign * epsilon[i], theta[i][p], state[i][p], pictures, labels, rows[i])
                    for p, sign in enumerate((1, -1))
                ]
                for i in range(pairs)
            ]
        )
        mean = np.minimum(found, LARGEST_LOSS).mean(2)
        estimates.append((xi * (mean[:, :1] - mean[:, 1:])).mean(0) / (2 * SIGMA**2))
        losses.append(found.transpose(0, 2, 1))
    return np.array(losses), np.array(estimates)


def tensor_steps(case):
    """θ after a step per gradient of a fixture, from a fresh state."""
    theta, weights = case["theta"].astype(np.float64), split_weights(case["phi"].astype(np.float64))
    state = fresh(theta.shape)
    for g in case["gradients"].astype(np.float64):
        theta = theta - RATE * direction(weights, state, theta, g)
    return theta


if __name__ == "__main__":
    given = read_case()
    arrays = read_arrays(given["fixture"])
    version = f"numpy {np.__version__}, fp64"
    if "gradients" in arrays:
        report(version=version, theta=tensor_steps(arrays).ravel().tolist())
    else:
        found, estimates = outer_steps(arrays)
        report(version=version, losses=found.ravel().tolist(), estimate=estimates.ravel().tolist())
