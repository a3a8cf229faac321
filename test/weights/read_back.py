"""Reads every weights file of a folder as Python programs do, and reports what it has found.

    python read_back.py FOLDER EXAMPLES

FOLDER holds NAME.safetensors, NAME.npz, NAME.json and NAME.gradients (fp32 [steps, n]; the file begins with n as a u32)
for each NAME; a NAME without gradients is only read. The report goes to FOLDER/report.json: for each NAME the metadata and tensors of each form, and the
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


def updates(weights, gradients):
    """Open loop: what the optimizer makes of the recorded gradients."""
    n = np.fromfile(gradients, "<u4", 1)[0]
    optimizer = load(str(weights))
    state = optimizer.init(n)
    taken = []
    for gradient in np.fromfile(gradients, "<f4", offset=4).reshape(-1, n):
        update, state = optimizer.update(gradient, state)
        taken.append(update)
    return encode(np.stack(taken))


report = {}
for path in sorted(folder.glob("*.json")):
    safetensors, npz, gradients = (path.with_suffix(suffix) for suffix in (".safetensors", ".npz", ".gradients"))
    report[path.stem] = {
        "safetensors": from_safetensors(safetensors),
        "npz": from_npz(npz),
        "json": from_json(path),
    }
    if gradients.exists():
        report[path.stem]["updates"] = {"safetensors": updates(safetensors, gradients), "npz": updates(npz, gradients)}
(folder / "report.json").write_text(json.dumps(report))
