package rsdata

import (
	"encoding/binary"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"diffclip/internal/georef"
)

// Wavelengths beside the spectra are theirs where they are as many, in whatever unit, and can be wavelengths.
func TestOpenTakesWavelengthsBesideSpectra(t *testing.T) {
	numbers := func(v ...float64) []byte {
		b, err := binary.Append(nil, binary.LittleEndian, v)
		if err != nil {
			t.Fatal(err)
		}
		return npyFile("<f8", fmt.Sprint(len(v), ","), b)
	}
	cube := npyFile("|u1", "6, 5, 3", make([]byte, 90))
	for _, c := range []struct {
		members []any
		want    []float64
		note    string
	}{
		{[]any{"hsi", cube, "wavelengths", numbers(0.5, 1, 2.5)}, []float64{500, 1000, 2500}, ""},
		{[]any{"hsi", cube, "Band_Wavelength", numbers(450, 550, 650), "fwhm", numbers(5, 5, 5)}, []float64{450, 550, 650}, ""},
		{[]any{"hsi", cube, "wavelength", numbers(450, 550)}, nil, ""},
		{[]any{"hsi", cube, "wavelength", numbers(450, 550, 650), "center_wavelengths", numbers(1, 2, 3)}, nil, ""},
		{[]any{"hsi", cube, "wavelength", numbers(450, math.NaN(), 650)}, nil, "left out"},
		{[]any{"hsi", cube, "wavelength", numbers(0, 1, 2)}, nil, "left out"},
		{[]any{"hsi", cube, "wavelength", numbers(450, math.Inf(1), 650)}, nil, "left out"},
	} {
		path := filepath.Join(t.TempDir(), "a.npz")
		writeFile(t, path, npzFile(t, c.members...))
		got, err := loadRaster(path+":hsi", [2]int{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got.wavelengths, c.want) || strings.Contains(strings.Join(got.notes, ""), "left out") != (c.note != "") {
			t.Errorf("%q: wavelengths %v, notes %q, want %v", c.members, got.wavelengths, got.notes, c.want)
		}
	}
}

func TestOpenFlight(t *testing.T) {
	d, err := Open(filepath.Join("testdata", "flight.h5"))
	if err != nil {
		t.Fatal(err)
	}
	m, s := d.Modalities[0], d.Scenes[0]
	if !slices.Equal(m.Wavelengths, []float64{450, 550, 650, 1400}) {
		t.Errorf("wavelengths %v", m.Wavelengths)
	}
	if s.Grid == nil || s.Grid.CRS.EPSG != 32610 || s.Grid.Transform != georef.NorthUp(547000, 5061000, 2, 2) {
		t.Errorf("grid %+v", s.Grid)
	}
}

// Spectra that are stored line by line are read pixel by pixel.
func TestOpenLines(t *testing.T) {
	path := filepath.Join("testdata", "lines.he5")
	d, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	s := d.Scenes[0]
	if s.H != 6 || s.W != 5 || d.Modalities[0].Bands != 4 {
		t.Fatalf("%d x %d x %d, want 6 x 5 x 4", s.H, s.W, d.Modalities[0].Bands)
	}
	for i := range s.Rasters[0].Array.Len() {
		row, col, b := i/20, i/4%5, i%4
		if got, want := s.Rasters[0].At(row, col, b), float64(10*row+col+60*b); got != want {
			t.Errorf("row %d, column %d, band %d: %v, want %v", row, col, b, got, want)
		}
	}
	if in, err := Inspect(path); err != nil || !slices.Equal(in.Files[0].Variables[0].Shape, []int{6, 5, 4}) {
		t.Errorf("%+v, %v", in, err)
	}
}

// What is called as such spectra are and holds other values is told, whatever it says of their class.
func TestLinesOfOtherValues(t *testing.T) {
	path := filepath.Join("testdata", "lines_miscalled.h5")
	in, err := Inspect(path)
	if err != nil {
		t.Fatal(err)
	}
	if p := in.Files[0].Variables[0].Problem; p == nil || !strings.Contains(p.Error(), path) || !strings.Contains(p.Error(), "stored as float64") {
		t.Errorf("problem %v", p)
	}
}
