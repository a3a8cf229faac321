"""A step of Celo2-base in JAX, in two forms. Both have

    initial(theta)                            the state of fresh functions
    step(weights, state, theta, gradient)     → θ, what is still to be subtracted from it, and the next state
    settled(theta, pending)                   θ with that subtracted
    nothing(theta)                            what is still to be subtracted before the first step

for θ and gradients by tensor, with the particles first: [P, …shape]. `weights` are those of each particle.
"""

import jax
import jax.numpy as jnp
from jax import lax

from celo2 import FACTORED, MOMENTA, RATE, SECOND, UNITS, VECTOR_INPUTS

# Inputs of the network that are vectors along a matrix's rows or columns, and the others.
ROWS, COLUMNS = (15, 16, 17, 21, 22, 23), (18, 19, 20, 24, 25, 26)
FULL = (*range(VECTOR_INPUTS), 27, 28, 29)


def factor(x):
    return lax.rsqrt(jnp.maximum(x, 1e-9))


class Published:
    """The structure of the published code: one particle's step, under vmap; inputs in groups on a last axis, each group
    normalised and then multiplied with its rows of the first kernel, and all outputs computed."""

    outputs = 3

    @staticmethod
    def initial(theta):
        def of(p):
            state = {"m": jnp.zeros(p.shape + (3,)), "v": jnp.zeros(p.shape + (1,))}
            if p.ndim == 2:
                return {**state, "full": jnp.zeros(p.shape + (3,))}
            return {**state, "row": jnp.zeros((p.shape[0], p.shape[1], 3)), "column": jnp.zeros((p.shape[0], p.shape[2], 3))}

        return {name: of(p) for name, p in theta.items()}

    @staticmethod
    def tensor(weights, state, p, g):
        decays, matrix = jnp.asarray(MOMENTA), p.ndim == 2
        g = jnp.clip(g, -1000, 1000)
        m = decays * state["m"] + (1 - decays) * g[..., None]
        v = SECOND * state["v"] + (1 - SECOND) * (g * g)[..., None]
        square = g * g + 1e-30
        new = {"m": m, "v": v}
        if matrix:
            row = decays * state["row"] + (1 - decays) * square.mean(1)[:, None]
            column = decays * state["column"] + (1 - decays) * square.mean(0)[:, None]
            new |= {"row": row, "column": column}
            factors = factor(row / (row.mean(0, keepdims=True) + 1e-9))[:, None] * factor(column)[None]
        else:
            full = decays * state["full"] + (1 - decays) * square[..., None]
            new |= {"full": full}
            factors = lax.rsqrt(full + 1e-9)
        root = lax.rsqrt(v + 1e-8)
        groups = [g[..., None], jnp.clip(g, -0.1, 0.1)[..., None], p[..., None], m, v, m * root, root]
        groups += [g[..., None] * factors, g[..., None] * root]
        if matrix:
            rows, columns = jnp.broadcast_to(row[:, None], m.shape), jnp.broadcast_to(column[None], m.shape)
            groups += [rows, columns, lax.rsqrt(rows + 1e-8), lax.rsqrt(columns + 1e-8), m * factors]
        axes = tuple(range(p.ndim))
        (kernel, bias), second, last = weights
        x, at = bias, 0
        for group in groups:
            group = group * lax.rsqrt(jnp.mean(group * group, axes, keepdims=True) + 1e-9)
            x = x + group @ kernel[at : at + group.shape[-1]]
            at += group.shape[-1]
        x = jax.nn.relu(jax.nn.relu(x) @ second[0] + second[1])
        s = (x @ last[0] + last[1])[..., 0]
        return p - RATE * s * lax.rsqrt(jnp.mean(s * s) + 1e-9), new

    @classmethod
    def step(cls, weights, state, theta, gradient):
        made = {name: jax.vmap(cls.tensor)(weights, state[name], theta[name], gradient[name]) for name in theta}
        return {name: p for name, (p, _) in made.items()}, {}, {name: s for name, (_, s) in made.items()}

    @staticmethod
    def settled(theta, pending):
        return theta

    @staticmethod
    def nothing(theta):
        return {}


