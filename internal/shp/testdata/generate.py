#!/usr/bin/env python3
"""Writes the shapefiles that the tests read. Needs GDAL's Python bindings
(Debian: python3-gdal). Run it in this folder."""
import os
from osgeo import ogr, osr

ogr.UseExceptions()
srs = osr.SpatialReference()
srs.ImportFromEPSG(32617)
driver = ogr.GetDriverByName("ESRI Shapefile")


def write(name, kind, encoding, features):
    ds = driver.CreateDataSource(f"{name}.shp")
    layer = ds.CreateLayer(name, srs, kind, [f"ENCODING={encoding}"] if encoding else [])
    for field, t in [("name", ogr.OFTString), ("count", ogr.OFTInteger), ("height", ogr.OFTReal), ("alive", ogr.OFTInteger), ("seen", ogr.OFTDate)]:
        layer.CreateField(ogr.FieldDefn(field, t))
    for wkt, values in features:
        f = ogr.Feature(layer.GetLayerDefn())
        if wkt:
            f.SetGeometry(ogr.CreateGeometryFromWkt(wkt))
        for key, v in values.items():
            f.SetField(key, *(v if isinstance(v, tuple) else (v,)))
        layer.CreateFeature(f)
    ds = None
    os.remove(f"{name}.shx")  # an index that no reader needs


full = {"name": "Bäume é", "count": -12, "height": 23.5, "alive": 1, "seen": (2019, 7, 31, 0, 0, 0, 0)}
multi = "MULTIPOLYGON(((0 0,10 0,10 10,0 10,0 0),(2 2,2 4,4 4,4 2,2 2)),((20 0,25 0,25 5,20 0)))"
write("polygon", ogr.wkbPolygon, "UTF-8", [(multi, full), ("POLYGON((0 0,3 0,0 4,0 0))", {}), (None, {"name": "null", "alive": 0})])
write("polygonz", ogr.wkbPolygon25D, "ISO-8859-1", [("POLYGON Z((0 0 1,4 0 2,4 4 3,0 4 4,0 0 1))", full)])
write("polygonm", ogr.wkbPolygonM, "1252", [("POLYGON M((0 0 1,4 0 2,4 4 3,0 4 4,0 0 1))", dict(full, name="5 €"))])
write("point", ogr.wkbPoint, None, [("POINT(1.5 2.5)", full), ("POINT(-3 4)", {})])
write("pointz", ogr.wkbPoint25D, "UTF-8", [("POINT Z(1.5 2.5 9)", full)])
write("multipoint", ogr.wkbMultiPoint, "UTF-8", [("MULTIPOINT((1 2),(3 4),(5 6))", full)])
write("line", ogr.wkbLineString, "UTF-8", [("LINESTRING(0 0,1 1)", full)])
