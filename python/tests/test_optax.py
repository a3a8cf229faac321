import unittest

import jax
import jax.numpy as jnp
import numpy as np
import optax

from metadescent import Misfit
from metadescent.optax import learned, scale_by_learned


def tree(fill: float = 0.0) -> dict:
    return {"dense": {"kernel": jnp.full((3, 4), fill), "bias": jnp.full((4,), fill)}, "scale": jnp.asarray(fill)}


def gradients(step: int) -> dict:
    leaves, structure = jax.tree_util.tree_flatten(tree())
    keys = jax.random.split(jax.random.PRNGKey(step), len(leaves))
    return jax.tree_util.tree_unflatten(
        structure, [jax.random.normal(key, leaf.shape) for key, leaf in zip(keys, leaves, strict=True)]
    )


class Transformations(unittest.TestCase):
    def test_state_is_a_pytree_of_arrays(self) -> None:
        state = scale_by_learned("general").init(tree())
        leaves = jax.tree_util.tree_leaves(state)
        self.assertTrue(leaves and all(isinstance(leaf, jax.Array) for leaf in leaves))
        self.assertIn("dense/kernel", state.tensors)

    def test_chains_with_schedules_and_decay(self) -> None:
        params = tree(1.0)
        ours = learned("general", optax.cosine_decay_schedule(0.1, 10), weight_decay=0.01)
        direction = scale_by_learned("general")
        state, alone = ours.init(params), direction.init(params)
        for step in range(5):
            updates, state = ours.update(gradients(step), state, params)
            expected, alone = direction.update(gradients(step), alone, params)
            rate = 0.1 * 0.5 * (1 + np.cos(np.pi * step / 10))
            for u, d, x in zip(*map(jax.tree_util.tree_leaves, (updates, expected, params)), strict=True):
                np.testing.assert_allclose(u, -rate * (d + 0.01 * x), rtol=1e-4, atol=1e-7)
            params = optax.apply_updates(params, updates)

    def test_jitted_steps_are_those_of_plain_ones(self) -> None:
        optimizer = learned("general", 0.1)
        params = tree(1.0)
        state = optimizer.init(params)
        plain, _ = optimizer.update(gradients(0), state, params)
        jitted, _ = jax.jit(optimizer.update)(gradients(0), state, params)
        for a, b in zip(*map(jax.tree_util.tree_leaves, (plain, jitted)), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-5)

    def test_bfloat16_parameters_keep_fp32_states(self) -> None:
        params = jax.tree_util.tree_map(lambda x: x.astype(jnp.bfloat16), tree(1.0))
        optimizer = learned("general", 0.1)
        state = optimizer.init(params)
        updates, state = optimizer.update(jax.tree_util.tree_map(lambda x: x.astype(jnp.bfloat16), gradients(0)), state, params)
        self.assertTrue(all(u.dtype == jnp.bfloat16 for u in jax.tree_util.tree_leaves(updates)))
        self.assertTrue(all(m.dtype == jnp.float32 for m in jax.tree_util.tree_leaves(state[0].tensors)))

    def test_minimises(self) -> None:
        target = gradients(7)
        loss = lambda x: sum(jnp.sum((a - b) ** 2) for a, b in zip(*map(jax.tree_util.tree_leaves, (x, target)), strict=True))
        steps = 200
        optimizer = learned("general", optax.cosine_decay_schedule(0.05, steps))
        params = tree()
        state = optimizer.init(params)

        @jax.jit
        def step(params, state):
            updates, state = optimizer.update(jax.grad(loss)(params), state, params)
            return optax.apply_updates(params, updates), state

        for _ in range(steps):
            params, state = step(params, state)
        self.assertLess(float(loss(params)), 1e-3 * float(loss(tree())))

    def test_refuses_what_does_not_fit(self) -> None:
        optimizer = scale_by_learned("general")
        with self.assertRaisesRegex(ValueError, "params are missing"):
            optimizer.update(gradients(0), optimizer.init(tree()))
        with self.assertRaisesRegex(ValueError, "belongs to another trained optimizer"):
            optimizer.update(gradients(0), scale_by_learned("mnist").init(tree()), tree())
        with self.assertRaises((Misfit, KeyError)):
            optimizer.update({"other": jnp.ones(3)}, optimizer.init(tree()), {"other": jnp.ones(3)})


if __name__ == "__main__":
    unittest.main()
