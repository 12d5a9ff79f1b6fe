package georef

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// CRS is a coordinate reference system, in whatever terms its file gave. The
// zero CRS is unknown.
type CRS struct {
	EPSG       int      // code in the EPSG registry, 0 where not known
	Geographic bool     // degrees of longitude and latitude, not a projection
	Citation   string   // a name for people
	WKT        string   // well-known text, where the file held it
	Keys       *GeoKeys // GeoTIFF keys, where the file held them
}

// Known reports whether anything is known of the CRS.
func (c CRS) Known() bool { return c.EPSG != 0 || c.WKT != "" || c.Keys != nil }

// String names the CRS for people.
func (c CRS) String() string {
	switch {
	case c.EPSG != 0 && c.Citation != "":
		return fmt.Sprintf("EPSG:%d (%s)", c.EPSG, c.Citation)
	case c.EPSG != 0:
		return fmt.Sprintf("EPSG:%d", c.EPSG)
	case c.Citation != "":
		return c.Citation
	case c.Known():
		return "a CRS without a name"
	}
	return "unknown"
}

// FromWKT returns the CRS that a well-known text describes (WKT 1, its ESRI
// dialect as in .prj files, or WKT 2). The EPSG code comes from the text's own
// authority entry, else from the name where that is one that ESRI writes without
// an entry, of a UTM zone, a national grid or the like, and the text's numbers are not
// those of another system.
func FromWKT(wkt string) CRS {
	wkt = strings.TrimSpace(wkt)
	if wkt == "" {
		return CRS{}
	}
	root, _, _ := strings.Cut(wkt, "[")
	root = strings.ToUpper(strings.TrimSpace(root))
	c := CRS{WKT: wkt, Geographic: strings.HasPrefix(root, "GEOG")}
	if name, ok := quoted(wkt); ok {
		c.Citation = name
	}
	if c.EPSG = authority(wkt); c.EPSG != 0 {
		return c
	}
	if code := named(c.Citation); !contradicts(wkt, systems().text[code]) {
		c.EPSG = code
	}
	return c
}

// quoted returns the first double-quoted string of s.
func quoted(s string) (string, bool) {
	_, rest, ok := strings.Cut(s, `"`)
	if !ok {
		return "", false
	}
	name, _, ok := strings.Cut(rest, `"`)
	return name, ok
}

var authorityEntry = regexp.MustCompile(`(?i)^(?:AUTHORITY|ID)\s*[\[(]\s*"EPSG"\s*,\s*"?(\d{1,9})\b`)

// authority returns the EPSG code of the text's outermost element, 0 if none:
// inner elements such as the datum have codes of their own.
func authority(wkt string) int {
	depth, inQuotes := 0, false
	for i := 0; i < len(wkt); i++ {
		switch c := wkt[i]; {
		case c == '"':
			inQuotes = !inQuotes
		case inQuotes:
		case c == '[' || c == '(':
			depth++
		case c == ']' || c == ')':
			depth--
		case depth == 1 && (c == 'A' || c == 'a' || c == 'I' || c == 'i'):
			if m := authorityEntry.FindStringSubmatch(wkt[i:min(len(wkt), i+64)]); m != nil {
				code, _ := strconv.Atoi(m[1]) // at most nine digits
				return code
			}
		}
	}
	return 0
}

var (
	nonWord = regexp.MustCompile(`[^a-z0-9]+`)
	utmName = regexp.MustCompile(`^(wgs_1984|wgs_84|etrs_1989|etrs89|nad_1983|nad83|nad_1927|nad27)_utm_zone_(\d{1,2})([ns])$`)
)

// simpleName is a name in small letters, words joined by underscores.
func simpleName(name string) string {
	return strings.Trim(nonWord.ReplaceAllString(strings.ToLower(name), "_"), "_")
}

// named returns the EPSG code of a CRS known by its name alone, 0 if not.
func named(name string) int {
	name = simpleName(name)
	switch name {
	case "gcs_wgs_1984", "wgs_84", "wgs_1984":
		return 4326
	case "gcs_north_american_1983", "nad83":
		return 4269
	case "gcs_north_american_1927", "nad27":
		return 4267
	}
	m := utmName.FindStringSubmatch(name)
	if m == nil {
		return systems().code[name]
	}
	zone, _ := strconv.Atoi(m[2]) // two digits
	return UTM{Zone: zone, South: m[3] == "s", Datum: datumOf(m[1])}.EPSG()
}

// Datum is the horizontal datum of a UTM zone.
type Datum string

// The datums whose UTM zones are recognised, under ENVI's names. It has none for
// Europe's.
const (
	WGS84  Datum = "WGS-84"
	NAD83  Datum = "North America 1983"
	NAD27  Datum = "North America 1927"
	ETRS89 Datum = "ETRS89"
)

func datumOf(prefix string) Datum {
	switch {
	case strings.HasPrefix(prefix, "wgs"):
		return WGS84
	case strings.HasPrefix(prefix, "etrs"):
		return ETRS89
	case strings.HasSuffix(prefix, "83"):
		return NAD83
	}
	return NAD27
}

// UTM is a zone of the universal transverse Mercator projection.
type UTM struct {
	Zone  int // 1 to 60
	South bool
	Datum Datum
}

// EPSG returns the code of the zone, 0 where the registry's regular ranges have none.
func (u UTM) EPSG() int {
	first, last, base := 1, 60, 0
	switch {
	case u.Datum == WGS84 && u.South:
		base = 32700
	case u.Datum == WGS84:
		base = 32600
	case u.Datum == NAD83 && !u.South:
		last, base = 23, 26900
	case u.Datum == NAD27 && !u.South:
		last, base = 22, 26700
	case u.Datum == ETRS89 && !u.South:
		first, last, base = 28, 38, 25800
	}
	if base == 0 || u.Zone < first || u.Zone > last {
		return 0
	}
	return base + u.Zone
}

// UTM returns the zone that the CRS is, and false where it is none that EPSG
// codes tell.
func (c CRS) UTM() (UTM, bool) {
	for _, u := range []UTM{{Datum: WGS84}, {Datum: WGS84, South: true}, {Datum: NAD83}, {Datum: NAD27}, {Datum: ETRS89}} {
		u.Zone = c.EPSG % 100
		if c.EPSG != 0 && u.EPSG() == c.EPSG {
			return u, true
		}
	}
	return UTM{}, false
}
