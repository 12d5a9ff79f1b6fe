package tiff

import (
	"encoding/xml"
	"fmt"
	"strconv"

	"diffclip/internal/atomicfile"
)

// Class is one class of a classified map: its pixel value is its index.
type Class struct {
	Name  string
	Color Color
}

// GDAL's persistent auxiliary metadata (PAM), frmts/gdal_pam in its documentation.
type (
	pamXML struct {
		XMLName xml.Name `xml:"PAMDataset"`
		SRS     string   `xml:"SRS,omitempty"`
		Band    *pamBand `xml:"PAMRasterBand"`
	}
	pamBand struct {
		Band       int        `xml:"band,attr"`
		Interp     string     `xml:"ColorInterp"`
		Categories []string   `xml:"CategoryNames>Category"`
		Colors     []pamColor `xml:"ColorTable>Entry"`
		Table      pamTable   `xml:"GDALRasterAttributeTable"`
	}
	pamColor struct {
		R uint8 `xml:"c1,attr"`
		G uint8 `xml:"c2,attr"`
		B uint8 `xml:"c3,attr"`
		A uint8 `xml:"c4,attr"`
	}
	pamTable struct {
		Type   string      `xml:"tableType,attr"`
		Fields []pamColumn `xml:"FieldDefn"`
		Rows   []pamRow    `xml:"Row"`
	}
	pamColumn struct {
		Index int    `xml:"index,attr"`
		Name  string `xml:"Name"`
		Type  int    `xml:"Type"`  // 0 integer, 2 string
		Usage int    `xml:"Usage"` // 2 name, 5 value, 6 to 8 red, green and blue
	}
	pamRow struct {
		Index int      `xml:"index,attr"`
		F     []string `xml:"F"`
	}
)

// WriteClassSidecar writes the names and colours of a classified map's classes
// to path + ".aux.xml", where GDAL, and so QGIS and ArcGIS, looks for them.
// The CRS's WKT goes with them where it is all that is known of the CRS, since a
// GeoTIFF has no place for it; otherwise wkt is "".
func WriteClassSidecar(path string, classes []Class, wkt string) error {
	band := pamBand{Band: 1, Interp: "Palette", Table: pamTable{Type: "thematic"}}
	for i, column := range []struct {
		name        string
		kind, usage int
	}{{"Value", 0, 5}, {"Class", 2, 2}, {"Red", 0, 6}, {"Green", 0, 7}, {"Blue", 0, 8}} {
		band.Table.Fields = append(band.Table.Fields, pamColumn{i, column.name, column.kind, column.usage})
	}
	for i, c := range classes {
		rgb := c.Color
		band.Categories = append(band.Categories, c.Name)
		band.Colors = append(band.Colors, pamColor{rgb.R, rgb.G, rgb.B, 255})
		row := pamRow{Index: i, F: []string{strconv.Itoa(i), c.Name}}
		for _, v := range []uint8{rgb.R, rgb.G, rgb.B} {
			row.F = append(row.F, strconv.Itoa(int(v)))
		}
		band.Table.Rows = append(band.Table.Rows, row)
	}
	return writeSidecar(path, pamXML{SRS: wkt, Band: &band})
}

// WriteCRSSidecar writes to path + ".aux.xml" the WKT of a raster that brings no
// classes, where it is all that is known of its CRS.
func WriteCRSSidecar(path, wkt string) error { return writeSidecar(path, pamXML{SRS: wkt}) }

func writeSidecar(path string, content pamXML) error {
	b, err := xml.MarshalIndent(content, "", "  ")
	if err != nil {
		return fmt.Errorf("%s.aux.xml: %w", path, err)
	}
	return atomicfile.WriteFile(path+".aux.xml", append(b, '\n'))
}
