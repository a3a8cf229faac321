"""JAX: jit of the whole meta-step, one fp32 φ, donated.

Coordinates are columns: state [units, N], so that gates are contiguous rows. The unroll is a `lax.scan`. Its forms:

    checkpoint   `jax.checkpoint` on the scan's body: the backward pass recomputes each step
    saved        the same, but ∇f is kept, so that the backward pass recomputes only the network
    nested       the same in blocks of about √T steps, which keeps the state once per block
    plain        no checkpoint: XLA decides what to keep
    …+joined     one product of [x; h] per layer, instead of one of x and one of h
    …+unrolled   the scan's steps written out, four at a time
"""

import os

from common import digits, feeds, fixture_of, initial_weights, problem_of, read_case, report, split_weights, time_meta_steps
from common import CLASSES, HIDDEN, PIXELS

case = read_case()
os.environ["JAX_PLATFORMS"] = "cpu"

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.ad_checkpoint import checkpoint_name

optimizer, steps, problem = case["optimizer"], case["steps"], problem_of(case)
kind, *options = case["form"].split("+")


def preprocess(g):
    """[N] → [inputs, N]"""
    spec = optimizer["preprocess"]
    if spec["name"] == "none":
        return g[None]
    k = spec["k"]
    return jnp.stack([jnp.maximum(jnp.log(jnp.abs(g) + 2**-23) / k, -1), jnp.clip(g * np.exp(np.float32(k)), -1, 1)])


def sigmoid(z):
    return 0.5 + 0.5 * jnp.tanh(0.5 * z) if "tanh" in options else jax.nn.sigmoid(z)


def step(weights, g, state):
    """m(∇, h, φ): the update [N] and the next state."""
    weights = list(weights)
    x, following = preprocess(g), []
    if optimizer["inputProjection"] is not None:
        kernel, bias = weights.pop(0)
        x = kernel.T @ x + bias[:, None]
    output, output_bias = weights.pop()
    for (kernel, bias), (h, c) in zip(weights, state):
        if "joined" in options:
            z = kernel.T @ jnp.concatenate([x, h]) + bias[:, None]
        elif "ones" in options:
            z = jnp.concatenate([kernel, bias[None]]).T @ jnp.concatenate([x, h, jnp.ones_like(h[:1])])
        else:
            inputs = x.shape[0]
            z = kernel[:inputs].T @ x + kernel[inputs:].T @ h + bias[:, None]
        i, f, g_, o = jnp.split(z, 4)
        c = sigmoid(f) * c + sigmoid(i) * jnp.tanh(g_)
        x = sigmoid(o) * jnp.tanh(c)
        following.append((x, c))
    return optimizer["outputScale"] * (output.T @ x + output_bias[:, None])[0], following


def losses_of(theta, data, at):
    """f(θ) [B] for θ [B, d]; `at` is this step's mini-batch of digits."""
    if problem == "parabola":
        return jnp.sum((data["s"] * theta) ** 2, 1)
    if problem == "quadratic":
        return jnp.sum((jnp.einsum("bij,bj->bi", data["W"], theta) - data["y"]) ** 2, 1)
    first, second = PIXELS * HIDDEN, (PIXELS + 1) * HIDDEN
    last = second + HIDDEN * CLASSES
    (theta,) = theta
    x = images[at].astype(jnp.float32) / 255
    hidden = jax.nn.sigmoid(x @ theta[:first].reshape(PIXELS, HIDDEN) + theta[first:second])
    logits = hidden @ theta[second:last].reshape(HIDDEN, CLASSES) + theta[last:]
    picked = jnp.take_along_axis(logits, labels[at][:, None], 1)[:, 0]
    return jnp.mean(jax.nn.logsumexp(logits, 1) - picked)[None]


if problem == "mnist":
    images, labels = (jnp.asarray(a) for a in digits(case["digits"]))
    labels = labels.astype(jnp.int32)


def meta_loss(phi, data):
    """1/B Σ_f Σ_{t<T} f(θ_t), second derivatives dropped, and the mean losses [T]."""
    weights = split_weights(phi, optimizer)
    theta = data["start"]
    functions = theta.shape[0]

    def body(carry, at):
        theta, state = carry
        at_theta = lax.stop_gradient(theta)
        total, back, losses = jax.vjp(lambda p: (lambda l: (l.sum(), l))(losses_of(p, data, at)), at_theta, has_aux=True)
        gradient = checkpoint_name(lax.stop_gradient(back(jnp.ones(()))[0]), "gradient")
        # Its value is 0 and its derivative by θ is ∇f, so back-propagation does not go through f again.
        slope = jnp.sum(gradient * (theta - at_theta))
        update, state = step(weights, gradient.reshape(-1), state)
        mean = lax.stop_gradient(total) / functions
        return (theta + update.reshape(theta.shape), state), (mean, slope / functions)

    policy = jax.checkpoint_policies.save_only_these_names("gradient")
    if kind == "checkpoint":
        body = jax.checkpoint(body)
    elif kind in ("saved", "nested"):
        body = jax.checkpoint(body, policy=policy)
    unroll = 4 if "unrolled" in options else 1
    sequence = data["batch"][:steps] if "batch" in data else None
    zeros = [tuple(jnp.zeros((units, theta.size), jnp.float32) for _ in "hc") for units in optimizer["layers"]]
    carry = (theta, zeros)
    if kind == "nested":
        block = next(b for b in range(int(steps**0.5), 0, -1) if steps % b == 0)
        if sequence is not None:
            sequence = sequence.reshape(steps // block, block, -1)

        def many(carry, at):
            return lax.scan(body, carry, at, length=block)

        _, (means, slopes) = lax.scan(jax.checkpoint(many, policy=policy), carry, sequence, length=steps // block)
    else:
        _, (means, slopes) = lax.scan(body, carry, sequence, length=steps, unroll=unroll)
    return slopes.sum(), means.reshape(-1)


def gradient_of(phi, data):
    (_, losses), gradient = jax.value_and_grad(meta_loss, has_aux=True)(phi, data)
    return losses, gradient


def adam(phi, m, v, count, gradient):
    m = 0.9 * m + 0.1 * gradient
    v = 0.999 * v + 0.001 * gradient**2
    rate = case["learningRate"] * jnp.sqrt(1 - 0.999**count) / (1 - 0.9**count)
    return phi - rate * m / (jnp.sqrt(v) + 1e-8 * jnp.sqrt(1 - 0.999**count)), m, v


def meta_step(state, data):
    phi, m, v = state[0], state[1], state[2]
    count = state[3, 0] + 1
    losses, gradient = gradient_of(phi, data)
    phi, m, v = adam(phi, m, v, count, gradient)
    return jnp.stack([phi, m, v, jnp.full_like(phi, count)]), losses


inputs = [{name: jnp.asarray(a) for name, a in feed.items()} for feed in feeds(case)]
version = f"jax {jax.__version__}"
if case.get("fixture"):
    losses, gradient = jax.jit(gradient_of)(jnp.asarray(np.asarray(fixture_of(case)["phi"], np.float32)), inputs[0])
    report(version=version, losses=losses.tolist(), gradient=gradient.tolist())
else:
    compiled = jax.jit(meta_step, donate_argnums=0)
    phi = initial_weights(optimizer)
    state = jnp.asarray(np.stack([phi, *np.zeros((3, phi.size), np.float32)]))

    def timed(data):
        global state
        state, losses = compiled(state, data)
        np.asarray(losses)

    report(version=version, **time_meta_steps(case, timed, inputs))
