package tiff

import (
	"encoding/xml"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"diffclip/internal/numeric"
	"diffclip/internal/spectral"
)

// Item is one entry of GDAL's metadata, which are kept as XML in tag 42112.
type Item struct {
	Name   string
	Value  string
	Band   int    // 0-based; -1 for the whole file
	Role   string // "description", "scale", "offset", "unittype", else ""
	Domain string // GDAL's metadata domain, "" for the default one
}

// metadataXML and itemXML are GDAL's form of it.
type metadataXML struct {
	XMLName xml.Name  `xml:"GDALMetadata"`
	Items   []itemXML `xml:"Item"`
}

type itemXML struct {
	Name   string `xml:"name,attr"`
	Sample string `xml:"sample,attr,omitempty"`
	Role   string `xml:"role,attr,omitempty"`
	Domain string `xml:"domain,attr,omitempty"`
	Value  string `xml:",chardata"`
}

// GDAL escapes values twice: once as the XML demands and once before.
var (
	escape   = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")
	unescape = strings.NewReplacer("&amp;", "&", "&lt;", "<", "&gt;", ">", "&quot;", `"`)
)

func readMetadata(d *directory) ([]Item, error) {
	text, err := d.text(tagGDALMetadata)
	if err != nil || strings.TrimSpace(text) == "" {
		return nil, err
	}
	var m metadataXML
	if err := xml.Unmarshal([]byte(strings.ToValidUTF8(text, "?")), &m); err != nil {
		return nil, fmt.Errorf("expected GDAL's XML in the metadata tag (42112): %w", err)
	}
	var items []Item
	for _, x := range m.Items {
		item := Item{Name: x.Name, Value: unescape.Replace(x.Value), Band: -1, Role: x.Role, Domain: x.Domain}
		if x.Sample != "" {
			if item.Band, err = strconv.Atoi(x.Sample); err != nil || item.Band < 0 {
				return nil, fmt.Errorf("GDAL metadata item %q is for band %q, expected a whole number", x.Name, x.Sample)
			}
		}
		items = append(items, item)
	}
	return items, nil
}

// metadataText returns the tag's text for the items.
func metadataText(items []Item) (string, error) {
	var m metadataXML
	for _, item := range items {
		x := itemXML{Name: item.Name, Value: escape.Replace(item.Value), Role: item.Role, Domain: item.Domain}
		if item.Band >= 0 {
			x.Sample = strconv.Itoa(item.Band)
		}
		m.Items = append(m.Items, x)
	}
	b, err := xml.Marshal(m)
	return string(b), err
}

// Scale returns what the stored values of each band measure, nil where the metadata
// do not say of any.
func (f *File) Scale() []numeric.Scale {
	var scale []numeric.Scale
	for _, item := range f.Metadata {
		if item.Band < 0 || item.Band >= f.Bands || item.Role != "scale" && item.Role != "offset" {
			continue
		}
		v, err := strconv.ParseFloat(strings.TrimSpace(item.Value), 64)
		if err != nil {
			continue
		}
		if scale == nil {
			scale = slices.Repeat([]numeric.Scale{numeric.Stored}, f.Bands)
		}
		if item.Role == "scale" {
			scale[item.Band].Gain = v
		} else {
			scale[item.Band].Offset = v
		}
	}
	return scale
}

// Wavelengths returns the centre of each band, but of the given one (-1 for none), in
// nanometres, nil where the metadata do not give it for all of them. It knows GDAL's
// CENTRAL_WAVELENGTH_UM and the "wavelength" and "wavelength_units" that come from
// ENVI headers.
func (f *File) Wavelengths(but int) []float64 {
	values, units := make([]float64, f.Bands), make([]string, f.Bands)
	for _, item := range f.Metadata {
		if item.Band < 0 || item.Band >= f.Bands {
			continue
		}
		name := strings.ToLower(item.Name)
		switch name {
		case "wavelength_units":
			units[item.Band] = item.Value
		case "wavelength", "central_wavelength_um":
			v, err := strconv.ParseFloat(strings.TrimSpace(item.Value), 64)
			if err != nil || !(v > 0) {
				return nil
			}
			values[item.Band] = v
			if name != "wavelength" {
				units[item.Band] = "micrometers"
			}
		}
	}
	if but >= 0 {
		values, units = slices.Delete(values, but, but+1), slices.Delete(units, but, but+1)
	}
	for i, unit := range units {
		scale, ok := spectral.Nanometres(unit, values[i])
		if !ok || values[i] == 0 {
			return nil
		}
		values[i] *= scale
	}
	return values
}
