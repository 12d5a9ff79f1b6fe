#!/usr/bin/env python3
"""Writes the TIFF files that the tests read. Needs GDAL's Python bindings numpy and Pillow
(Debian: python3-gdal, python3-pil). The file name says what is inside; the pixels follow one
formula, which the test computes again. Run it in this folder."""
import io
import itertools
import os
import struct
import numpy as np
import PIL.Image
from osgeo import gdal, osr

gdal.UseExceptions()
W, H, B = 19, 18, 3
TYPES = {
    "uint8": (gdal.GDT_Byte, np.uint8), "int16": (gdal.GDT_Int16, np.int16), "uint16": (gdal.GDT_UInt16, np.uint16),
    "int32": (gdal.GDT_Int32, np.int32), "uint32": (gdal.GDT_UInt32, np.uint32), "int64": (gdal.GDT_Int64, np.int64),
    "uint64": (gdal.GDT_UInt64, np.uint64), "float32": (gdal.GDT_Float32, np.float32), "float64": (gdal.GDT_Float64, np.float64),
}


def pixels(kind, bands=B):
    b, y, x = np.indices((bands, H, W))
    v = x * 3 + y * 5 + b * 11 + x * y % 7
    if kind.startswith("int"):
        v = v - 100
    if kind.startswith("float"):
        v = v / 8 - 10
    if kind in ("uint32", "int32", "uint64", "int64", "float64"):
        v = v * 10001
    return v.astype(TYPES[kind][1])


def write(name, kind, options, bands=B, epsg=32617, finish=None):
    ds = gdal.GetDriverByName("GTiff").Create(f"{name}.tif", W, H, bands, TYPES[kind][0], options)
    if epsg:
        srs = osr.SpatialReference()
        srs.ImportFromEPSG(epsg)
        ds.SetProjection(srs.ExportToWkt())
        ds.SetGeoTransform((542055, 2.5, 0, 4134999, 0, -2.5))
    if finish:
        finish(ds)
    ds.WriteArray(pixels(kind, bands))
    ds = None


TILE = ["TILED=YES", "BLOCKXSIZE=16", "BLOCKYSIZE=16"]
STRIP = ["BLOCKYSIZE=5"]
n = 0
# Every compression with every predictor it allows, over all types; the other choices take turns.
for comp, kinds, predictor in [
    ("NONE", TYPES, 1), ("PACKBITS", ["uint8", "int16", "float32"], 1),
    ("LZW", ["uint8", "int16", "float64"], 1), ("LZW", ["uint8", "uint16", "int32", "int64", "float32"], 2), ("LZW", ["float32", "float64"], 3),
    ("DEFLATE", ["uint8", "uint32"], 1), ("DEFLATE", ["uint8", "int16", "uint16", "uint64", "float64"], 2), ("DEFLATE", ["float32", "float64"], 3),
]:
    for kind, _ in itertools.product(kinds, range(1 if comp == "NONE" else 2)):
        lay, inter, order = (n ^ n >> 1) & 1, n & 1, (n ^ n >> 2) & 1
        if predictor == 3:  # libtiff swaps big-endian floats twice and cannot read back what it wrote
            order = 0
        name = f"{comp.lower()}{predictor}_{kind}_{['strip', 'tile'][lay]}_{['pixel', 'band'][inter]}_{['le', 'be'][order]}"
        write(name, kind, [
            f"COMPRESS={comp}", f"INTERLEAVE={['PIXEL', 'BAND'][inter]}", f"ENDIANNESS={['LITTLE', 'BIG'][order]}",
            f"BIGTIFF={['NO', 'YES'][n % 3 == 0]}", *([f"PREDICTOR={predictor}"] if predictor > 1 else []), *[STRIP, TILE][lay],
        ])
        n += 1


def names(ds):
    for i in range(ds.RasterCount):
        band = ds.GetRasterBand(i + 1)
        band.SetDescription(f"band {i + 1} & more")
        band.SetMetadataItem("wavelength", str(0.4 + 0.1 * i))
        band.SetMetadataItem("wavelength_units", "Micrometers")
        band.SetNoDataValue(-3.4e38)
    ds.SetMetadataItem("sensor", "none")


def palette(ds):
    table = gdal.ColorTable()
    table.SetColorEntry(0, (0, 0, 0, 255))
    table.SetColorEntry(1, (34, 139, 34, 255))
    table.SetColorEntry(2, (255, 239, 213, 255))
    ds.GetRasterBand(1).SetColorTable(table)


def rotated(ds):
    ds.SetGeoTransform((271460, 2.5, 0.25, 3290891, -0.5, -2.5))


def point(ds):
    ds.SetMetadataItem("AREA_OR_POINT", "Point")


