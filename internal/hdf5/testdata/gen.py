#!/usr/bin/env python3
"""Writes this folder's HDF5 files. Needs numpy and h5py. Every numeric dataset of
shape s holds 0, 1, 2, ... (modulo 100) in row-major order unless said otherwise."""
import h5py
import numpy as np


def count(shape, dtype="<f8"):
    return (np.arange(int(np.prod(shape))) % 100).astype(dtype).reshape(shape)


def low(f, name, a, chunk=None, layout=None, alloc=None, opts=None):
    """Creates a dataset through the low-level interface, for what h5py hides."""
    p = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    if layout is not None:
        p.set_layout(layout)
    if chunk:
        p.set_chunk(chunk)
    if alloc is not None:
        p.set_alloc_time(alloc)
    if opts is not None:
        opts(p)
    d = h5py.h5d.create(f.id, name.encode(), h5py.h5t.py_create(a.dtype), h5py.h5s.create_simple(a.shape), p)
    d.write(h5py.h5s.ALL, h5py.h5s.ALL, a)


def common(f):
    f["scalar"] = np.float64(42)
    f["empty"] = np.zeros((0, 3))
    f["null"] = h5py.Empty("f4")
    f["bool"] = np.array([True, False, True])
    low(f, "compact", count((2, 5)), layout=h5py.h5d.COMPACT)
    f.create_dataset("gzip", data=count((5, 7, 3)), chunks=(2, 3, 2), compression="gzip", shuffle=True, fletcher32=True)
    f.create_dataset("lzf", data=count((40, 30), "<u2"), chunks=(9, 11), compression="lzf")
    f.create_dataset("lzf_shuffle", data=count((40, 30), "<f8"), chunks=(40, 30), compression="lzf", shuffle=True)
    f.create_dataset("shuffle", data=count((10, 3), "<i4"), chunks=(4, 3), shuffle=True)
    f.create_dataset("fletcher", data=count((5, 3), "u1"), chunks=(3, 3), fletcher32=True)
    d = f.create_dataset("holes", (6, 6), "<i2", chunks=(2, 2), fillvalue=-7)  # only [2:4, 2:4] is written, with 5
    d[2:4, 2:4] = 5
    f.create_dataset("unwritten", (3, 3), "<f4", fillvalue=2.5)  # all 2.5
    f["fixed"] = np.array([b"grass", b"tree ", b""], "S6")
    f.create_dataset("text", data=["Gräser", "", "Wasser"], dtype=h5py.string_dtype())
    f.create_dataset("chunked_text", data=np.array([b"a", b"bc", b"def"], "S3"), chunks=(2,), compression="gzip")
    f.create_dataset("refs", data=[f["scalar"].ref, f["compact"].ref], dtype=h5py.ref_dtype)
    f["scalar"].attrs["number"] = np.int32(-3)
    f["scalar"].attrs["label"] = "wörter"
    f["scalar"].attrs["fixed"] = np.bytes_("class")
    f["scalar"].attrs["list"] = count((2, 2), ">i2")
    f["type"] = np.dtype("<u2")
    p = h5py.h5d.create(f.id, b"named", h5py.h5t.open(f.id, b"type"), h5py.h5s.create_simple((4,)))
    p.write(h5py.h5s.ALL, h5py.h5s.ALL, count((4,), "<u2"))
    f["soft"] = h5py.SoftLink("/scalar")


def types(f):
    for t in ["<i1", "<u1", "<i2", ">i2", "<u2", ">u2", "<i4", ">i4", "<u4", "<i8", "<u8", ">u8", "<f2", ">f2", "<f4", ">f4", "<f8", ">f8"]:
        f["types/" + t.replace("<", "le_").replace(">", "be_")] = count((3, 4), t)
    f["refused/complex"] = np.zeros(2, "c16")
    f["refused/compound"] = np.zeros(2, [("a", "<i4"), ("b", "<f8")])
    f.create_dataset("refused/scaled", data=count((4, 4), "<i4"), chunks=(2, 2), scaleoffset=4)
    f.create_dataset("refused/external", (4, 4), "<f4", external=[("elsewhere", 0, 64)])
    f.create_dataset("refused/ragged", (2,), dtype=h5py.vlen_dtype("<i4"))


