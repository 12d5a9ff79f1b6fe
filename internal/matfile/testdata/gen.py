#!/usr/bin/env python3
"""Writes this folder's .mat files. Needs numpy, scipy and h5py. count(shape) holds
0, 1, 2, ... in row-major order. Level 5 files of unusual kinds are put together by
hand below; the 7.3 files follow the conventions that MATLAB itself follows."""
import struct
import zlib

import h5py
import numpy as np
import scipy.io
import scipy.sparse


def count(shape, dtype="f8"):
    return np.arange(int(np.prod(shape))).astype(dtype).reshape(shape)


# --- level 5, by scipy -------------------------------------------------------
TYPES = ["i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8"]
lidar = np.zeros((1, 2), [("x", "O"), ("z", "O")])
for k in range(2):
    lidar[0, k] = (np.array([[1.5 + k]]), count((3, 2)) + 10 * k)
names = np.array([["grass", "trees"], ["road", "water"]], object)  # linear order: grass road trees water
everything = {
    **{"t_" + t: count((2, 3, 4), t) for t in TYPES},
    "scalar": 42.0,
    "empty": np.zeros((0, 3)),
    "mask": np.array([[True, False, True]]),
    "label": "Gulfport",
    "lines": np.array(["ab", "c", "def"]),
    "names": names,
    "nested": {"a": {"b": {"c": count((2, 2))}}, "text": "deep", "e": np.zeros((0, 0))},
    "Lidar": lidar,
    "cube4": count((2, 3, 4, 5), "u2"),
    "z": np.array([[1 + 2j, 3 - 4j]]),
    "sparse": scipy.sparse.csc_matrix(np.eye(3)),
    "mixed": np.array([[count((2, 2), "u1"), "text", scipy.sparse.csc_matrix(np.eye(2))]], object),
}
scipy.io.savemat("v6.mat", everything, oned_as="row", do_compression=False)
scipy.io.savemat("v7.mat", everything, oned_as="row", do_compression=True)
scipy.io.savemat("v4.mat", {"x": count((2, 3))}, format="4")

# --- level 5, by hand --------------------------------------------------------
CODES = {"i1": 1, "u1": 2, "i2": 3, "u2": 4, "i4": 5, "u4": 6, "f4": 7, "f8": 9, "i8": 12, "u8": 13}


class Writer:
    """Writes elements in one byte order."""

    def __init__(self, order):
        self.order = order

    def element(self, code, body, small=True):
        o = self.order
        if small and 0 < len(body) <= 4:
            return struct.pack(o + "I", len(body) << 16 | code) + body.ljust(4, b"\0")
        return struct.pack(o + "II", code, len(body)) + body + b"\0" * (-len(body) % 8)

    def matrix(self, name, cls, shape, parts, flags=0):
        o = self.order
        body = self.element(6, struct.pack(o + "II", cls | flags, 0))
        body += self.element(5, struct.pack(f"{o}{len(shape)}i", *shape))
        body += self.element(1, name.encode()) + b"".join(parts)
        return self.element(14, body, False)

    def numbers(self, name, cls, a, stored, small=True):
        data = np.asarray(a).flatten("F").astype(self.order + stored).tobytes()
        return self.matrix(name, cls, a.shape, [self.element(CODES[stored], data, small)])

    def file(self, path, *elements, version=0x0100):
        mark = struct.pack(self.order + "H", 0x4D49)
        with open(path, "wb") as f:
            f.write(b"MATLAB 5.0 MAT-file, by hand".ljust(124) + struct.pack(self.order + "H", version) + mark)
            for e in elements:
                f.write(e)


def compressed(w, e):
    return struct.pack(w.order + "I", 15) + struct.pack(w.order + "I", len(zlib.compress(e))) + zlib.compress(e)


for order, end in [("<", "le"), (">", "be")]:
    w = Writer(order)
    struct_parts = [
        w.element(5, struct.pack(order + "i", 8)),
        w.element(1, b"Data\0\0\0\0" + b"info\0\0\0\0", False),
        w.numbers("", 6, count((3, 2)), "u1"),
        w.matrix("", 4, (1, 4), [w.element(4, "MUUF".encode("utf-16-le" if order == "<" else "utf-16-be"))]),
    ]
    elements = [
        *[w.numbers("double_as_" + t, 6, count((3, 4)), t) for t in TYPES],  # class double, stored as anything
        w.numbers("single_as_u1", 7, count((3, 4)), "u1"),
        w.numbers("int32_as_u2", 12, count((3, 4)), "u2"),
        w.numbers("int16_as_i1", 10, -count((3, 4)), "i1"),
        w.numbers("tiny", 6, count((1, 3)), "u1"),  # data in the tag
        w.matrix("hsi", 2, (1, 1), struct_parts),
        w.matrix("cells", 1, (1, 2), [w.numbers("", 9, count((2, 2)), "u1"), w.element(14, b"", False)]),
        w.matrix("logical", 9, (1, 3), [w.element(2, b"\1\0\1")], flags=0x200),
        w.matrix("utf8", 4, (1, 4), [w.element(16, "Grün".encode())]),
        w.matrix("rows", 4, (2, 3), [w.element(16, b"acbd  ")]),  # "ab ", "cd "
        w.matrix("handle", 16, (1, 1), [w.numbers("", 6, count((1, 1)), "u1")]),
    ]
    w.file(f"hand_{end}.mat", *elements)
    w.file(f"hand_{end}_z.mat", *[compressed(w, e) for e in elements])
