package georef

import (
	"fmt"
	"strings"
)

// GeoKeys are the three tags in which a GeoTIFF describes its CRS, kept as read
// so that they can be written back unchanged. OGC 19-008r4, section 7.
type GeoKeys struct {
	Directory []uint16  // GeoKeyDirectoryTag, 34735: a header of four numbers, then four per key
	Doubles   []float64 // GeoDoubleParamsTag, 34736
	ASCII     string    // GeoAsciiParamsTag, 34737, without the closing NUL
}

// The keys that are interpreted. All others are carried along.
const (
	keyModelType     = 1024 // 1 projected, 2 geographic
	keyRasterType    = 1025 // 1 pixel is area, 2 pixel is point
	keyCitation      = 1026
	keyGeographicCRS = 2048
	keyGeogCitation  = 2049
	keyProjectedCRS  = 3072
	keyProjCitation  = 3073

	asciiTag    = 34737
	userDefined = 32767
)

// Check returns an error where the directory is shorter than it says.
func (k *GeoKeys) Check() error {
	if len(k.Directory) < 4 {
		return fmt.Errorf("GeoKeyDirectory has %d numbers, expected at least 4", len(k.Directory))
	}
	if want := 4 + 4*int(k.Directory[3]); len(k.Directory) < want {
		return fmt.Errorf("GeoKeyDirectory says %d keys, which takes %d numbers, but has %d", k.Directory[3], want, len(k.Directory))
	}
	return nil
}

// entry returns the four numbers of a key: id, where its value is, count, value.
func (k *GeoKeys) entry(id uint16) []uint16 {
	if k.Check() != nil {
		return nil
	}
	for i := 4; i < 4+4*int(k.Directory[3]); i += 4 {
		if k.Directory[i] == id {
			return k.Directory[i : i+4]
		}
	}
	return nil
}

// short returns a key whose value is in the directory, 0 if absent.
func (k *GeoKeys) short(id uint16) int {
	if e := k.entry(id); e != nil && e[1] == 0 {
		return int(e[3])
	}
	return 0
}

// text returns a key whose value is in the ASCII tag, "" if absent.
func (k *GeoKeys) text(id uint16) string {
	e := k.entry(id)
	if e == nil || e[1] != asciiTag {
		return ""
	}
	from := min(int(e[3]), len(k.ASCII))
	to := min(from+int(e[2]), len(k.ASCII))
	return strings.TrimSpace(strings.TrimRight(k.ASCII[from:to], "|\x00"))
}

// PixelIsPoint reports whether tie points refer to pixel centres and not to
// pixel corners.
func (k *GeoKeys) PixelIsPoint() bool { return k != nil && k.short(keyRasterType) == 2 }

// FromKeys returns the CRS that GeoTIFF keys describe.
func FromKeys(k *GeoKeys) CRS {
	c := CRS{Keys: k, Geographic: k.short(keyModelType) == 2}
	code, citations := keyProjectedCRS, []uint16{keyCitation, keyProjCitation}
	if c.Geographic {
		code, citations = keyGeographicCRS, []uint16{keyCitation, keyGeogCitation}
	}
	if c.EPSG = k.short(uint16(code)); c.EPSG == userDefined {
		c.EPSG = 0
	}
	for _, id := range citations {
		if s := k.text(id); s != "" {
			c.Citation = s
			break
		}
	}
	return c
}

// GeoKeys returns the keys to write for the CRS: those it was read from, else
// keys made of its EPSG code, else nil.
func (c CRS) GeoKeys() *GeoKeys {
	if c.Keys != nil {
		return c.Keys
	}
	if c.EPSG <= 0 || c.EPSG >= userDefined {
		return nil
	}
	model, id := uint16(1), uint16(keyProjectedCRS)
	if c.Geographic || c.EPSG == 4326 || c.EPSG == 4269 || c.EPSG == 4267 {
		model, id = 2, keyGeographicCRS
	}
	return &GeoKeys{Directory: []uint16{
		1, 1, 0, 3,
		keyModelType, 0, 1, model,
		keyRasterType, 0, 1, 1,
		id, 0, 1, uint16(c.EPSG),
	}}
}
