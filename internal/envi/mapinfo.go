package envi

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"diffclip/internal/georef"
)

// readGrid reads "map info" and "coordinate system string".
func (h *Header) readGrid() error {
	h.Grid.CRS = georef.FromWKT(strings.Trim(h.Fields["coordinate system string"], "{}"))
	info := h.list("map info")
	if info == nil {
		return nil
	}
	placed, err := MapInfo(info)
	if err != nil {
		return err
	}
	h.Grid.Transform = placed.Transform
	if crs := placed.CRS; h.Grid.CRS.EPSG == 0 {
		h.Grid.CRS.EPSG, h.Grid.CRS.Geographic = crs.EPSG, crs.Geographic || h.Grid.CRS.Geographic
	}
	if h.Grid.CRS.WKT == "" {
		h.Grid.CRS.Citation = placed.CRS.Citation
	}
	return nil
}

// MapInfo returns the grid that the items of a "map info" place:
//
//	map info = {UTM, 1, 1, 271460, 3290891, 2.5, 2.5, 16, North, WGS-84, units=Meters, rotation=15}
//
// that is projection, reference pixel (1-based, (1, 1) being the outer corner of
// the first pixel), its easting and northing, pixel size, and where the
// projection needs them zone and hemisphere, then datum.
func MapInfo(info []string) (g georef.Grid, err error) {
	if len(info) < 7 {
		return g, fmt.Errorf(`"map info" has %d items, expected at least 7`, len(info))
	}
	var v [6]float64
	for i := range v {
		if v[i], err = strconv.ParseFloat(info[i+1], 64); err != nil {
			return g, fmt.Errorf(`item %d of "map info" is %.30q, expected a number`, i+2, info[i+1])
		}
	}
	rotation := 0.0
	for _, item := range info[7:] {
		if text, ok := strings.CutPrefix(strings.ReplaceAll(strings.ToLower(item), " ", ""), "rotation="); ok {
			if rotation, err = strconv.ParseFloat(text, 64); err != nil {
				return g, fmt.Errorf(`the rotation in "map info" is %.30q, expected degrees`, text)
			}
		}
	}
	dx, dy := v[4], v[5]
	a := georef.NorthUp(v[2], v[3], dx, dy)
	if rotation != 0 {
		sin, cos := math.Sincos(rotation * math.Pi / 180)
		a[1], a[2], a[4], a[5] = cos*dx, sin*dx, sin*dy, -cos*dy
	}
	g.Transform = a.Shift(1-v[0], 1-v[1])
	if !g.Placed() {
		return g, fmt.Errorf(`"map info" cannot be used: pixels of %v x %v at (%v, %v)`, dx, dy, v[2], v[3])
	}
	g.CRS = mapInfoCRS(info)
	if !strings.EqualFold(info[0], "Arbitrary") {
		g.CRS.Citation = info[0]
	}
	return g, nil
}

// mapInfoCRS returns the CRS that "map info" names, where it is one of those
// that need no parameters.
func mapInfoCRS(info []string) georef.CRS {
	switch {
	case strings.EqualFold(info[0], "UTM") && len(info) >= 10:
		zone, err := strconv.Atoi(info[7])
		if err != nil {
			return georef.CRS{}
		}
		return georef.CRS{EPSG: georef.UTM{Zone: zone, South: strings.EqualFold(info[8], "South"), Datum: datum(info[9])}.EPSG()}
	case strings.EqualFold(info[0], "Geographic Lat/Lon"):
		crs := georef.CRS{Geographic: true}
		if len(info) > 7 {
			crs.EPSG = geographicCodes[datum(info[7])]
		}
		return crs
	}
	return georef.CRS{}
}

var geographicCodes = map[georef.Datum]int{georef.WGS84: 4326, georef.NAD83: 4269, georef.NAD27: 4267}

// datum returns the datum of one of its names, "" where it is none that is known.
func datum(name string) georef.Datum {
	switch strings.ToLower(strings.NewReplacer(" ", "", "-", "", "_", "").Replace(name)) {
	case "wgs84", "wgs1984":
		return georef.WGS84
	case "northamerica1983", "nad83":
		return georef.NAD83
	case "northamerica1927", "nad27":
		return georef.NAD27
	}
	return ""
}

// CanPlace reports whether a header can say where a grid lies, which it cannot of one that is sheared or upside down.
func CanPlace(g georef.Grid) bool { return mapInfo(g) != "" }

// mapInfo returns the "map info" that says where a grid lies, "" where none can:
// the grid is not placed, or is sheared. A CRS that has no name there is called
// Arbitrary, and is told by the coordinate system string alone.
func mapInfo(g georef.Grid) string {
	a := g.Transform
	dx, dy := math.Hypot(a[1], a[2]), math.Hypot(a[4], a[5])
	rotation := math.Atan2(a[4]/dy, -a[5]/dy)
	if sin, cos := math.Sincos(rotation); !g.Placed() || math.Abs(a[1]-cos*dx)+math.Abs(a[2]-sin*dx) > 1e-9*dx {
		return ""
	}
	num := func(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }
	name, rest := "Arbitrary", ", 0, North"
	if u, ok := g.CRS.UTM(); ok {
		hemisphere := "North"
		if u.South {
			hemisphere = "South"
		}
		name, rest = "UTM", fmt.Sprintf(", %d, %s, %s, units=Meters", u.Zone, hemisphere, u.Datum)
		if u.Datum == georef.ETRS89 { // the coordinate system string tells the datum, which has no name here
			rest = fmt.Sprintf(", %d, %s, units=Meters", u.Zone, hemisphere)
		}
	}
	for datum, code := range geographicCodes {
		if g.CRS.EPSG == code {
			name, rest = "Geographic Lat/Lon", fmt.Sprintf(", %s, units=Degrees", datum)
		}
	}
	if !a.IsNorthUp() {
		rest += ", rotation=" + num(rotation*180/math.Pi)
	}
	return fmt.Sprintf("{%s, 1, 1, %s, %s, %s, %s%s}", name, num(a[0]), num(a[3]), num(dx), num(dy), rest)
}