# Superblock 0; superblock 2 with new headers; superblock 3 with new layouts.
for name, libver in [("earliest", ("earliest", "v108")), ("v108", ("v108", "v108")), ("latest", "latest")]:
    with h5py.File(name + ".h5", "w", libver=libver) as f:
        common(f)
    with h5py.File(name + "_types.h5", "w", libver=libver) as f:
        types(f)
with h5py.File("tree1.h5", "w", libver=("earliest", "v108")) as f:  # deep B-tree of version 1
    f.create_dataset("deep", data=count((200,), "u1"), chunks=(1,))
with h5py.File("indexes.h5", "w", libver="latest") as f:
    f.create_dataset("single", data=count((5, 4)), chunks=(5, 4))
    f.create_dataset("single_gzip", data=count((5, 4)), chunks=(5, 4), compression="gzip")
    low(f, "implicit", count((5, 4)), chunk=(2, 3), alloc=h5py.h5d.ALLOC_TIME_EARLY)
    f.create_dataset("fixed_array", data=count((5, 4)), chunks=(2, 3))
    f.create_dataset("fixed_array_limit", data=count((5, 4)), chunks=(2, 3), maxshape=(9, 11))
    f.create_dataset("fixed_array_gzip", data=count((5, 4)), chunks=(2, 3), compression="gzip")
    f.create_dataset("extensible", data=count((5, 4)), chunks=(2, 3), maxshape=(None, 4))
    f.create_dataset("extensible_second", data=count((5, 40), "u1"), chunks=(2, 3), maxshape=(7, None))
    f.create_dataset("extensible_gzip", data=count((5, 4)), chunks=(2, 3), maxshape=(None, 4), compression="gzip")
    f.create_dataset("tree2", data=count((5, 4)), chunks=(2, 3), maxshape=(None, None))
    f.create_dataset("tree2_gzip", data=count((5, 4)), chunks=(2, 3), maxshape=(None, None), compression="gzip")
with h5py.File("attributes.h5", "w", libver="latest") as f:  # so many that they leave the header
    f["d"] = count((3,), "u1")
    for i in range(30):
        f["d"].attrs[f"a{i}"] = np.int32(i)
with h5py.File("long_fixed.h5", "w", libver="latest") as f:  # pages of 1024 elements
    f.create_dataset("paged", data=count((1100,), "u1"), chunks=(1,))
with h5py.File("long_extensible.h5", "w", libver="latest") as f:  # super blocks
    f.create_dataset("super", data=count((400,), "u1"), chunks=(1,), maxshape=(None,))
with h5py.File("long_tree2.h5", "w", libver="latest") as f:  # depth 1
    f.create_dataset("deep", data=count((120, 1), "u1"), chunks=(1, 1), maxshape=(None, None))
for name, libver, n in [("links_old.h5", ("earliest", "v108"), 40), ("links_dense.h5", "latest", 60), ("links_compact.h5", "latest", 5)]:
    with h5py.File(name, "w", libver=libver) as f:  # a committed type is the smallest object
        d = f.create_dataset("d", data=count((3,), "u1"))
        for i in range(n):
            f[f"member_{i:03d}"] = d
with h5py.File("links_deep.h5", "w", libver="latest") as f:  # a heap with indirect blocks, a tree of depth 1
    d = f.create_dataset("d", data=count((3,), "u1"))
    for i in range(400):
        f[f"m{i:03d}"] = d
with h5py.File("userblock.h5", "w", userblock_size=2048) as f:
    f["x"] = count((2, 3))
with h5py.File("cycle.h5", "w") as f:
    g = f.create_group("g")
    g["self"] = g
    g["root"] = f["/"]
    g["x"] = count((2, 3))
