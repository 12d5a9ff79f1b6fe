"""Safetensors files with numpy alone: the same bytes as the Go writer for the same content."""
import json
import struct

import numpy as np

DTYPES = {"F64": "<f8", "F32": "<f4", "I64": "<i8", "U8": "|u1"}
CODES = {np.dtype(v): k for k, v in DTYPES.items()}


def write(path, tensors, metadata):
    """Write {name: array} and {key: string}; data by decreasing element size, then by name."""
    tensors = {k: np.asarray(v, order="C") for k, v in tensors.items()}
    order = sorted(tensors, key=lambda k: (-tensors[k].itemsize, k.encode()))
    offsets, at = {}, 0
    for k in order:
        offsets[k] = [at, at + tensors[k].nbytes]
        at += tensors[k].nbytes
    header = {"__metadata__": {k: metadata[k] for k in sorted(metadata, key=str.encode)}} if metadata else {}
    for k in sorted(tensors, key=str.encode):
        header[k] = {"dtype": CODES[tensors[k].dtype], "shape": list(tensors[k].shape), "data_offsets": offsets[k]}
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text)
        for k in order:
            f.write(tensors[k].tobytes())


def read(path):
    """Return ({name: array}, {key: string})."""
    with open(path, "rb") as f:
        raw = f.read()
    (size,) = struct.unpack("<Q", raw[:8])
    header = json.loads(raw[8:8 + size])
    metadata = header.pop("__metadata__", {})
    tensors = {}
    for name, t in header.items():
        a, b = t["data_offsets"]
        tensors[name] = np.frombuffer(raw[8 + size + a:8 + size + b], DTYPES[t["dtype"]]).reshape(t["shape"])
    return tensors, metadata
