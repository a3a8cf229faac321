"""JAX: a whole outer step of persistent evolution strategies, one jit: draws, both particles of each pair for fifty
steps, the estimate, AdamW on φ. Everything that is carried is donated.

    published          the structure of the published code: each particle on its own under vmap, autodiff
    scalar             all particles at once, in sums of products that fuse; the perceptron's gradient by hand
    …+devices          a host device per CPU, the pairs divided among them
    …+tasks            a task's pairs after another's, for a smaller working set
"""

import os

from common import read_case, report, time_meta_steps

case = read_case()
kind, *options = case["form"].split("+")
devices = len(os.sched_getaffinity(0)) if "devices" in options else 1
os.environ["JAX_PLATFORMS"] = "cpu"
os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} --xla_force_host_platform_device_count={devices}"

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.sharding import Mesh, NamedSharding, PartitionSpec

import celo2
from celo2 import BATCH, CLASSES, HORIZONS, LARGEST_LOSS, META_RATE, PAIRS_PER_TASK, SIGMA, TASKS, TENSORS, TRUNCATION
from celo2_jax import forms

form = forms[kind]
mesh = Mesh(np.array(jax.devices()), ("devices",))
whole, divided = PartitionSpec(), PartitionSpec("devices")


def loss_of(theta, x, labels):
    """One particle's cross-entropy on a mini-batch; labels as one-hot vectors [batch, classes]."""
    z = jax.nn.relu(x @ theta["w1"] + theta["b1"]) @ theta["w2"] + theta["b2"]
    return jnp.mean(jax.nn.logsumexp(z, -1) - jnp.sum(z * labels, -1))


def by_autodiff(theta, x, labels):
    """Losses [pairs, 2] and gradients of θ [pairs, 2, …]; both particles of a pair see its mini-batch."""
    labels = jax.nn.one_hot(labels, CLASSES)
    particle = jax.value_and_grad(loss_of)
    return jax.vmap(jax.vmap(particle, (0, None, None)))(theta, x, labels)


def by_hand(theta, x, labels):
    """The same, with classes and units before the mini-batch, so that sums over them are contiguous."""
    y = jax.nn.one_hot(labels, CLASSES, axis=-2)[:, None]
    h = jax.nn.relu(jnp.einsum("nsio,nbi->nsob", theta["w1"], x) + theta["b1"][..., None])
    z = jnp.einsum("nsoc,nsob->nscb", theta["w2"], h) + theta["b2"][..., None]
    top = jnp.max(z, 2, keepdims=True)
    e = jnp.exp(z - top)
    total = jnp.sum(e, 2, keepdims=True)
    losses = jnp.mean((top + jnp.log(total))[:, :, 0] - jnp.sum(z * y, 2), -1)
    dz = (e / total - y) / x.shape[1]
    dh = jnp.where(h > 0, jnp.einsum("nsoc,nscb->nsob", theta["w2"], dz), 0)
    w1, w2 = jnp.einsum("nbi,nsob->nsio", x, dh), jnp.einsum("nsob,nscb->nsoc", h, dz)
    return losses, {"w1": w1, "b1": dh.sum(-1), "w2": w2, "b2": dz.sum(-1)}


losses_and_gradient = by_autodiff if kind == "published" else by_hand


def over(f, tree):
    return jax.tree.map(f, tree)