class Scalar:
    """All particles at once, as sums of products that XLA fuses: the normalisers are folded into the first kernel, and
    inputs along rows or columns stay vectors. A step is subtracted only when the next begins: XLA would compute the
    network twice, once for the update's mean square and once for the update, but not across that boundary."""

    outputs = 1

    @staticmethod
    def initial(theta):
        def of(p):
            zero = jnp.zeros_like(p)
            state = {"m": [zero] * 3, "v": zero}
            if p.ndim == 2:
                return {**state, "full": [zero] * 3}
            row, column = jnp.zeros_like(p[:, :, :1]), jnp.zeros_like(p[:, :1])
            return {**state, "row": [row] * 3, "column": [column] * 3}

        return {name: of(p) for name, p in theta.items()}

    @staticmethod
    def tensor(weights, state, p, g):
        """→ s before its normalisation, the rate divided by its root mean square, the next state"""
        matrix, axes = p.ndim == 3, tuple(range(1, p.ndim))

        def mean(x, over=axes):
            return jnp.mean(x, over, keepdims=True)

        def averaged(old, x):
            return [b * before + (1 - b) * x for b, before in zip(FACTORED, old)]

        def inverse_rms(x):
            return lax.rsqrt(mean(x * x) + 1e-9)

        def each(x):
            """A weight of each particle, to be multiplied with a tensor."""
            return x.reshape(x.shape + (1,) * len(axes))

        g = jnp.clip(g, -1000, 1000)
        m = [b * before + (1 - b) * g for b, before in zip(MOMENTA, state["m"])]
        v = SECOND * state["v"] + (1 - SECOND) * g * g
        square = g * g + 1e-30
        new = {"m": m, "v": v}
        if matrix:
            row, column = averaged(state["row"], mean(square, 2)), averaged(state["column"], mean(square, 1))
            new |= {"row": row, "column": column}
            factors = [factor(r / (mean(r) + 1e-9)) * factor(c) for r, c in zip(row, column)]
        else:
            full = averaged(state["full"], square)
            new |= {"full": full}
            factors = [lax.rsqrt(f + 1e-9) for f in full]
        root = lax.rsqrt(v + 1e-8)
        inputs = [g, jnp.clip(g, -0.1, 0.1), p, *m, v, *(x * root for x in m), root, *(g * f for f in factors), g * root]
        if matrix:
            inputs += [x * f for x, f in zip(m, factors)]
        (kernel, bias), second, last = weights
        scaled = [(x, inverse_rms(x), i) for x, i in zip(inputs, FULL)]
        along = [[], []]
        if matrix:
            for vectors, moments, places in zip(along, (row, column), (ROWS, COLUMNS)):
                values = moments + [lax.rsqrt(x + 1e-8) for x in moments]
                vectors += [(x, inverse_rms(x), i) for x, i in zip(values, places)]

        def unit(h):
            parts = [sum(x * (scale * each(kernel[:, i, h])) for x, scale, i in vectors) for vectors in along]
            z = each(bias[:, h]) + parts[0] + parts[1]
            for x, scale, i in scaled:
                z = z + x * (scale * each(kernel[:, i, h]))
            return jnp.maximum(z, 0)

        def dense(x, layer, h):
            return sum(x[j] * each(layer[0][:, j, h]) for j in range(UNITS)) + each(layer[1][:, h])

        x = [unit(h) for h in range(UNITS)]
        x = [jnp.maximum(dense(x, second, h), 0) for h in range(UNITS)]
        s = dense(x, last, 0)
        return s, RATE * inverse_rms(s), new

    @classmethod
    def step(cls, weights, state, theta, gradient):
        made = {name: cls.tensor(weights, state[name], theta[name], gradient[name]) for name in theta}
        pending = {name: (s, scale) for name, (s, scale, _) in made.items()}
        return theta, pending, {name: new for name, (_, _, new) in made.items()}

    @staticmethod
    def settled(theta, pending):
        return {name: p - pending[name][0] * pending[name][1] for name, p in theta.items()}

    @staticmethod
    def nothing(theta):
        return {n: (jnp.zeros_like(p), jnp.zeros(p.shape[:1] + (1,) * (p.ndim - 1))) for n, p in theta.items()}


forms = {"published": Published, "scalar": Scalar}
