package rsdata

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"diffclip/internal/matfile"
)

// Satellites' products say what their bands are in places of their own: EnMAP and DESIS in a METADATA.XML beside the
// spectra, PRISMA in attributes of the whole file.

// spectralImage is how EnMAP and DESIS call their spectra; what precedes is the product's name.
var spectralImage = regexp.MustCompile(`(?i)^(.*)SPECTRAL_IMAGE\.tiff?$`)

// readProduct takes the wavelengths of a product's bands from the METADATA.XML beside its spectra, if path is such and
// the spectra do not tell themselves.
func (c *content) readProduct(path string) {
	m := spectralImage.FindStringSubmatch(filepath.Base(path))
	if m == nil || c.wavelengths != nil {
		return
	}
	for _, ext := range []string{"METADATA.XML", "METADATA.xml"} {
		name := m[1] + ext
		w, err := productWavelengths(filepath.Join(filepath.Dir(path), name))
		bands := c.array.Shape[2]
		switch {
		case errors.Is(err, os.ErrNotExist):
			continue
		case err != nil:
			c.notes = append(c.notes, fmt.Sprintf("%s, which should tell the wavelengths, cannot be read: %v", name, err))
		case len(w) != bands:
			c.notes = append(c.notes, fmt.Sprintf("%s lists %d wavelengths for %d bands, and they are left out", name, len(w), bands))
		default:
			c.wavelengths = w
		}
		return
	}
}

// mostProductXML is how much of a METADATA.XML is read.
const mostProductXML = 32 << 20

// productWavelengths reads the centres of bands, in nanometres and the order of their numbers.
func productWavelengths(path string) ([]float64, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() { // opening a named pipe would wait for ever
		return nil, errors.New("it is no file")
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return parseProductXML(io.LimitReader(file, mostProductXML))
}

// productBand is what a METADATA.XML says of a band: EnMAP in a bandID with its number as an attribute, DESIS in a band
// with its number as an element.
type productBand struct {
	Attribute string `xml:"number,attr"`
	Element   string `xml:"bandNumber"`
	Center    string `xml:"wavelengthCenterOfBand"`
}

func parseProductXML(r io.Reader) ([]float64, error) {
	d := xml.NewDecoder(r)
	d.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil } // numbers are ASCII in all
	for {
		token, err := d.Token()
		if err == io.EOF {
			return nil, errors.New("no bandCharacterisation in it")
		}
		if err != nil {
			return nil, err
		}
		start, ok := token.(xml.StartElement)
		if !ok || start.Name.Local != "bandCharacterisation" {
			continue
		}
		var list struct {
			EnMAP []productBand `xml:"bandID"`
			DESIS []productBand `xml:"band"`
		}
		if err := d.DecodeElement(&list, &start); err != nil {
			return nil, err
		}
		return centers(append(list.EnMAP, list.DESIS...))
	}
}

// centers puts the bands' wavelengths into the order of their numbers, which begin with 1.
func centers(bands []productBand) ([]float64, error) {
	w := make([]float64, len(bands))
	for _, b := range bands {
		text := strings.TrimSpace(b.Attribute + b.Element)
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > len(w) || w[n-1] != 0 {
			return nil, fmt.Errorf("band number %q, expected each of 1 to %d once", text, len(w))
		}
		v, err := strconv.ParseFloat(strings.TrimSpace(b.Center), 64)
		if err != nil || !(v > 0) || v-v != 0 {
			return nil, fmt.Errorf("band %d: wavelengthCenterOfBand %q, expected nanometres", n, b.Center)
		}
		w[n-1] = v
	}
	return w, nil
}

// readPRISMA takes the wavelengths of one of PRISMA's cubes, "VNIR" or "SWIR", from the attributes of the file. Bands
// without one hold no measurements: they are marked as bad, and the nearest band's stands in.
func (c *content) readPRISMA(f *matfile.File, detector string) {
	name := "List_Cw_" + detector[:1] + strings.ToLower(detector[1:])
	a, err := f.RootNumbers(name)
	if err != nil {
		c.notes = append(c.notes, fmt.Sprintf("the wavelengths in its attribute %s cannot be read: %v", name, err))
	}
	if err != nil || a == nil {
		return
	}
	w, bands := float64s(a), c.array.Shape[2]
	if len(w) != bands {
		c.notes = append(c.notes, fmt.Sprintf("its attribute %s lists %d wavelengths for %d bands, and they are left out", name, len(w), bands))
		return
	}
	good := make([]bool, bands)
	for i, v := range w {
		good[i] = v > 0
	}
	if !slices.Contains(good, false) {
		c.wavelengths = w
		return
	}
	if !slices.Contains(good, true) {
		return
	}
	for i := range w {
		w[i] = w[nearestOf(good, i)]
	}
	c.wavelengths, c.good = w, good
	c.notes = append(c.notes, fmt.Sprintf("bands without a wavelength in its attribute %s hold no measurements and are marked as bad", name))
}

// nearestOf returns the index next to i, or i itself, at which is true stands; there is one.
func nearestOf(is []bool, i int) int {
	for d := 0; ; d++ {
		if i-d >= 0 && is[i-d] {
			return i - d
		}
		if i+d < len(is) && is[i+d] {
			return i + d
		}
	}
}
