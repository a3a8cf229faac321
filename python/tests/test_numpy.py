import copy
import json
import struct
import unittest
from pathlib import Path

import numpy as np

import metadescent
from metadescent import Misfit, WeightsError

SHAPES = {"scalar": (), "bias": (5,), "kernel": (3, 4), "stack": (2, 3, 4)}


def gradients(step: int) -> dict[str, np.ndarray]:
    random = np.random.default_rng(step)
    return {name: random.normal(size=shape).astype(np.float32) for name, shape in SHAPES.items()}


def zeros() -> dict[str, np.ndarray]:
    return {name: np.zeros(shape, np.float32) for name, shape in SHAPES.items()}


class Updates(unittest.TestCase):
    def test_resumes_bit_for_bit(self) -> None:
        optimizer = metadescent.load("general")
        values, state = zeros(), optimizer.init(zeros())
        states = []
        for step in range(20):
            states.append(copy.deepcopy((values, state)))
            updates, state = optimizer.update(gradients(step), state, values, learning_rate=0.1)
            values = {name: values[name] + updates[name] for name in values}
        resumed, at = states[10]
        for step in range(10, 20):
            updates, at = optimizer.update(gradients(step), at, resumed, learning_rate=0.1)
            resumed = {name: resumed[name] + updates[name] for name in resumed}
        for name, value in values.items():
            self.assertEqual(value.tobytes(), resumed[name].tobytes())

    def test_multiplies_by_the_rate_and_decays_beside_it(self) -> None:
        optimizer = metadescent.load("general")
        values = {name: value + np.float32(2) for name, value in zeros().items()}
        state = optimizer.init(values)
        plain, _ = optimizer.update(gradients(0), state, values, learning_rate=1)
        usual, _ = optimizer.update(gradients(0), state, values)
        decayed, _ = optimizer.update(gradients(0), state, values, learning_rate=0.5, weight_decay=0.1)
        for name, update in plain.items():
            np.testing.assert_allclose(usual[name], 0.001 * update, rtol=1e-6)
            np.testing.assert_allclose(decayed[name], 0.5 * (update - 0.2), rtol=1e-5, atol=1e-6)

    def test_takes_lists_and_returns_them(self) -> None:
        optimizer = metadescent.load("mnist")
        g = list(gradients(0).values())
        updates, state = optimizer.update(g, optimizer.init(g))
        self.assertIsInstance(updates, list)
        self.assertEqual([u.shape for u in updates], list(SHAPES.values()))
        self.assertEqual(state.steps, 1)


class Refusals(unittest.TestCase):
    def test_states_of_another_optimizer(self) -> None:
        state = metadescent.load("mnist").init(zeros())
        with self.assertRaisesRegex(ValueError, "belongs to another trained optimizer"):
            metadescent.load("general").update(gradients(0), state, zeros())

    def test_missing_values(self) -> None:
        optimizer = metadescent.load("general")
        with self.assertRaisesRegex(ValueError, "params are missing: this optimizer needs them"):
            optimizer.update(gradients(0), optimizer.init(zeros()))

    def test_names_of_no_optimizer(self) -> None:
        with self.assertRaisesRegex(WeightsError, "there is no file genral, .* general, mnist"):
            metadescent.load("genral")
        with self.assertRaisesRegex(WeightsError, "there is no file general@7"):
            metadescent.load("general@7")

    def test_bytes_that_are_no_optimizer(self) -> None:
        with self.assertRaisesRegex(WeightsError, "neither safetensors nor npz"):
            metadescent.load(b"1234567890")
        for change, message in [
            ({"format": "metadescent/2"}, "format is 'metadescent/2', expected 'metadescent/1'"),
            ({"optimizer": {"name": "gru"}}, "optimizer.name is 'gru', and this version knows lstm, mlp, groups"),
            ({"optimizer": {"name": "lstm"}}, "optimizer.preprocess is missing"),
        ]:
            with self.assertRaisesRegex(WeightsError, message):
                metadescent.load(changed(change))

    def test_tensors_that_do_not_fit(self) -> None:
        path = shipped("mnist")
        header, data = split(path.read_bytes())
        spec = json.loads(header["__metadata__"]["optimizer"])
        kernel = dict(header)
        kernel.pop("output.bias")
        with self.assertRaisesRegex(WeightsError, "tensor output.bias is missing"):
            metadescent.load(joined(kernel, data))
        wide = {**spec, "layers": [*spec["layers"][:-1], 7]}
        with self.assertRaisesRegex(WeightsError, r"tensor lstm\.1\.kernel has shape \[40, 80\]: .* needs \[27, 28\]"):
            metadescent.load(changed({"optimizer": wide}))
        groups = {"name": "groups", "groups": [{"name": "net", "parameters": ["w"], "optimizer": spec}]}
        renamed = {f"net/{name}" if name != "__metadata__" else name: entry for name, entry in header.items()}
        renamed["__metadata__"] = {**header["__metadata__"], "optimizer": json.dumps(groups)}
        optimizer = metadescent.load(joined(renamed, data))
        with self.assertRaisesRegex(Misfit, "no groups of this optimizer take bias: net takes w"):
            optimizer.init({"w": np.zeros(3), "bias": np.zeros(3)})


def shipped(name: str) -> Path:
    return Path(__file__).parents[2] / "examples" / "optimizers" / f"{name}.safetensors"


def split(file: bytes) -> tuple[dict, bytes]:
    (length,) = struct.unpack_from("<Q", file)
    return json.loads(file[8 : 8 + length]), file[8 + length :]


def joined(header: dict, data: bytes) -> bytes:
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def changed(metadata: dict) -> bytes:
    """mnist's file with other metadata."""
    header, data = split(shipped("mnist").read_bytes())
    strings = {key: value if isinstance(value, str) else json.dumps(value) for key, value in metadata.items()}
    return joined({**header, "__metadata__": {**header["__metadata__"], **strings}}, data)


if __name__ == "__main__":
    unittest.main()
