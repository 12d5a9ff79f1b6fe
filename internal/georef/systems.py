#!/usr/bin/env python3
"""Writes systems.txt.gz: EPSG codes of coordinate systems in which flights are delivered, and each as well-known text in
ESRI's dialect, which is what the header of an ENVI raster holds. Only such are taken as GDAL, given the text in a header,
finds the code of again. Needs GDAL's Python bindings (Debian: python3-gdal). Run it in this folder."""
import gzip

from osgeo import gdal, osr

gdal.UseExceptions()


def span(first, last):
    return range(first, last + 1)


CODES = [
    # what the program knows by rule too: degrees and UTM on WGS 84, NAD83 and NAD27
    4326, 4269, 4267, *span(32601, 32660), *span(32701, 32760), *span(26901, 26923), *span(26701, 26722),
    # degrees: ETRS89, GDA94, GDA2020, SIRGAS 2000, CGCS2000, RGF93, NZGD2000, JGD2000, JGD2011, NAD83(2011), NAD83(CSRS)
    4258, 4283, 7844, 4674, 4490, 4171, 4167, 4612, 6668, 6318, 4617,
    # the world and its poles
    3857, 3395, 6933, 3031, 3413, 3995, 3996, 3408, 3409, 32661, 32761,
    # Europe, and UTM on ETRS89
    3034, 3035, *span(25828, 25838),
    27700, 2157, 29902, 29903, 2154, *span(3942, 3950), 27561, 27562, 27563, 27564, 27572, 28992, 31370, 3812, 2169, 31466, 31467, 31468, 31469,
    5649, 5650, 4647, *span(31254, 31259), 31284, 31285, 31286, 31287, 3416, 2056, 21781, 3003, 3004, 6707, 6708, 6709, 7791, 7792, 7793, 7794, 7795,
    3763, 5514, 5513, 2180, *span(2176, 2179), 3300, 3301, 3059, 3346, 3006, *span(3007, 3018), 3021, 3067, *span(3873, 3885), 2391, 2392, 2393, 2394,
    5105, *span(5106, 5130), 3765, 3794, 3908, 3909, 6316, 23700, 3844, 31700, 7801, 2100, 3057, 5325, 8088, 2319, 2320, 5253, 5254,
    # America: UTM on NAD83(2011), NAD83(CSRS), SIRGAS 2000; national and state planes
    *span(6328, 6348), *span(2955, 2962), *span(3154, 3160), *span(31965, 31985), 5070, 5071, 3338, 3347, 3348, 3978, 3979, 3005, 3400, 3401, 3402, 3403, 2294, 2295,
    2031, 2032, *span(2945, 2954), 5880, 5641, 5389, 5367, 9377, 3116, 6372, *span(26929, 26998), *span(32100, 32161), *span(2222, 2289), *span(6355, 6599),
    # Australia, New Zealand, Asia, Africa
    *span(28348, 28358), *span(7846, 7859), 3577, 9473, 3112, 3111, 3308, 7899, 2193, 27200, *span(2443, 2461), *span(6669, 6687), *span(3097, 3101), *span(6688, 6692),
    2326, 3826, 3825, 3414, 3168, 3375, 5179, 5181, 5185, 5186, 5187, 5188, *span(4513, 4554), *span(4491, 4512), 2039, 6984, 28191, *span(2046, 2055), 22234, 22235, 22236,
]


def envi(code):
    """The text that GDAL writes for a code, "" where it does not read it as that."""
    srs = osr.SpatialReference()
    try:
        srs.ImportFromEPSG(code)
    except RuntimeError:
        return ""
    if not srs.IsProjected() and not srs.IsGeographic() or srs.IsCompound() or srs.GetName().endswith("(deprecated)"):
        return ""
    name = f"/vsimem/{code}"
    ds = gdal.GetDriverByName("ENVI").Create(f"{name}.img", 2, 2, 1, gdal.GDT_Byte)
    ds.SetProjection(srs.ExportToWkt())
    ds.SetGeoTransform((400000, 1, 0, 300000, 0, -1) if srs.IsProjected() else (10, 0.1, 0, 45, 0, -0.1))
    ds = None
    f = gdal.VSIFOpenL(f"{name}.hdr", "rb")
    header = gdal.VSIFReadL(1, 1 << 20, f).decode()
    gdal.VSIFCloseL(f)
    lines = [line for line in header.splitlines() if line.startswith("coordinate system string")]
    if not lines:
        return ""
    text = lines[0].split("{", 1)[1].rsplit("}", 1)[0]
    # With nothing but the text to go by, what is it read as?
    kept = [line for line in header.splitlines() if not line.startswith(("map info", "projection info"))]
    info = "map info = {Arbitrary, 1, 1, 10, 45, 1, 1, 0, North}"
    gdal.FileFromMemBuffer(f"{name}.hdr", ("\n".join([*kept, info]) + "\n").encode())
    again = gdal.Open(f"{name}.img").GetSpatialRef()
    if again is None or again.GetAuthorityCode(None) != str(code):
        return ""
    return text


with gzip.GzipFile("systems.txt.gz", "wb", mtime=0) as out:
    names = set()
    for code in sorted(set(CODES)):
        text = envi(code)
        name = text.split('"')[1] if text else ""
        if not text or name in names:
            print("left out", code, name)
            continue
        names.add(name)
        out.write(f"{code}\t{text}\n".encode())
