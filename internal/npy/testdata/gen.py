#!/usr/bin/env python3
"""Writes this folder's NPY and NPZ files. Needs numpy. Every array of shape s holds
the values 0, 1, 2, ... in row-major order (bool: their parity), unless said otherwise."""
import io
import numpy as np
from numpy.lib import format as npf


def count(shape, dtype):
    n = int(np.prod(shape))
    a = np.arange(n)
    return ((a % 2 == 1) if dtype == "?" else a).astype(dtype).reshape(shape)


for order in "<>":
    for t in ["i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8"]:
        np.save(f"{'le' if order == '<' else 'be'}_{t}.npy", count((2, 3, 4), order + t))
for t in ["?", "i1", "u1"]:
    np.save(f"one_{'b1' if t == '?' else t}.npy", count((2, 3, 4), t))
np.save("fortran.npy", np.asfortranarray(count((3, 4, 5), "<u2")))
np.save("fortran_be_f8.npy", np.asfortranarray(count((7, 5), ">f8")))
np.save("scalar.npy", np.float64(42))
np.save("empty.npy", np.zeros((0, 3), "<f4"))
np.save("vector.npy", count((5,), "<i4"))
for v in [(1, 0), (2, 0), (3, 0)]:
    with open(f"version{v[0]}.npy", "wb") as f:
        npf.write_array(f, count((2, 3), "<f4"), version=v)
np.savez("stored.npz", HSI=count((2, 3, 4), "<f8"), gt=np.asfortranarray(count((4, 3), "u1")))
np.savez_compressed("deflated.npz", HSI=count((20, 30, 4), "<f8"), gt=np.asfortranarray(count((4, 3), "u1")))
# Refused.
np.save("refused_struct.npy", np.zeros(3, [("a", "<i4"), ("b", "<f8")]))
np.save("refused_object.npy", np.array([{"a": 1}, None], object), allow_pickle=True)
np.save("refused_complex.npy", np.zeros(3, "c16"))
np.save("refused_text.npy", np.array(["grass", "water"]))
np.save("refused_date.npy", np.array(["2013-06-01"], "M8[D]"))
