package tiff

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// JPEG reads as GDAL reads it, but for the rounding of the cosine transform, which the standard leaves open: by one, and
// by up to 1 + 1.77 and another rounding where colours come of luminance and differences.
func TestReadJPEG(t *testing.T) {
	files, err := filepath.Glob("testdata/jpeg/*.tif")
	if err != nil || len(files) != 9 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		f := open(t, file)
		got, want := readAll(t, f), readAll(t, open(t, strings.TrimSuffix(file, ".tif")+".gdal"))
		if got.Len() != want.Len() {
			t.Errorf("%s: %v values, want %v", file, got.Shape, want.Shape)
			continue
		}
		most, sum := 0.0, 0.0
		for i := range got.Len() {
			d := max(got.At64(i)-want.At64(i), want.At64(i)-got.At64(i))
			most, sum = max(most, d), sum+d
		}
		limit, mean := 1.0, 0.05
		if strings.Contains(file, "ycbcr") || strings.Contains(file, "cog") {
			limit, mean = 3, 0.25
		}
		if most > limit || sum/float64(got.Len()) > mean {
			t.Errorf("%s: values differ from GDAL's by up to %v, by %v in the mean", file, most, sum/float64(got.Len()))
		}
		rows, err := f.ReadRows(16, 3)
		if err != nil || !bytes.Equal(rows.Data.([]uint8), got.Data.([]uint8)[16*f.Width*f.Bands:19*f.Width*f.Bands]) {
			t.Errorf("%s: three rows differ from the same rows of the whole, %v", file, err)
		}
	}
	mask, err := open(t, "testdata/jpeg/ycbcr_tile.tif").ReadMask()
	if err != nil || len(mask) != 45*37 || mask[0] || !mask[1] {
		t.Errorf("a mask of %d pixels, %v", len(mask), err)
	}
}

func TestRefusedJPEG(t *testing.T) {
	read := func(name string) []byte {
		b, err := os.ReadFile("testdata/jpeg/" + name + ".tif")
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	rgb, grey := read("rgb_strip"), read("grey_strip")
	for _, c := range []struct {
		name string
		b    []byte
		want string
	}{
		{"two bands", put16(t, rgb, tagSamplesPerPixel, 2), "JPEG of 2 bands in one stream; 1, 3 and 4 are read, and any number where each band has its own; convert it with: gdal_translate -co COMPRESS=DEFLATE "},
		{"another number of bands", put16(t, grey, tagSamplesPerPixel, 3), "another number of bands than the image, which has 3"},
		{"another width", put16(t, grey, tagImageWidth, 44), "block 2 of 3: JPEG: a stream of 45 x 16 pixels, expected 44 x 16"},
		{"twelve bits", put16(t, grey, tagBitsPerSample, 16), "JPEG holds bytes, but the samples are uint16"},
		{"no tables", bytes.Replace(rgb, []byte{0xff, 0xd8, 0xff, 0xdb}, []byte{0xff, 0xd7, 0xff, 0xdb}, 1), "JPEG tables (tag 347) are damaged"},
		{"cut short", append(bytes.Clone(grey[:len(grey)-40]), make([]byte, 40)...), "block 3 of 3: JPEG: "},
		{"luminance and differences", put16(t, read("cog"), tagCompression, 8), "differences (YCbCr) that are not JPEG"},
	} {
		if _, err := readBytes(c.b); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}
