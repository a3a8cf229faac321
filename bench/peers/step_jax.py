"""JAX: one step of Celo2-base on one matrix, its gradient given; one jit, θ and the state donated.

    published    the structure of the published code
    scalar       sums of products that fuse, all at once
    blocks       the same in two passes over ten blocks of rows, so that the inputs stay in the cache
"""

import os

from common import read_case, report, time_meta_steps

case = read_case()
os.environ["JAX_PLATFORMS"] = "cpu"

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

import celo2
from celo2 import FACTORED, MOMENTA, RATE, SECOND, UNITS
from celo2_jax import COLUMNS, FULL, ROWS, factor, forms

BLOCKS = 10


class Whole:
    """A form of celo2_jax.py, for a single particle with a single tensor."""

    def __init__(self, form, phi, theta):
        self.form = form
        self.weights = [(k[None], b[None]) for k, b in celo2.split_weights(phi, form.outputs)]
        theta = {"w": theta[None]}
        self.carry = theta, form.nothing(theta), form.initial(theta)

    def next(self, carry, gradient):
        theta, pending, state = carry
        theta = self.form.settled(theta, pending)
        return self.form.step(self.weights, state, theta, {"w": gradient[None]})

    def theta(self, carry):
        return self.form.settled(carry[0], carry[1])["w"][0]


class Blocks:
    """Moments and mean squares block by block, then the network block by block. The step is subtracted when the next
    begins, as in celo2_jax.Scalar."""

    def __init__(self, phi, theta):
        self.weights = celo2.split_weights(phi)
        rows, columns = theta.shape
        row, column = [jnp.zeros((rows, 1))] * 3, [jnp.zeros((1, columns))] * 3
        state = {"m": [0 * theta] * 3, "v": 0 * theta, "row": row, "column": column}
        self.carry = theta, (0 * theta, jnp.float32(0)), state

    @staticmethod
    def inputs(g, p, m, v, factors):
        root = lax.rsqrt(v + 1e-8)
        inputs = [g, jnp.clip(g, -0.1, 0.1), p, *m, v, *(x * root for x in m), root, *(g * f for f in factors), g * root]
        return inputs + [x * f for x, f in zip(m, factors)]

    def next(self, carry, g):
        theta, (direction, scale), state = carry
        g = jnp.clip(g, -1000, 1000)
        square = g * g + 1e-30
        row = [b * x + (1 - b) * square.mean(1, keepdims=True) for b, x in zip(FACTORED, state["row"])]
        column = [b * x + (1 - b) * square.mean(0, keepdims=True) for b, x in zip(FACTORED, state["column"])]
        of_rows = [factor(x / (x.mean() + 1e-9)) for x in row]
        of_columns = [factor(x) for x in column]

        def blocks(tree):
            return jax.tree.map(lambda x: x.reshape((BLOCKS, -1) + x.shape[1:]), tree)

        def joined(tree):
            return jax.tree.map(lambda x: x.reshape((-1,) + x.shape[2:]), tree)

        def moments(squares, block):
            p, s, g, m, v, of_rows = block
            p = p - s * scale
            m = [b * x + (1 - b) * g for b, x in zip(MOMENTA, m)]
            v = SECOND * v + (1 - SECOND) * g * g
            factors = [r * c for r, c in zip(of_rows, of_columns)]
            return squares + jnp.stack([jnp.sum(x * x) for x in self.inputs(g, p, m, v, factors)]), (p, m, v)

        parts = blocks((theta, direction, g, state["m"], state["v"], of_rows))
        squares, (p, m, v) = lax.scan(moments, jnp.zeros(len(FULL)), parts)
        (kernel, bias), second, last = self.weights
        first = kernel[jnp.array(FULL)] * lax.rsqrt(squares / theta.size + 1e-9)[:, None]

        def along(moments, places):
            """What the inputs along rows or columns add to the units of the first layer: [units, rows or columns]."""
            values = jnp.stack([x.reshape(-1) for x in moments + [lax.rsqrt(x + 1e-8) for x in moments]])
            return (kernel[jnp.array(places)] * lax.rsqrt((values * values).mean(1) + 1e-9)[:, None]).T @ values

        by_row, by_column = along(row, ROWS).T, along(column, COLUMNS) + bias[:, None]

        def network(squares, block):
            p, g, m, v, of_rows, by_row = block
            inputs = self.inputs(g, p, m, v, [r * c for r, c in zip(of_rows, of_columns)])

            def unit(h):
                return sum((x * first[i, h] for i, x in enumerate(inputs)), by_row[:, h, None] + by_column[h])

            def dense(x, layer, h):
                return sum(x[j] * layer[0][j, h] for j in range(UNITS)) + layer[1][h]

            x = [jnp.maximum(unit(h), 0) for h in range(UNITS)]
            x = [jnp.maximum(dense(x, second, h), 0) for h in range(UNITS)]
            s = dense(x, last, 0)
            return squares + jnp.sum(s * s), s

        total, direction = lax.scan(network, jnp.float32(0), (p, blocks(g), m, v, *blocks((of_rows, by_row))))
        p, m, v, direction = joined((p, m, v, direction))
        state = {"m": m, "v": v, "row": row, "column": column}
        return p, (direction, RATE * lax.rsqrt(total / theta.size + 1e-9)), state

    def theta(self, carry):
        return carry[0] - carry[1][0] * carry[1][1]


def opened(phi, theta):
    form = forms.get(case["form"])
    if form is None:
        return Blocks(jnp.asarray(phi), jnp.asarray(theta))
    return Whole(form, jnp.asarray(phi if form.outputs == 1 else celo2.widen(phi)), jnp.asarray(theta))


def own(carry):
    """Every array in a buffer of its own, so that all can be donated."""
    return jax.tree.map(lambda x: jnp.array(x, copy=True), carry)


version = f"jax {jax.__version__}"
if case.get("fixture"):
    arrays = celo2.read_arrays(case["fixture"])
    optimizer = opened(arrays["phi"], arrays["theta"])
    carry, step = optimizer.carry, jax.jit(optimizer.next)
    for gradient in arrays["gradients"]:
        carry = step(carry, jnp.asarray(gradient))
    report(version=version, theta=np.asarray(optimizer.theta(carry)).ravel().tolist())
else:
    theta, gradient = celo2.made_matrix(case["shape"])
    optimizer = opened(celo2.initial_weights(), theta)
    carry, gradient = own(optimizer.carry), jnp.asarray(gradient)
    compiled = jax.jit(optimizer.next, donate_argnums=0)

    def timed(_):
        global carry
        carry = compiled(carry, gradient)
        jax.block_until_ready(carry)

    report(version=version, **time_meta_steps(case, timed, [None]))
