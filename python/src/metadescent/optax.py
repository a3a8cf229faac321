"""Trained optimizers as Optax gradient transformations."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from .networks import TensorState
from .optimizer import LearnedOptimizer, load


class ScaleByLearnedState(NamedTuple):
    """A pytree of arrays only."""

    count: jax.Array
    """Steps taken, int32."""
    tensors: dict[str, TensorState]
    """By the leaves' paths, such as "dense/kernel"."""
    sha256: jax.Array
    """The optimizer's, uint32 [8]."""


def scale_by_learned(source: Any) -> optax.GradientTransformationExtraArgs:
    """The direction of a trained optimizer, to be chained with `optax.scale_by_learning_rate`.

    source: as in `metadescent.load`. Groups find leaves by their paths, such as "dense/kernel".
    Raises WeightsError; `init` raises Misfit, and `update` ValueError where params are missing.
    """
    optimizer = load(source)
    digest = np.frombuffer(bytes.fromhex(optimizer.trained.sha256), ">u4").astype(np.uint32)

    def init(params: Any) -> ScaleByLearnedState:
        state = optimizer.init(_leaves(params), xp=jnp)
        return ScaleByLearnedState(jnp.zeros([], jnp.int32), state.tensors, jnp.asarray(digest))

    def update(updates: Any, state: ScaleByLearnedState, params: Any = None, **extra: Any) -> tuple[Any, ScaleByLearnedState]:
        if not isinstance(state.sha256, jax.core.Tracer) and not np.array_equal(state.sha256, digest):
            raise ValueError("the state belongs to another trained optimizer")
        if params is None and optimizer.sees_values:
            raise ValueError("params are missing: this optimizer needs them")
        gradients = {name: leaf.astype(jnp.float32) for name, leaf in _leaves(updates).items()}
        values = None if params is None else {name: leaf.astype(jnp.float32) for name, leaf in _leaves(params).items()}
        directions: dict[str, jax.Array] = {}
        tensors: dict[str, TensorState] = {}
        for group, names in optimizer.parts(list(gradients)):
            before = state.tensors[names[0]]
            taken, tensors[names[0]] = LearnedOptimizer.directions(
                jnp, group.network, gradients, values, before, state.count, names
            )
            directions |= taken
        leaves, tree = jax.tree_util.tree_flatten(updates)
        # What is scaled by -1 later is the negative of what is added.
        shaped = [-directions[name].astype(leaf.dtype) for name, leaf in zip(gradients, leaves, strict=True)]
        following = ScaleByLearnedState(optax.safe_increment(state.count), tensors, state.sha256)
        return jax.tree_util.tree_unflatten(tree, shaped), following

    return optax.GradientTransformationExtraArgs(init, update)


def learned(source: Any, learning_rate: Any = None, weight_decay: float = 0.0) -> optax.GradientTransformationExtraArgs:
    """A trained optimizer: `scale_by_learned`, decoupled weight decay, and the learning rate.

    learning_rate: a number or a schedule; by default the optimizer's usual one, 1 for LSTMs and 0.001 for MLPs.
    """
    optimizer = load(source)
    rate = optimizer.usual_rate if learning_rate is None else learning_rate
    decay = [optax.add_decayed_weights(weight_decay)] if weight_decay > 0 else []
    return optax.chain(scale_by_learned(optimizer.trained), *decay, optax.scale_by_learning_rate(rate))


def _leaves(tree: Any) -> dict[str, jax.Array]:
    return {
        jax.tree_util.keystr(path, simple=True, separator="/"): leaf
        for path, leaf in jax.tree_util.tree_flatten_with_path(tree)[0]
    }
