"""Where trained optimizers come from: a file, the package itself, or a service."""

from __future__ import annotations

import hashlib
import io
import json
import os
import struct
import urllib.request
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

FORMAT = "metadescent/1"
GATE_ORDER = "input,forget,cell,output"
TIMEOUT = 60.0
"""Seconds that a service may take to answer."""


class WeightsError(ValueError):
    """The file is no trained optimizer, or has something that this version does not know."""


@dataclass(frozen=True)
class Trained:
    """A trained optimizer, as its file has it."""

    spec: dict[str, Any]
    """As in a job's document."""
    tensors: dict[str, np.ndarray]
    """fp32, by name."""
    metadata: dict[str, Any]
    """Everything that the file says of itself: problem, training, seed, ..."""
    sha256: str
    """Of the spec and the tensors: the same in every form of the file."""


def open_trained(source: str | os.PathLike[str] | bytes) -> Trained:
    """Reads a trained optimizer.

    source: a .safetensors or .npz file, or its bytes; the name of an optimizer in this package, such as "general", or
    "general@1" with its version; or the address of a service's, such as "http://localhost:8080/optimizers/NAME/2".

    Raises WeightsError where there is none.
    """
    if isinstance(source, bytes):
        return parse(source, "the bytes")
    text = os.fspath(source)
    if text.startswith(("http://", "https://")):
        return parse(_fetch(text), text)
    path = Path(text)
    if path.suffix in (".safetensors", ".npz") or path.exists():
        try:
            return parse(path.read_bytes(), text)
        except OSError as error:
            raise WeightsError(f"{text} cannot be read: {error.strerror or error}") from error
    name, _, version = text.partition("@")
    if version not in ("", "1") or name not in shipped():
        raise WeightsError(f"there is no file {text}, and the optimizers of this package are {', '.join(shipped())}, each @1")
    return parse((_folder() / f"{name}.safetensors").read_bytes(), text)


def shipped() -> list[str]:
    """The names of the optimizers in this package."""
    names = [item.name for item in _folder().iterdir()]
    return sorted(name.removesuffix(".safetensors") for name in names if name.endswith(".safetensors"))


def _folder() -> Any:
    packaged = resources.files("metadescent") / "optimizers"
    # A checkout has them where its documentation shows them.
    return packaged if packaged.is_dir() else Path(__file__).parents[3] / "examples" / "optimizers"


def _fetch(url: str) -> bytes:
    address = url if url.endswith("/weights") else f"{url.rstrip('/')}/weights"
    request = urllib.request.Request(address, headers={"accept": "application/octet-stream"})
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as response:
            return bytes(response.read())
    except OSError as error:
        raise WeightsError(f"{address} cannot be had: {error}") from error


def parse(data: bytes, source: str) -> Trained:
    """Reads a file's bytes. Raises WeightsError, with `source` in its message."""
    try:
        tensors, metadata = _read_npz(data) if data[:2] == b"PK" else _read_safetensors(data)
    except (ValueError, KeyError, TypeError, struct.error) as error:
        raise WeightsError(f"{source} is neither safetensors nor npz: {error}") from error
    for key, expected in (("format", FORMAT), ("gateOrder", GATE_ORDER)):
        if metadata.get(key) != expected:
            raise WeightsError(f"{source}: {key} is {metadata.get(key)!r}, expected {expected!r}")
    spec = metadata.get("optimizer")
    if not isinstance(spec, dict):
        raise WeightsError(f"{source}: it names no optimizer")
    return Trained(spec, tensors, metadata, _digest(spec, tensors))


def _digest(spec: dict[str, Any], tensors: dict[str, np.ndarray]) -> str:
    said = hashlib.sha256(json.dumps(spec, sort_keys=True).encode())
    for name in sorted(tensors):
        said.update(f"\0{name}\0{tensors[name].shape}\0".encode())
        said.update(np.ascontiguousarray(tensors[name], "<f4").tobytes())
    return said.hexdigest()


def _read_safetensors(data: bytes) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    (length,) = struct.unpack_from("<Q", data)
    if length > len(data) - 8:
        raise ValueError(f"its header has {length} bytes, the file {len(data)}")
    header = json.loads(data[8 : 8 + length])
    strings = header.pop("__metadata__", {})
    tensors = {}
    for name, entry in header.items():
        if entry["dtype"] != "F32":
            raise ValueError(f"tensor {name} is {entry['dtype']}, not F32")
        begin, end = entry["data_offsets"]
        values = np.frombuffer(data[8 + length + begin : 8 + length + end], "<f4")
        tensors[name] = values.reshape(entry["shape"]).astype(np.float32)
    plain = ("format", "gateOrder")
    return tensors, {key: text if key in plain else json.loads(text) for key, text in strings.items()}


def _read_npz(data: bytes) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    with np.load(io.BytesIO(data), allow_pickle=False) as file:
        # Members are paths: a dot in a group's name of dots only is written %2E.
        tensors = {name.replace("%2E", "."): file[name] for name in file.files}
    return tensors, json.loads(str(tensors.pop("metadata", "{}")))
