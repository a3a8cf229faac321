"""Reads every weights file of a folder as Python programs do, and reports what it has found.

    python read_back.py FOLDER EXAMPLES

FOLDER holds NAME.safetensors, NAME.npz, NAME.json and NAME.gradients (fp32 [steps, n]; the file begins with n as a u32)
for each NAME, or NAME.tensors (JSON: shapes, and gradients and thetas as base64 of fp32 [steps, n]); a NAME without either
is only read. The report goes to FOLDER/report.json: for each NAME the metadata and tensors of each form, and the
updates of EXAMPLES/apply.py. Every safetensors file is written again, by safetensors itself, to NAME.rewritten.
"""

import base64
import json
import sys
from pathlib import Path

import numpy as np
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

folder, examples = Path(sys.argv[1]), sys.argv[2]
sys.dont_write_bytecode = True
sys.path.insert(0, examples)
from apply import load  # noqa: E402


def encode(array):
    return {"shape": array.shape, "dtype": array.dtype.str, "data": base64.b64encode(array.tobytes()).decode()}


def form(metadata, tensors):
    return {"metadata": metadata, "tensors": {name: encode(array) for name, array in tensors.items()}}


def from_safetensors(path):
    tensors = load_file(path)
    with safe_open(path, "numpy") as file:
        metadata = file.metadata()
    save_file(tensors, path.with_suffix(".rewritten"), metadata)
    return form(metadata, tensors)


def from_npz(path):
    with np.load(path) as file:
        tensors = {name: file[name] for name in file.files}
    return form(json.loads(str(tensors.pop("metadata"))), tensors)


def from_json(path):
    metadata = json.loads(path.read_text())
    tensors = {
        tensor["name"]: np.array([float(value) for value in tensor["data"]], "<f4").reshape(tensor["shape"])
        for tensor in metadata.pop("tensors")
    }
    return form(metadata, tensors)


def updates(weights, shapes, gradients, thetas):
    """Open loop: what the optimizer makes of the recorded gradients."""
    optimizer = load(str(weights))
    state = optimizer.init(shapes)
    taken = []
    for gradient, theta in zip(gradients, thetas):
        update, state = optimizer.update(gradient, state, theta)
        taken.append(update)
    return encode(np.stack(taken))


def recorded(path):
    """Shapes, gradients and thetas; None where none are recorded. An LSTM needs no thetas."""
    gradients, tensors = path.with_suffix(".gradients"), path.with_suffix(".tensors")
    if gradients.exists():
        n = int(np.fromfile(gradients, "<u4", 1)[0])
        values = np.fromfile(gradients, "<f4", offset=4).reshape(-1, n)
        return n, values, [None] * len(values)
    if tensors.exists():
        seen = json.loads(tensors.read_text())
        n = sum(int(np.prod(shape)) for shape in seen["shapes"])
        values = [np.frombuffer(base64.b64decode(seen[name]), "<f4").reshape(-1, n) for name in ("gradients", "thetas")]
        return seen["shapes"], *values
    return None


report = {}
for path in sorted(folder.glob("*.json")):
    safetensors, npz = path.with_suffix(".safetensors"), path.with_suffix(".npz")
    report[path.stem] = {
        "safetensors": from_safetensors(safetensors),
        "npz": from_npz(npz),
        "json": from_json(path),
    }
    seen = recorded(path)
    if seen is not None:
        report[path.stem]["updates"] = {"safetensors": updates(safetensors, *seen), "npz": updates(npz, *seen)}
(folder / "report.json").write_text(json.dumps(report))
