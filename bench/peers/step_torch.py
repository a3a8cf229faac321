"""PyTorch: one step of Celo2-base on one matrix, its gradient given; θ and the state in place where eager.

    groups       the structure of the published code: inputs in groups on a last axis
    folded       normalisers folded into the first kernel, one product of all inputs; those along rows and columns as vectors
    compile      torch.compile of the folded step, with the network as sums of products
    …+passive    threads that wait for each other sleep instead of spinning
"""

import os

from common import read_case, report, time_meta_steps

case = read_case()
os.environ["TORCHINDUCTOR_CACHE_DIR"] = os.path.join(case["cache"], "inductor")
kind, *options = case["form"].split("+")
if "passive" in options:
    os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
# Compile in this process: worker processes would outlive it and count as its memory.
os.environ["TORCHINDUCTOR_COMPILE_THREADS"] = "1"

import torch

import celo2
from celo2 import FACTORED, INPUTS, MOMENTA, RATE, SECOND, UNITS

torch.set_num_threads(len(os.sched_getaffinity(0)))
torch.set_grad_enabled(False)

ROWS, COLUMNS = (15, 16, 17, 21, 22, 23), (18, 19, 20, 24, 25, 26)
FULL = tuple(i for i in range(INPUTS) if i not in ROWS + COLUMNS)


def factor(x):
    return torch.rsqrt(x.clamp_min(1e-9))


def factored(g, row, column):
    square = g * g + 1e-30
    row = [b * x + (1 - b) * square.mean(1, keepdim=True) for b, x in zip(FACTORED, row)]
    column = [b * x + (1 - b) * square.mean(0, keepdim=True) for b, x in zip(FACTORED, column)]
    return row, column, [factor(r / (r.mean() + 1e-9)) * factor(c) for r, c in zip(row, column)]


def scaled(s):
    return s * (RATE * torch.rsqrt(s.square().mean() + 1e-9))


def groups(weights, p, g, m, v, row, column):
    g = g.clamp(-1000, 1000)
    for x, b in zip(m, MOMENTA):
        x.lerp_(g, 1 - b)
    v.mul_(SECOND).addcmul_(g, g, value=1 - SECOND)
    row, column, factors = factored(g, row, column)

    def stacked(xs):
        return torch.stack([x.expand(p.shape) for x in xs], -1)

    root, momenta, rows, columns, factors = torch.rsqrt(v + 1e-8), *(stacked(x) for x in (m, row, column, factors))
    inputs = [g, g.clamp(-0.1, 0.1), p, momenta, v, momenta * root[..., None], root, g[..., None] * factors, g * root]
    inputs += [rows, columns, torch.rsqrt(rows + 1e-8), torch.rsqrt(columns + 1e-8), momenta * factors]
    (kernel, bias), second, last = weights
    z, at = bias, 0
    for x in inputs:
        x = x if x.ndim == 3 else x[..., None]
        x = x * torch.rsqrt(x.square().mean((0, 1), keepdim=True) + 1e-9)
        z = z + x @ kernel[at : at + x.shape[-1]]
        at += x.shape[-1]
    s = (torch.relu(torch.relu(z) @ second[0] + second[1]) @ last[0] + last[1])[..., 0]
    return p.sub_(scaled(s)), m, v, row, column


def folded(weights, p, g, m, v, row, column):
    g = g.clamp(-1000, 1000)
    if kind == "compile":
        m, v = [b * x + (1 - b) * g for b, x in zip(MOMENTA, m)], SECOND * v + (1 - SECOND) * g * g
    else:
        for x, b in zip(m, MOMENTA):
            x.lerp_(g, 1 - b)
        v.mul_(SECOND).addcmul_(g, g, value=1 - SECOND)
    row, column, factors = factored(g, row, column)
    root = torch.rsqrt(v + 1e-8)
    inputs = [g, g.clamp(-0.1, 0.1), p, *m, v, *(x * root for x in m), root, *(g * f for f in factors), g * root]
    inputs += [x * f for x, f in zip(m, factors)]
    (kernel, bias), second, last = weights

    def along(moments, places):
        """What the inputs along rows or columns add to the units of the first layer: [units, rows or columns]."""
        values = torch.stack([x.flatten() for x in moments + [torch.rsqrt(x + 1e-8) for x in moments]])
        return (kernel[list(places)] * torch.rsqrt(values.square().mean(1) + 1e-9)[:, None]).T @ values

    by_row, by_column = along(row, ROWS)[:, :, None], (along(column, COLUMNS) + bias[:, None])[:, None]
    if kind == "compile":
        squares = torch.stack([x.square().mean() for x in inputs])
        first = kernel[list(FULL)] * torch.rsqrt(squares + 1e-9)[:, None]

        def dense(x, layer, h):
            return sum(x[j] * layer[0][j, h] for j in range(UNITS)) + layer[1][h]

        x = [sum((x * first[i, h] for i, x in enumerate(inputs)), by_row[h] + by_column[h]) for h in range(UNITS)]
        x = [torch.relu(dense([torch.relu(z) for z in x], second, h)) for h in range(UNITS)]
        return p - scaled(dense(x, last, 0)), m, v, row, column
    stacked = torch.stack(inputs).view(len(FULL), -1)
    squares = torch.stack([torch.dot(x, x) for x in stacked]) / p.numel()
    first = kernel[list(FULL)] * torch.rsqrt(squares + 1e-9)[:, None]
    z = (first.T @ stacked).view(UNITS, *p.shape).add_(by_row).add_(by_column).relu_().view(UNITS, -1)
    z = torch.addmm(second[1][:, None], second[0].T, z).relu_()
    s = torch.mv(z.T, last[0][:, 0]).view(p.shape) + last[1]
    return p.sub_(scaled(s)), m, v, row, column


step = {"groups": groups, "folded": folded}.get(kind) or torch.compile(folded, dynamic=False)


def opened(phi, theta):
    """The weights, and θ with a fresh state."""
    theta = torch.tensor(theta)
    row, column = torch.zeros_like(theta[:, :1]), torch.zeros_like(theta[:1])
    state = [torch.zeros_like(theta) for _ in MOMENTA], torch.zeros_like(theta), [row] * 3, [column] * 3
    weights = celo2.split_weights(torch.tensor(phi if kind != "groups" else celo2.widen(phi)), 1 if kind != "groups" else 3)
    return weights, (theta, *state)


version = f"torch {torch.__version__}"
if case.get("fixture"):
    arrays = celo2.read_arrays(case["fixture"])
    weights, (theta, *state) = opened(arrays["phi"], arrays["theta"])
    for gradient in arrays["gradients"]:
        theta, *state = step(weights, theta, torch.tensor(gradient), *state)
    report(version=version, theta=theta.flatten().tolist())
else:
    theta, gradient = celo2.made_matrix(case["shape"])
    weights, carry = opened(celo2.initial_weights(), theta)
    gradient = torch.tensor(gradient)

    def timed(_):
        global carry
        theta, *state = carry
        carry = step(weights, theta, gradient, *state)

    report(version=version, **time_meta_steps(case, timed, [None]))