def custom(ds):
    srs = osr.SpatialReference()
    srs.ImportFromProj4("+proj=tmerc +lat_0=1.5 +lon_0=11.25 +k=0.9999 +x_0=1000 +y_0=2000 +ellps=GRS80 +units=m")
    ds.SetProjection(srs.ExportToWkt())


def control(ds):
    corners = [(542055, 4134999, 0, 0), (542155, 4134990, 40, 0), (542050, 4134900, 0, 30), (542150, 4134890, 40, 30)]
    ds.SetGCPs([gdal.GCP(x, y, 0, column, row) for x, y, column, row in corners], ds.GetProjection())


write("control_uint8", "uint8", ["COMPRESS=DEFLATE"], 1, finish=control)
write("metadata_float32", "float32", ["COMPRESS=LZW"], finish=names)
write("palette_uint8", "uint8", ["COMPRESS=DEFLATE"], 1, finish=palette)
write("rotated_uint8", "uint8", ["COMPRESS=DEFLATE"], 1, finish=rotated)
write("point_uint8", "uint8", ["COMPRESS=DEFLATE"], 1, finish=point)
write("customcrs_uint8", "uint8", ["COMPRESS=DEFLATE"], 1, finish=custom)
write("geographic_uint8", "uint8", ["COMPRESS=DEFLATE"], 1, epsg=4326)
write("plain_uint8", "uint8", ["COMPRESS=DEFLATE"], 1, epsg=0)
write("half_float32", "float32", ["COMPRESS=DEFLATE", "NBITS=16", "PREDICTOR=3"])
write("bands_int16", "int16", ["COMPRESS=DEFLATE", "PREDICTOR=2", "INTERLEAVE=PIXEL"], 200)

# A sparse file: the second row of tiles is never written, and reads as no data.
for kind, inter, more in ("int16", "BAND", []), ("float32", "PIXEL", ["COMPRESS=LZW", "ENDIANNESS=BIG"]):
    ds = gdal.GetDriverByName("GTiff").Create(f"sparse_{kind}.tif", W, H, 2, TYPES[kind][0], ["SPARSE_OK=YES", f"INTERLEAVE={inter}", *more, *TILE])
    for band in 1, 2:
        ds.GetRasterBand(band).SetNoDataValue(-9999)
    ds.WriteArray(pixels(kind)[:2, :16])
    ds = None

# A mask inside the file, of one bit a pixel, before and after overviews of both; and a band of opacity.
gdal.SetConfigOption("GDAL_TIFF_INTERNAL_MASK", "YES")
y, x = np.indices((H, W))
for name, kind, options in ("mask_uint8", "uint8", ["COMPRESS=DEFLATE"]), ("masktiles_float32", "float32", ["COMPRESS=LZW", "INTERLEAVE=BAND", "ENDIANNESS=BIG", *TILE]):
    ds = gdal.GetDriverByName("GTiff").Create(f"{name}.tif", W, H, 2, TYPES[kind][0], options)
    ds.WriteArray(pixels(kind, 2))
    if name == "mask_uint8":
        ds.BuildOverviews("NEAREST", [2])
    ds.CreateMaskBand(gdal.GMF_PER_DATASET)
    ds.GetRasterBand(1).GetMaskBand().WriteArray(np.where((x + 2 * y) % 5 == 0, 0, 255).astype(np.uint8))
    if name != "mask_uint8":
        ds.BuildOverviews("NEAREST", [2])
    ds = None
write("alpha_uint16", "uint16", ["COMPRESS=DEFLATE", "ALPHA=YES"])

# Several images in one file: of one band each, of two, of one with names, and of another size.
for name, kind, images, bands, options in (("pages_uint8", "uint8", 3, 1, ["COMPRESS=DEFLATE"]), ("pages_int16", "int16", 2, 2, ["ENDIANNESS=BIG", "BIGTIFF=YES", "COMPRESS=LZW", *TILE]),
                                           ("pages_float32", "float32", 5, 1, [])):
    for k in range(images):
        ds = gdal.GetDriverByName("GTiff").Create(f"{name}.tif", W, H, bands, TYPES[kind][0], [*options, *(["APPEND_SUBDATASET=YES"] if k else [])])
        if kind == "float32":
            ds.GetRasterBand(1).SetDescription(f"image {k}")
        ds.WriteArray(pixels(kind, images * bands)[k * bands:(k + 1) * bands])
        ds = None
for k in range(2):
    ds = gdal.GetDriverByName("GTiff").Create("differ_uint8.tif", W, H - 6 * k, 1, gdal.GDT_Byte, ["COMPRESS=DEFLATE", *(["APPEND_SUBDATASET=YES"] if k else [])])
    ds.WriteArray(pixels("uint8", 1)[:, :H - 6 * k])
    ds = None

