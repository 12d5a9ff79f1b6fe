#!/usr/bin/env python3
"""Writes rasters with what GDAL keeps beside their values: masks, opacity, scales. Needs GDAL's
Python bindings and numpy (Debian: python3-gdal). Run it in this folder."""
import numpy as np
from osgeo import gdal

gdal.UseExceptions()
H, W = 6, 5
y, x = np.indices((H, W))
HIDDEN = (x + 2 * y) % 5 == 0


def pixels(bands, add=0):
    return np.stack([10 * y + x + 60 * b + add for b in range(bands)])


def create(name, bands, kind, values, options=(), driver="GTiff"):
    ds = gdal.GetDriverByName(driver).Create(name, W, H, bands, kind, list(options))
    ds.WriteArray(values)
    return ds


def hide(ds):
    ds.CreateMaskBand(gdal.GMF_PER_DATASET)
    ds.GetRasterBand(1).GetMaskBand().WriteArray(np.where(HIDDEN, 0, 255).astype(np.uint8))


# A mask in the file, of measurements that have zero among them, and of labels; and a mask beside the file.
gdal.SetConfigOption("GDAL_TIFF_INTERNAL_MASK", "YES")
for name, values in ("mask.tif", pixels(2)), ("mask_gt.tif", x[None] % 2 + 1):
    ds = create(name, len(values), gdal.GDT_Byte, values, ["COMPRESS=DEFLATE"])
    hide(ds)
    ds = None
gdal.SetConfigOption("GDAL_TIFF_INTERNAL_MASK", "NO")
ds = create("beside.tif", 2, gdal.GDT_Float32, pixels(2) / 2)
hide(ds)
ds = None

# Opacity, as gdalwarp -dstalpha adds it; and a band of near infrared that GDAL calls so.
opacity = np.where(HIDDEN, 0, 255)
opacity[5, 4] = 128
create("opacity.tif", 4, gdal.GDT_Byte, np.concatenate([pixels(3), opacity[None]])).FlushCache()
create("infrared.tif", 4, gdal.GDT_Byte, pixels(4)).FlushCache()
