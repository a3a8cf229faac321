"""Celo2-base (arXiv 2602.19142) and the perceptrons it is trained on here, without a framework: sizes, constants, arrays.

A flat φ is, layer after layer, a kernel [below, units] and its bias: 30-8-8-1. The published network has three outputs, of
which it uses the first; `widen` and `narrow` go from one φ to the other.
"""

import json

import numpy as np

MOMENTA = FACTORED = (0.9, 0.99, 0.999)
SECOND = 0.95
INPUTS, UNITS = 30, 8
# Vectors have the first fifteen inputs.
VECTOR_INPUTS = 15
RATE = 1e-3

SIGMA = 0.01
LARGEST_LOSS = 20.0
TRUNCATION = 50
HORIZONS = (100, 2000)
TASKS, PAIRS_PER_TASK, BATCH = 4, 8, 64
META_RATE = 1e-4

# θ in this order: kernels are [below, units].
TENSORS = {"w1": (64, 32), "b1": (32,), "w2": (32, 10), "b2": (10,)}
CLASSES = 10


def layers(outputs):
    return [(INPUTS, UNITS), (UNITS, UNITS), (UNITS, outputs)]


def split_weights(phi, outputs=1):
    """[(kernel […, below, units], bias […, units])] of φ […, n]: a NumPy, JAX or PyTorch array."""
    parts, at = [], 0
    for rows, columns in layers(outputs):
        kernel = phi[..., at : at + rows * columns].reshape(phi.shape[:-1] + (rows, columns))
        at += rows * columns
        parts.append((kernel, phi[..., at : at + columns]))
        at += columns
    return parts


def initial_weights(outputs=1):
    """Kernels N(0, 1/fan-in) cut at two standard deviations, biases 0."""
    random = np.random.default_rng(1)
    flat = []
    for rows, columns in layers(outputs):
        flat += [np.clip(random.normal(size=rows * columns), -2, 2) * rows**-0.5, np.zeros(columns)]
    return np.concatenate(flat).astype(np.float32)


def used_weights():
    """Where the weights of 30-8-8-1 are in those of 30-8-8-3."""
    before = sum(rows * columns + columns for rows, columns in layers(3)[:-1])
    return np.concatenate([np.arange(before), before + 3 * np.arange(UNITS), [before + 3 * UNITS]])


def widen(phi):
    """φ of 30-8-8-1 as φ of 30-8-8-3, whose further outputs are 0."""
    used = used_weights()
    wide = np.zeros(phi.shape[:-1] + (sum(r * c + c for r, c in layers(3)),), phi.dtype)
    wide[..., used] = phi
    return wide


def narrow(phi):
    return phi[..., used_weights()]


def split_theta(theta):
    """θ […, 2410] by tensor."""
    parts, at = {}, 0
    for name, shape in TENSORS.items():
        size = int(np.prod(shape))
        parts[name] = theta[..., at : at + size].reshape(theta.shape[:-1] + shape)
        at += size
    return parts


def read_arrays(path):
    """The fp32 arrays of a safetensors file."""
    with open(path, "rb") as file:
        bytes_ = file.read()
    length = int.from_bytes(bytes_[:8], "little")
    header = json.loads(bytes_[8 : 8 + length])
    header.pop("__metadata__", None)
    arrays = {}
    for name, entry in header.items():
        begin, end = (8 + length + offset for offset in entry["data_offsets"])
        arrays[name] = np.frombuffer(bytes_[begin:end], "<f4").reshape(entry["shape"])
    return arrays


def made_pictures(count=10_000):
    """Pictures [tasks · count, 64] and labels: those of a task are told apart by random linear functions."""
    random = np.random.default_rng(3)
    pictures = random.uniform(0, 1, (TASKS, count, 64)).astype(np.float32)
    directions = random.normal(size=(TASKS, 64, CLASSES)).astype(np.float32)
    labels = np.argmax(np.einsum("tnf,tfc->tnc", pictures - 0.5, directions), -1)
    return pictures.reshape(-1, 64), labels.reshape(-1).astype(np.int32)


def made_matrix(shape):
    """θ and a gradient for it."""
    random = np.random.default_rng(4)
    return tuple((scale * random.normal(size=shape)).astype(np.float32) for scale in (0.02, 0.01))
