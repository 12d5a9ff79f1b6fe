#!/usr/bin/env python3
"""Writes rasters with what GDAL keeps beside their values: masks, opacity, scales. Needs GDAL's
Python bindings, numpy and h5py (Debian: python3-gdal, python3-h5py). Run it in this folder."""
import h5py
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

# A mask for each band but the second; and of one that is an opacity besides.
for name, bands, kind, driver in ("bandmasks.tif", 3, gdal.GDT_UInt16, "GTiff"), ("bandmasks.img", 3, gdal.GDT_Int16, "ENVI"), ("bandmasks4.tif", 4, gdal.GDT_Byte, "GTiff"):
    values = pixels(bands)
    if bands == 4:
        values[3] = 255 * (x != 4)
    ds = create(name, bands, kind, values, driver=driver)
    for b in 0, 2:
        ds.GetRasterBand(b + 1).CreateMaskBand(0)
        ds.GetRasterBand(b + 1).GetMaskBand().WriteArray(np.where((x + y) % (b + 2) == 0, 0, 255).astype(np.uint8))
    ds = None

# Opacity, as gdalwarp -dstalpha adds it; and a band of near infrared that GDAL calls so.
opacity = np.where(HIDDEN, 0, 255)
opacity[5, 4] = 128
create("opacity.tif", 4, gdal.GDT_Byte, np.concatenate([pixels(3), opacity[None]])).FlushCache()
create("infrared.tif", 4, gdal.GDT_Byte, pixels(4)).FlushCache()

# Counts whose halves, or quarters less two in the second band, are what was measured; -9999 was not.
counts = np.where(HIDDEN, -9999, pixels(2)).astype(np.int16)


def scaled(ds):
    for band, gain, offset in (1, 0.5, 1), (2, 0.25, -2):
        ds.GetRasterBand(band).SetNoDataValue(-9999)
        ds.GetRasterBand(band).SetScale(gain)
        ds.GetRasterBand(band).SetOffset(offset)


ds = create("scaled.tif", 2, gdal.GDT_Int16, counts)
scaled(ds)
ds = None
create("pam.tif", 2, gdal.GDT_Int16, counts).FlushCache()
ds = gdal.Open("pam.tif")  # opened to read, GDAL writes beside it
scaled(ds)
ds = None
for name, more in ("gains", "data gain values = {0.5, 0.25}\ndata offset values = {1, -2}\n"), ("reflectance", "reflectance scale factor = 2\n"):
    create(name + ".dat", 2, gdal.GDT_Int16, counts, driver="ENVI").FlushCache()
    with open(name + ".hdr", "a") as f:
        f.write("data ignore value = -9999\n" + more)
for name, attributes in ("netcdf", {"scale_factor": 0.5, "add_offset": 1.0, "_FillValue": np.int16(-9999)}), ("neon", {"Scale_Factor": 2.0, "Data_Ignore_Value": -9999.0}):
    with h5py.File(name + ".h5", "w") as f:
        d = f.create_dataset("cube", data=np.moveaxis(counts, 0, 2))
        d.attrs.update(attributes)

# What is beside the spectra in a file of one of NEON's flights, and how PRISMA's files hold spectra: line by line.
cube = np.moveaxis(np.stack([10 * y + x + 60 * b for b in range(4)]), 0, 2)
with h5py.File("flight.h5", "w") as f:
    f["SITE/Reflectance/Reflectance_Data"] = cube.astype("i2")
    f["SITE/Reflectance/Metadata/Spectral_Data/Wavelength"] = np.array([450.0, 550.0, 650.0, 1400.0])
    f["SITE/Reflectance/Metadata/Spectral_Data/FWHM"] = np.array([5.0, 5.0, 5.0, 5.0])
    f["SITE/Reflectance/Metadata/Coordinate_System/Map_Info"] = "UTM,  1.000,  1.000,  547000.00,  5061000.0,  2.0,  2.0,  10,  North,  WGS-84,  units=Meters, 0"
with h5py.File("lines.he5", "w") as f:
    f["HDFEOS/SWATHS/PRS_L2D_HCO/Data Fields/VNIR_Cube"] = cube.transpose(0, 2, 1).astype("u2")
    f["HDFEOS/SWATHS/PRS_L2D_HCO/Data Fields/VNIR_PIXEL_L2_ERR_MATRIX"] = np.zeros((H, 66, W), "u1")
    f.attrs["List_Cw_Vnir"] = np.array([0, 0, 760.5, 420.25], "f4")
with h5py.File("lines_miscalled.h5", "w", libver="latest") as f:  # MATLAB's name of the class is not the type
    f["VNIR/VNIR_Cube"] = cube.astype("f8")
    f["VNIR/VNIR_Cube"].attrs["MATLAB_class"] = np.bytes_("uint16")