w = Writer("<")
w.file("says_73.mat", w.numbers("x", 6, count((2, 3)), "f8"), version=0x0200)  # claims 7.3, is level 5


# --- 7.3 ---------------------------------------------------------------------
def as_matlab(f, path, a, cls, **kw):
    """An array as MATLAB writes it: dimensions reversed."""
    a = np.asarray(a)
    if a.size == 0:
        d = f.create_dataset(path, data=np.array(a.shape, "u8"))
        d.attrs["MATLAB_empty"] = np.uint8(1)
    else:
        d = f.create_dataset(path, data=a.T, **kw)
    d.attrs["MATLAB_class"] = np.bytes_(cls)
    return d


def as_char(f, path, s):
    d = as_matlab(f, path, np.array([[ord(c) for c in s]], "u2").reshape(1, len(s)), "char")
    d.attrs["MATLAB_int_decode"] = np.int32(2)
    return d


def as_refs(f, path, targets, cls=None):
    a = np.empty(targets.T.shape, h5py.ref_dtype)
    for i in np.ndindex(a.shape):
        a[i] = targets.T[i].ref
    d = f.create_dataset(path, data=a, dtype=h5py.ref_dtype)
    if cls:
        d.attrs["MATLAB_class"] = np.bytes_(cls)


def grid(items):
    a = np.empty((len(items), len(items[0])), object)
    for i, row in enumerate(items):
        for j, x in enumerate(row):
            a[i, j] = x
    return a


def write73(path, **kw):
    with h5py.File(path, "w", userblock_size=512, **kw) as f:
        as_matlab(f, "HSI", count((3, 4, 5)), "double", chunks=(2, 3, 2), compression="gzip")
        as_matlab(f, "LiDAR", count((3, 4), "f4"), "single")
        as_matlab(f, "gt", count((3, 4), "u1"), "uint8")
        d = as_matlab(f, "mask", np.array([[1, 0, 1]], "u1"), "logical")
        d.attrs["MATLAB_int_decode"] = np.int32(1)
        as_matlab(f, "empty", np.zeros((0, 3)), "double")
        as_char(f, "label", "Trento")
        as_char(f, "nothing", "")
        as_matlab(f, "z", np.array([[1 + 2j, 3 - 4j]]), "double")
        as_matlab(f, "lines", np.array([[ord(c) for c in s] for s in ["ab ", "cde"]], "u2"), "char")
        g = f.create_group("hsi")
        g.attrs["MATLAB_class"] = np.bytes_("struct")
        fields = np.empty(3, object)
        for i, s in enumerate(["info", "Data", "Lidar"]):
            fields[i] = np.array([c.encode() for c in s], "S1")
        g.attrs.create("MATLAB_fields", fields, dtype=h5py.vlen_dtype(np.dtype("S1")))
        as_matlab(f, "hsi/Data", count((3, 2)), "double")
        as_char(f, "hsi/info", "MUUFL")
        f.create_group("hsi/Lidar").attrs["MATLAB_class"] = np.bytes_("struct")
        zs = [[as_matlab(f, f"#refs#/z{i}", count((2, 2)) + 10 * i, "double") for i in range(2)]]
        as_refs(f, "hsi/Lidar/z", grid(zs))
        parts = [[as_char(f, f"#refs#/n{i}{j}", s) for j, s in enumerate(row)] for i, row in enumerate([["grass", "trees"], ["road", "water"]])]
        as_refs(f, "names", grid(parts), "cell")
        s = f.create_group("sparse")
        s.attrs["MATLAB_class"] = np.bytes_("double")
        s.attrs["MATLAB_sparse"] = np.uint64(3)
        loop = f.create_dataset("#refs#/loop", (1, 1), dtype=h5py.ref_dtype)
        loop.attrs["MATLAB_class"] = np.bytes_("cell")
        loop[0, 0] = loop.ref
        as_refs(f, "circle", grid([[loop]]), "cell")
    with open(path, "r+b") as f:
        f.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(116) + b"\0" * 8 + struct.pack("<H", 0x0200) + b"IM")


with h5py.File("says_5.mat", "w", userblock_size=512) as f:  # claims level 5, is 7.3
    as_matlab(f, "x", count((2, 3)), "double")
with open("says_5.mat", "r+b") as f:
    f.write(b"MATLAB 5.0 MAT-file".ljust(124) + struct.pack("<H", 0x0100) + b"IM")
write73("v73.mat", libver=("earliest", "v108"))
write73("v73_latest.mat", libver="latest")

# --- HDF5 as h5py writes it, without MATLAB's conventions ----------------------
with h5py.File("groups.h5", "w") as f:
    f["site/reflectance/cube.v1"] = count((6, 5, 12), "i2")
    f["site/reflectance/cube.v1"].attrs["Data_Ignore_Value"] = np.array([7.0])
    f["site/gt"] = count((6, 5), "u1") % 4
    f["site/loop"] = f["site"]
    f["heights"] = count((6, 5), "f4")
    f["classes"] = ["grass", "trees", "road"]
