package tiff

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"diffclip/internal/numeric"
)

// readBytes opens and reads a whole file, which may be anything.
func readBytes(b []byte) (*numeric.Array, error) {
	f, err := Open(bytes.NewReader(b), int64(len(b)), "in.tif")
	if err != nil {
		return nil, err
	}
	f.Wavelengths(-1)
	if _, err := f.ReadMask(); err != nil {
		return nil, err
	}
	if _, err := f.ReadRows(f.Height/2, 1); err != nil {
		return nil, err
	}
	return f.ReadAll()
}

func small(t testing.TB) [][]byte {
	var all [][]byte
	for _, name := range []string{"lzw2_uint8_tile_band_le", "deflate3_float32_tile_pixel_le", "packbits1_float32_tile_band_le",
		"none1_uint8_strip_pixel_le", "palette_uint8", "metadata_float32", "customcrs_uint8", "sparse_int16", "overview_uint8", "half_float32", "mask_uint8",
		"jpeg/ycbcr_strip", "jpeg/grey_bands", "pages_int16", "imagej_uint16"} {
		b, err := os.ReadFile(filepath.Join("testdata", name+".tif"))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, b)
	}
	return all
}

// A file cut anywhere is refused, or reads as before where only what follows the
// image is gone, or says that it cannot know what followed.
func TestTruncated(t *testing.T) {
	for _, b := range small(t) {
		whole, err := readBytes(b)
		if err != nil {
			t.Fatal(err)
		}
		refused := 0
		for n := range b {
			got, err := readBytes(b[:n])
			if err != nil {
				refused++
			} else if f, _ := Open(bytes.NewReader(b[:n]), int64(n), "cut"); f.Lost == nil && !reflect.DeepEqual(got, whole) {
				t.Fatalf("a file of %d bytes, cut to %d, reads as other pixels", len(b), n)
			}
		}
		if refused < len(b)/3 {
			t.Errorf("only %d of %d truncations of a file are refused", refused, len(b))
		}
	}
}

// Damage to any byte neither panics nor allocates beyond what the file can hold.
func TestDamaged(t *testing.T) {
	var before, after runtime.MemStats
	for _, b := range small(t) {
		for i := range min(len(b), 700) {
			for _, v := range []byte{0, 0xff, 0x7f} {
				c := bytes.Clone(b)
				c[i] = v
				runtime.ReadMemStats(&before)
				readBytes(c)
				runtime.ReadMemStats(&after)
				if got := after.TotalAlloc - before.TotalAlloc; got > 96<<20 {
					t.Fatalf("byte %d set to %#x: %d MB allocated for a file of %d bytes", i, v, got>>20, len(b))
				}
			}
		}
	}
}

// put16 overwrites the inline value of a classic little-endian file's field.
func put16(t *testing.T, b []byte, tag uint16, v uint16) []byte {
	t.Helper()
	b = bytes.Clone(b)
	le := binary.LittleEndian
	dir := b[le.Uint32(b[4:]):]
	for i := range int(le.Uint16(dir)) {
		if e := dir[2+12*i:]; le.Uint16(e) == tag {
			le.PutUint32(e[8:], uint32(v))
			return b
		}
	}
	t.Fatalf("the file has no tag %d", tag)
	return nil
}

func TestRefused(t *testing.T) {
	b, err := os.ReadFile("testdata/plain_uint8.tif")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		b    []byte
		want string
	}{
		{"empty", nil, `begins with II or MM, found ""`},
		{"text", []byte("hello world, this is text"), "begins with II or MM"},
		{"version", []byte("II\x2c\x00\x08\x00\x00\x00"), "version 42 or 43"},
		{"no directory", []byte("II\x2a\x00\x00\x00\x00\x00"), "no full-resolution image"},
		{"loop", []byte("II\x2a\x00\x08\x00\x00\x00\x00\x00\x08\x00\x00\x00"), "no full-resolution image"},
		{"directory beyond", []byte("II\x2a\x00\xff\x00\x00\x00"), "truncated"},
		{"old JPEG", put16(t, b, tagCompression, 6), "compression 6 (old JPEG)"},
		{"ZSTD", put16(t, b, tagCompression, 50000), "compression 50000 (ZSTD); none, LZW, deflate, PackBits and JPEG are read; convert it with: gdal_translate -co COMPRESS=DEFLATE \"in.tif\" \"in_plain.tif\""},
		{"LERC", put16(t, b, tagCompression, 34887), "compression 34887 (LERC); none"},
		{"LZMA", put16(t, b, tagCompression, 34925), "compression 34925 (LZMA); none"},
		{"WebP", put16(t, b, tagCompression, 50001), "compression 50001 (WebP); none"},
		{"no JPEG", put16(t, b, tagCompression, 7), "JPEG: expected a stream, which begins with ff d8"},
		{"bits", put16(t, b, tagBitsPerSample, 1), "samples of 1 bits in sample format 1; 8 to 64-bit integers and 16 to 64-bit floats are read; convert it with: gdal_translate -co NBITS=8 "},
		{"twelve bits", put16(t, b, tagBitsPerSample, 12), "-co NBITS=16 "},
		{"very many bits", put16(t, b, tagBitsPerSample, 65535), "-ot Float32 "},
		{"width", put16(t, b, tagImageWidth, 0), "ImageWidth is 0"},
		{"too few bytes", put16(t, put16(t, b, tagCompression, 1), tagImageWidth, 400), "too few"},
		{"height", put16(t, b, tagImageLength, 60000), "needs"},
		{"rows", put16(t, b, tagRowsPerStrip, 0), "at least 1 x 1"},
	} {
		if _, err := readBytes(c.b); err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "in.tif: ") {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, b := range small(f) {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) < 1<<16 {
			readBytes(b)
		}
	})
}
