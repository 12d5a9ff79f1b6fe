"""Reads a safetensors file with NumPy alone, prints its tensors, and writes their doubles to another file.

    python3 examples/python/read.py weights.safetensors doubled.safetensors
"""
import json
import struct
import sys

import numpy as np


def read(path):
    with open(path, "rb") as f:
        raw = f.read()
    (size,) = struct.unpack("<Q", raw[:8])
    header = json.loads(raw[8:8 + size])
    metadata = header.pop("__metadata__", {})
    tensors = {}
    for name, t in header.items():
        a, b = t["data_offsets"]
        tensors[name] = np.frombuffer(raw[8 + size + a:8 + size + b], "<f4").reshape(t["shape"])
    return tensors, metadata


def write(path, tensors):
    header, data, at = {}, [], 0
    for name in sorted(tensors):
        raw = np.ascontiguousarray(tensors[name], "<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": tensors[name].shape, "data_offsets": [at, at + len(raw)]}
        data.append(raw)
        at += len(raw)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + b"".join(data))


tensors, metadata = read(sys.argv[1])
print("metadata", json.dumps(metadata))
for name in sorted(tensors):
    print(name, list(tensors[name].shape), "sum %.4f" % tensors[name].sum(dtype=np.float64))
write(sys.argv[2], {name: 2 * t for name, t in tensors.items()})
