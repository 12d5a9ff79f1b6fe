package tiff

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"diffclip/internal/numeric"
)

// Both byte orders come from the same planes: most significant byte first.
func TestFloatPredictorByteOrders(t *testing.T) {
	values := []float32{1, -2.5, 3e10, -4e-10, 5, 6}
	row := make([]byte, 24)
	for i, v := range values {
		binary.LittleEndian.PutUint32(row[4*i:], math.Float32bits(v))
	}
	for _, samples := range []int{1, 2, 3} {
		coded := bytes.Clone(row)
		diffFloats(coded, make([]byte, 24), samples)
		if samples == 1 && (coded[0] != 0x3f || coded[1] != 0xc0-0x3f) {
			t.Fatalf("the first plane begins %x, want the high bytes' differences", coded[:2])
		}
		for _, big := range []bool{false, true} {
			f := numeric.Format{Type: numeric.Float32, BigEndian: big}
			got := bytes.Clone(coded)
			unpredict(got, 3, 6/samples, samples, f)
			for i, v := range values {
				if x := math.Float32frombits(order(f).Uint32(got[4*i:])); x != v {
					t.Errorf("%d samples, big-endian %v: value %d is %v, want %v", samples, big, i, x, v)
				}
			}
		}
	}
}

func TestSampleDifferences(t *testing.T) {
	row := make([]byte, 24)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range row {
		row[i] = byte(r.Uint32())
	}
	for _, samples := range []int{1, 2, 3, 12} {
		got := bytes.Clone(row)
		diffSamples(got, samples)
		unpredict(got, 2, 12/samples, samples, numeric.Format{Type: numeric.Uint16})
		if !bytes.Equal(got, row) {
			t.Errorf("%d samples: %x, want %x", samples, got, row)
		}
	}
}

// packLZW is the reference encoder: codes for single bytes only, or the longest
// known string, from a map.
func packLZW(src []byte) []byte {
	var out []byte
	var acc, have uint
	width := uint(9)
	emit := func(code int) {
		acc, have = acc<<width|uint(code), have+width
		for have >= 8 {
			have -= 8
			out = append(out, byte(acc>>have))
		}
	}
	table := map[string]int{}
	code := func(s string) int {
		if len(s) == 1 {
			return int(s[0])
		}
		return table[s]
	}
	emit(256)
	s := ""
	for _, b := range src {
		next := s + string([]byte{b})
		if _, ok := table[next]; ok || len(next) == 1 {
			s = next
			continue
		}
		emit(code(s))
		table[next] = 258 + len(table)
		switch n := 258 + len(table) - 1; n { // the entry just made
		case 511, 1023, 2047:
			width++
		case 4094:
			emit(256)
			table, width = map[string]int{}, 9
		}
		s = string([]byte{b})
	}
	if s != "" {
		emit(code(s))
	}
	if n := 258 + len(table); n == 511 || n == 1023 || n == 2047 {
		width++
	}
	emit(257)
	return append(out, byte(acc<<(8-have)))
}

func TestLZW(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for n, alphabet := range map[int]uint32{1: 2, 2: 1, 500: 256, 20_000: 2, 70_000: 256, 100_000: 1, 150_000: 7} {
		src := make([]byte, n)
		for i := range src {
			src[i] = byte(r.Uint32N(alphabet))
		}
		got, err := unpackLZW(nil, packLZW(src), n)
		if err != nil || !bytes.Equal(got, src) {
			t.Errorf("%d bytes of %d kinds: %d bytes back, %v", n, alphabet, len(got), err)
		}
	}
}

func TestUnpackErrors(t *testing.T) {
	var z bytes.Buffer
	w := zlib.NewWriter(&z)
	w.Write(make([]byte, 1000))
	w.Close()
	wrongSum := bytes.Clone(z.Bytes())
	wrongSum[len(wrongSum)-1] ^= 1
	for _, c := range []struct {
		name        string
		compression int
		packed      []byte
		want        string
	}{
		{"deflate, short", compressionDeflate, z.Bytes(), "expected 2000 bytes of pixels, found 1000"},
		{"deflate, truncated", compressionDeflate, z.Bytes()[:8], "unexpected EOF"},
		{"deflate, not", compressionDeflate, []byte("hello"), "invalid header"},
		{"deflate, checksum", compressionDeflate0, wrongSum, "checksum"},
		{"PackBits, literal", compressionPackBits, []byte{5, 1, 2}, "within a run"},
		{"PackBits, repeat", compressionPackBits, []byte{0xfe}, "within a run"},
		{"PackBits, short", compressionPackBits, []byte{0x80, 0xfe, 7}, "found 3"},
		{"LZW, code from nowhere", compressionLZW, []byte{0x80, 0x60, 0x00}, "is the next new one"},
		{"LZW, nothing", compressionLZW, nil, "found 0"},
		{"LZW, old", compressionLZW, []byte{0, 1, 2}, "before TIFF 6.0"},
	} {
		want := 2000
		if strings.Contains(c.name, "checksum") {
			want = 1000
		}
		if _, err := (&unpacker{packed: c.packed}).unpack(c.compression, want, nil); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
	if got, err := unpackBits(nil, []byte{0x80, 2, 1, 2, 3, 0xfe, 7}, 6); err != nil || !reflect.DeepEqual(got, []byte{1, 2, 3, 7, 7, 7}) {
		t.Errorf("PackBits: %v %v", got, err)
	}
}
