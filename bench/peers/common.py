"""What all peers share: reading the case, drawing the functions, the clock, and the output.

A peer is run as `python X_peer.py CASE`, CASE a JSON document of bench/case.ts. It prints one JSON document.
"""

import json
import os
import sys
import time

import numpy as np

PIXELS, HIDDEN, CLASSES = 784, 20, 10


def read_case():
    return json.loads(sys.argv[1])


def problem_of(case):
    return case["problem"]["name"]


def digits(folder):
    """Pixels [10000, 784] and labels [10000], unsigned bytes."""
    images = np.fromfile(os.path.join(folder, "images-idx3-ubyte"), np.uint8, offset=16)
    labels = np.fromfile(os.path.join(folder, "labels-idx1-ubyte"), np.uint8, offset=8)
    return images.reshape(-1, PIXELS), labels


def weight_shapes(optimizer):
    """(rows, columns) of each kernel; in a flat φ its bias follows it, as in docs/weights-format.md."""
    width = 1 if optimizer["preprocess"]["name"] == "none" else 2
    shapes = []
    if optimizer["inputProjection"] is not None:
        shapes.append((width, optimizer["inputProjection"]))
        width = optimizer["inputProjection"]
    for units in optimizer["layers"]:
        shapes.append((width + units, 4 * units))
        width = units
    return shapes + [(width, 1)]


def split_weights(phi, optimizer):
    """[(kernel [rows, columns], bias [columns])] of a flat φ: a NumPy, JAX or PyTorch array."""
    parts, offset = [], 0
    for rows, columns in weight_shapes(optimizer):
        kernel = phi[offset : offset + rows * columns].reshape(rows, columns)
        offset += rows * columns
        parts.append((kernel, phi[offset : offset + columns]))
        offset += columns
    return parts


def initial_weights(optimizer):
    """Kernels N(0, 1/fan-in), biases 0, except 1 for the forget gates."""
    random = np.random.default_rng(1)
    shapes = weight_shapes(optimizer)
    first = len(shapes) - 1 - len(optimizer["layers"])
    flat = []
    for index, (rows, columns) in enumerate(shapes):
        bias = np.zeros(columns, np.float32)
        if first <= index < len(shapes) - 1:
            bias[columns // 4 : columns // 2] = 1
        flat += [random.normal(0, rows**-0.5, (rows, columns)).astype(np.float32).ravel(), bias]
    return np.concatenate(flat)


def fixture_of(case):
    with open(case["fixture"]) as file:
        return json.load(file)


def feeds(case):
    """The inputs of the meta-steps, one dictionary of arrays each, to be used in turn.

    Every array is [functions, …] except `batch` [steps + 1, digits], the digits of each step. `start` is θ_0.
    """
    if case.get("fixture"):
        data = fixture_of(case)["data"]
        arrays = {name: np.asarray(a["values"]).reshape(a["shape"]) for name, a in data.items()}
        return [{n: a.astype(np.int32 if n == "batch" else np.float32) for n, a in arrays.items()}]
    problem, functions, steps = problem_of(case), case["functions"], case["steps"]
    random = np.random.default_rng(2)
    dimension = case["coordinates"]
    size = functions * dimension * (dimension if problem == "quadratic" else 1)
    count = max(2, min(64, 2**22 // max(1, size)))
    drawn = []
    for _ in range(count):
        if problem == "parabola":
            shape = (functions, dimension)
            drawn.append({"s": random.uniform(0.5, 1.5, shape), "start": random.uniform(-1, 1, shape)})
        elif problem == "quadratic":
            W = random.uniform(0, 1, (functions, dimension, dimension))
            y = random.uniform(0, 1, (functions, dimension))
            drawn.append({"W": W, "y": y, "start": random.normal(0, 0.01, (functions, dimension))})
        else:
            batch = random.integers(0, 10_000, (steps + 1, case["batch"]), np.int32)
            drawn.append({"batch": batch, "start": random.normal(0, 0.01, (1, dimension))})
    return [{n: a if n == "batch" else a.astype(np.float32) for n, a in feed.items()} for feed in drawn]


def time_meta_steps(case, meta_step, inputs):
    """Milliseconds of each meta-step, and of processor time of all, summed over threads.

    `meta_step(input)` returns once its losses have been read back.
    """
    for i in range(case["warmUp"]):
        meta_step(inputs[i % len(inputs)])
    times, began, processor_began = [], time.perf_counter(), time.process_time()
    while len(times) < case["atLeast"] or time.perf_counter() - began < case["seconds"]:
        before = time.perf_counter()
        meta_step(inputs[len(times) % len(inputs)])
        times.append(1000 * (time.perf_counter() - before))
    return {"times": times, "processorTime": 1000 * (time.process_time() - processor_began)}


def peak_memory():
    """VmHWM, bytes: this process's peak memory."""
    with open("/proc/self/status") as status:
        line = next(line for line in status if line.startswith("VmHWM:"))
    return 1024 * int(line.split()[1])


def report(**fields):
    print(json.dumps({**fields, "peakMemory": peak_memory()}))