# Several images behind one directory, as ImageJ writes them beyond 4 GB.
about = b"ImageJ=1.53t\nimages=4\nchannels=2\nslices=2\nhyperstack=true\n\0"
start = 8 + 2 + 12 * 10 + 4
fields = [(256, 3, 1, W << 16), (257, 3, 1, H << 16), (258, 3, 1, 16 << 16), (259, 3, 1, 1 << 16), (262, 3, 1, 1 << 16), (270, 2, len(about), start), (273, 4, 1, start + len(about)),
          (277, 3, 1, 1 << 16), (278, 3, 1, H << 16), (279, 4, 1, W * H * 2)]
with open("imagej_uint16.tif", "wb") as f:
    f.write(struct.pack(">2sHIH", b"MM", 42, 8, len(fields)) + b"".join(struct.pack(">HHII", *x) for x in fields) + struct.pack(">I", 0) + about + pixels("uint16", 4).astype(">u2").tobytes())

# An overview after the image.
ds = gdal.GetDriverByName("GTiff").Create("overview_uint8.tif", W, H, 1, gdal.GDT_Byte, ["COMPRESS=DEFLATE"])
ds.WriteArray(pixels("uint8", 1))
ds.BuildOverviews("NEAREST", [2])
ds = None

# JPEG, which is lossy: beside each file what GDAL reads of it. One file is put together by hand, since GDAL
# halves the columns of colours together with the rows, or neither.
os.makedirs("jpeg", exist_ok=True)
W, H = 45, 37


def picture(bands):
    b, y, x = np.indices((bands, H, W))
    v = 128 + 60 * np.sin(x / (3 + b)) + 50 * np.cos(y / (4 + 2 * b)) + 25 * ((x // 7 + y // 5 + b) % 2)
    return v.clip(0, 255).astype(np.uint8)


def jpeg(name, bands, options, mask=False):
    memory = gdal.GetDriverByName("MEM").Create("", W, H, bands, gdal.GDT_Byte)
    memory.WriteArray(picture(bands))
    if mask:
        memory.CreateMaskBand(gdal.GMF_PER_DATASET)
        memory.GetRasterBand(1).GetMaskBand().WriteArray(np.where((np.indices((H, W)).sum(0)) % 5 == 0, 0, 255).astype(np.uint8))
    gdal.GetDriverByName("GTiff").CreateCopy(f"jpeg/{name}.tif", memory, options=["COMPRESS=JPEG", *options])
    read_by_gdal(name)


def read_by_gdal(name):
    gdal.Translate(f"jpeg/{name}.gdal", f"jpeg/{name}.tif", format="GTiff", bandList=list(range(1, 1 + gdal.Open(f"jpeg/{name}.tif").RasterCount)), maskBand="none",
                   creationOptions=["COMPRESS=DEFLATE", "PREDICTOR=2"])


jpeg("grey_strip", 1, ["BLOCKYSIZE=16", "JPEGTABLESMODE=0"])
jpeg("grey_bands", 5, ["INTERLEAVE=BAND", "JPEGTABLESMODE=3", "ENDIANNESS=BIG", *TILE])
jpeg("rgb_strip", 3, ["BLOCKYSIZE=8", "PHOTOMETRIC=RGB", "JPEGTABLESMODE=1"])
jpeg("rgb_tile", 3, ["PHOTOMETRIC=RGB", "JPEGTABLESMODE=2", *TILE])
jpeg("ycbcr_strip", 3, ["BLOCKYSIZE=16", "PHOTOMETRIC=YCBCR", "JPEGTABLESMODE=3", "BIGTIFF=YES"])
jpeg("ycbcr_tile", 3, ["PHOTOMETRIC=YCBCR", "JPEG_QUALITY=90", *TILE], mask=True)
jpeg("four_tile", 4, ["JPEGTABLESMODE=3", *TILE])
jpeg("cog", 3, ["PHOTOMETRIC=YCBCR", "TILED=YES", "BLOCKXSIZE=64", "BLOCKYSIZE=48", "JPEG_QUALITY=85"])

stream = io.BytesIO()
PIL.Image.fromarray(picture(3).transpose(1, 2, 0)).save(stream, "JPEG", quality=90, subsampling="4:2:2", progressive=True)
stream = stream.getvalue()
fields = [(256, 3, 1, W), (257, 3, 1, H), (258, 3, 3, 8 + 2 + 12 * 10 + 4), (259, 3, 1, 7), (262, 3, 1, 6), (273, 4, 1, 8 + 2 + 12 * 10 + 4 + 6), (277, 3, 1, 3),
          (278, 3, 1, H), (279, 4, 1, len(stream)), (530, 3, 2, 2 | 1 << 16)]
with open("jpeg/ycbcr_columns.tif", "wb") as f:
    f.write(struct.pack("<2sHIH", b"II", 42, 8, len(fields)) + b"".join(struct.pack("<HHII", *x) for x in fields) + struct.pack("<IHHH", 0, 8, 8, 8) + stream)
read_by_gdal("ycbcr_columns")