def truncation(phi, pictures, labels, pair):
    """Optimises both particles of each pair for as many steps as it has rows [pairs, T, batch].

    → the pairs, their losses [pairs, T, 2], and their terms of the estimate [pairs, n]
    """
    epsilon, pairs = pair["epsilon"], len(pair["epsilon"])
    xi = pair["xi"] + epsilon
    weights = celo2.split_weights(jnp.stack([phi + epsilon, phi - epsilon], 1).reshape(2 * pairs, -1), form.outputs)
    theta, state = (over(lambda x: x.reshape((2 * pairs,) + x.shape[2:]), pair[name]) for name in ("theta", "state"))

    def body(carry, rows):
        theta, state, pending = carry
        theta = form.settled(theta, pending)
        x, truth = (array.at[rows].get(mode="promise_in_bounds") for array in (pictures, labels))
        losses, gradient = losses_and_gradient(over(lambda p: p.reshape((pairs, 2) + p.shape[1:]), theta), x, truth)
        gradient = over(lambda g: g.reshape((2 * pairs,) + g.shape[2:]), gradient)
        theta, pending, state = form.step(weights, state, theta, gradient)
        return (theta, state, pending), losses

    carry, losses = lax.scan(body, (theta, state, form.nothing(theta)), jnp.moveaxis(pair["rows"], 1, 0))
    theta, state = form.settled(carry[0], carry[2]), carry[1]
    theta, state = (over(lambda x: x.reshape((pairs, 2) + x.shape[1:]), tree) for tree in (theta, state))
    losses = jnp.moveaxis(losses, 0, 1)
    # Not a number compares as false.
    mean = jnp.mean(jnp.where(losses <= LARGEST_LOSS, losses, LARGEST_LOSS), 1)
    terms = xi * (mean[:, :1] - mean[:, 1:]) / (2 * SIGMA**2)
    return {**pair, "xi": xi, "theta": theta, "state": state}, losses, terms


def truncations(phi, pictures, labels, pair):
    """The same, task after task if the form says so, and divided among the devices."""
    def all_of(phi, pictures, labels, pair):
        if "tasks" not in options:
            return truncation(phi, pictures, labels, pair)
        size = min(PAIRS_PER_TASK, len(pair["xi"]))
        blocks = over(lambda x: x.reshape((-1, size) + x.shape[1:]), pair)
        made = lax.map(lambda block: truncation(phi, pictures, labels, block), blocks)
        return over(lambda x: x.reshape((-1,) + x.shape[2:]), made)

    if devices == 1:
        return all_of(phi, pictures, labels, pair)
    specs = (whole, whole, whole, divided)
    return jax.shard_map(all_of, mesh=mesh, in_specs=specs, out_specs=divided, check_vma=False)(phi, pictures, labels, pair)


