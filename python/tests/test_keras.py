import os
import tempfile
import unittest

os.environ.setdefault("KERAS_BACKEND", "torch")

import keras
import numpy as np

from metadescent.keras import LearnedOptimizer

SHAPES = [(), (5,), (3, 4)]


def variables(dtype: str = "float32") -> list:
    return [keras.Variable(np.full(shape, 0.5, np.float32), dtype=dtype, name=f"t{i}") for i, shape in enumerate(SHAPES)]


def gradients(step: int) -> list:
    random = np.random.default_rng(step)
    return [keras.ops.convert_to_tensor(random.normal(size=shape).astype(np.float32)) for shape in SHAPES]


def values(own: list) -> list[np.ndarray]:
    return [keras.ops.convert_to_numpy(keras.ops.cast(variable, "float32")) for variable in own]


def model() -> keras.Model:
    keras.utils.set_random_seed(1)
    return keras.Sequential(
        [keras.Input((2,)), keras.layers.Dense(16, activation="tanh"), keras.layers.Dense(1, activation="sigmoid")]
    )


def points() -> tuple[np.ndarray, np.ndarray]:
    x = np.random.default_rng(0).uniform(-1, 1, (512, 2)).astype(np.float32)
    return x, (x.prod(axis=1) > 0).astype(np.float32)


class Optimizer(unittest.TestCase):
    def test_trains_a_model_and_goes_on_from_its_file(self) -> None:
        x, y = points()
        own = model()
        schedule = keras.optimizers.schedules.CosineDecay(0.03, 2000)
        own.compile(optimizer=LearnedOptimizer("general", schedule), loss="binary_crossentropy")
        fit = {"batch_size": 64, "shuffle": False, "verbose": 0}
        before = own.fit(x, y, epochs=20, **fit).history["loss"]
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "model.keras")
            own.save(path)
            resumed = keras.models.load_model(path)
        self.assertIsInstance(resumed.optimizer, LearnedOptimizer)
        after = [one.fit(x, y, epochs=20, **fit).history["loss"] for one in (own, resumed)]
        self.assertEqual(after[0], after[1])
        self.assertLess(after[0][-1], 0.3 * before[0])

    def test_the_rate_multiplies_and_decay_is_beside_it(self) -> None:
        ways = []
        for rate, decay in ((1.0, 0.0), (0.5, 0.0), (0.5, 0.1)):
            own = variables()
            LearnedOptimizer("general", rate, weight_decay=decay).apply(gradients(0), own)
            ways.append([value - 0.5 for value in values(own)])
        for whole, half, decayed in zip(*ways, strict=True):
            np.testing.assert_allclose(half, 0.5 * whole, rtol=1e-5, atol=1e-6)
            np.testing.assert_allclose(decayed, half - 0.5 * 0.1 * 0.5, rtol=1e-4, atol=1e-6)

    def test_bfloat16_variables_keep_fp32_states(self) -> None:
        own = variables("bfloat16")
        optimizer = LearnedOptimizer("general", 0.1)
        optimizer.apply([keras.ops.cast(g, "bfloat16") for g in gradients(0)], own)
        self.assertEqual({str(keras.backend.standardize_dtype(v.dtype)) for v in own}, {"bfloat16"})
        states = [variable for variable in optimizer.variables if "state_" in variable.path]
        self.assertTrue(states and all(keras.backend.standardize_dtype(v.dtype) == "float32" for v in states))

    def test_refuses_to_be_saved_without_a_name(self) -> None:
        path = os.path.join(os.path.dirname(__file__), "../../examples/optimizers/general.safetensors")
        with open(path, "rb") as file:
            optimizer = LearnedOptimizer(file.read())
        with self.assertRaisesRegex(ValueError, "cannot be saved with a model"):
            optimizer.get_config()
        again = LearnedOptimizer.from_config(LearnedOptimizer("mnist", 0.5).get_config())
        self.assertAlmostEqual(float(again.learning_rate), 0.5)


if __name__ == "__main__":
    unittest.main()
