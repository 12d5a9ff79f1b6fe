package tiff

import (
	"encoding/xml"
	"io"
	"os"
	"strconv"
	"strings"

	"diffclip/internal/numeric"
)

// Sidecar is what GDAL keeps of a raster of any format in a file beside it.
type Sidecar struct {
	ClassNames []string // of a classified map, by pixel value; nil where it names none
	Bands      []SidecarBand
}

// SidecarBand is what is said of one band. What is not said is nil.
type SidecarBand struct {
	Band         int // 0-based
	NoData       *float64
	Gain, Offset *float64 // of numeric.Scale
}

// maxSidecar bounds the bytes of a sidecar: those with a histogram have some thousands.
const maxSidecar = 4 << 20

// ReadSidecar reads path + ".aux.xml" of a raster with values of a type. It is empty where
// there is no such file or it cannot be read, which GDAL would do without, too.
func ReadSidecar(path string, t numeric.Type) Sidecar {
	file, err := os.Open(path + ".aux.xml")
	if err != nil {
		return Sidecar{}
	}
	defer file.Close()
	var content struct {
		XMLName xml.Name `xml:"PAMDataset"`
		Bands   []struct {
			Band       int      `xml:"band,attr"`
			NoData     string   `xml:"NoDataValue"`
			Scale      string   `xml:"Scale"`
			Offset     string   `xml:"Offset"`
			Categories []string `xml:"CategoryNames>Category"`
		} `xml:"PAMRasterBand"`
	}
	if err := xml.NewDecoder(io.LimitReader(file, maxSidecar)).Decode(&content); err != nil {
		return Sidecar{}
	}
	var s Sidecar
	for _, b := range content.Bands {
		if b.Band == 1 {
			s.ClassNames = b.Categories
		}
		band := SidecarBand{Band: b.Band - 1, Gain: numberOf(b.Scale), Offset: numberOf(b.Offset)}
		if b.NoData != "" {
			if v, ok, err := numeric.ParseNoData(b.NoData, t); ok && err == nil {
				band.NoData = &v
			}
		}
		s.Bands = append(s.Bands, band)
	}
	return s
}

// numberOf returns the number that a text is, nil where it is none.
func numberOf(text string) *float64 {
	v, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil {
		return nil
	}
	return &v
}