def fresh(theta):
    """Both particles of functions that begin at θ [pairs, …]."""
    theta = over(lambda p: jnp.stack([p, p], 1), theta)
    flat = over(lambda p: p.reshape((-1,) + p.shape[2:]), theta)
    state = over(lambda x: x.reshape((len(x) // 2, 2) + x.shape[1:]), form.initial(flat))
    return {"theta": theta, "state": state}


def drawn_start(key):
    """A perceptron's θ by tensor: kernels N(0, 1/fan-in) cut at two standard deviations, biases 0."""
    keys = dict(zip(TENSORS, jax.random.split(key, len(TENSORS))))
    return {
        name: jax.random.truncated_normal(keys[name], -2, 2, shape) / np.sqrt(shape[0]) if len(shape) == 2 else jnp.zeros(shape)
        for name, shape in TENSORS.items()
    }


def drawn_horizon(key):
    low, high = HORIZONS
    length = jnp.exp(jax.random.uniform(key, minval=np.log(low), maxval=np.log(high)))
    return jnp.ceil(length / TRUNCATION) * TRUNCATION


def next_pair(key, task, pair, pictures_per_task):
    """A pair before its next truncation: a new function if the last has ended, and draws of its own."""
    keys = jax.random.split(key, 4)
    ended = pair["step"] >= pair["horizon"]
    start = over(lambda x: x[0], fresh(over(lambda x: x[None], drawn_start(keys[0]))))
    begun = {**start, "xi": jnp.zeros_like(pair["xi"]), "step": 0, "horizon": drawn_horizon(keys[1])}
    kept = jax.tree.map(lambda new, old: jnp.where(ended, new, old), begun, {name: pair[name] for name in begun})
    epsilon = SIGMA * jax.random.normal(keys[2], pair["xi"].shape)
    rows = jax.random.randint(keys[3], (TRUNCATION, BATCH), 0, pictures_per_task) + task * pictures_per_task
    return {**kept, "epsilon": epsilon, "rows": rows}


def adamw(phi, m, v, count, gradient):
    m, v = 0.9 * m + 0.1 * gradient, 0.999 * v + 0.001 * gradient**2
    step = m / (1 - 0.9**count) / (jnp.sqrt(v / (1 - 0.999**count)) + 1e-8)
    return phi - META_RATE * (step + 1e-4 * phi), m, v


def outer_step(carry, pictures, labels):
    key, now = jax.random.split(carry["key"])
    pairs = TASKS * PAIRS_PER_TASK
    tasks, per_task = jnp.arange(pairs) // PAIRS_PER_TASK, len(pictures) // TASKS
    pair = jax.vmap(next_pair, (0, 0, 0, None))(jax.random.split(now, pairs), tasks, carry["pair"], per_task)
    pair, losses, terms = truncations(carry["phi"], pictures, labels, pair)
    count = carry["count"] + 1
    phi, m, v = adamw(carry["phi"], carry["m"], carry["v"], count, terms.mean(0))
    kept = {name: pair[name] for name in carry["pair"]}
    kept["step"] = kept["step"] + TRUNCATION
    return {"phi": phi, "m": m, "v": v, "count": count, "key": key, "pair": kept}, losses.mean((0, 2))


def beginning():
    pairs = TASKS * PAIRS_PER_TASK
    keys = jax.random.split(jax.random.key(2), pairs)
    phi = jnp.asarray(celo2.initial_weights(form.outputs))
    pair = {
        "xi": jnp.zeros((pairs, phi.size)),
        # So that the first horizons end at different times.
        "step": jnp.zeros(pairs),
        "horizon": jax.vmap(drawn_horizon)(keys),
        **fresh(jax.vmap(drawn_start)(keys)),
    }
    return {"phi": phi, "m": 0 * phi, "v": 0 * phi, "count": jnp.float32(0), "key": jax.random.key(3), "pair": pair}


def placed(carry):
    """Each device's pairs on that device."""
    if devices == 1:
        return carry
    place = {name: over(lambda _: NamedSharding(mesh, divided if name == "pair" else whole), tree) for name, tree in carry.items()}
    return jax.device_put(carry, place)


def answer(fixture):
    """Losses [truncations, pairs, T, 2] and estimates [truncations, n] from a fixture's perturbations and mini-batches."""
    phi = fixture["phi"] if form.outputs == 1 else celo2.widen(fixture["phi"])
    epsilon = fixture["epsilon"] if form.outputs == 1 else celo2.widen(fixture["epsilon"])
    pictures, labels = jnp.asarray(fixture["pictures"]), jnp.asarray(fixture["labels"].astype(np.int32))
    pair = {"xi": jnp.zeros(epsilon.shape[1:]), **fresh(over(jnp.asarray, celo2.split_theta(fixture["start"])))}
    losses, estimates = [], []
    advance = jax.jit(truncations)
    for noise, rows in zip(epsilon, fixture["rows"].astype(np.int32)):
        pair, found, terms = advance(jnp.asarray(phi), pictures, labels, {**pair, "epsilon": jnp.asarray(noise), "rows": jnp.asarray(rows)})
        losses.append(np.asarray(found))
        estimates.append(np.asarray(terms).mean(0))
    estimates = np.array(estimates)
    return np.array(losses), estimates if form.outputs == 1 else celo2.narrow(estimates)


version = f"jax {jax.__version__}"
if case.get("fixture"):
    losses, estimate = answer(celo2.read_arrays(case["fixture"]))
    report(version=version, losses=losses.ravel().tolist(), estimate=estimate.ravel().tolist())
else:
    shared = [jnp.asarray(a) for a in celo2.made_pictures()]
    carry = placed(beginning())
    if devices > 1:
        shared = jax.device_put(shared, NamedSharding(mesh, whole))
    compiled = jax.jit(outer_step, donate_argnums=0)

    def timed(_):
        global carry
        carry, losses = compiled(carry, *shared)
        np.asarray(losses)

    report(version=version, **time_meta_steps(case, timed, [None]))
