package interleave

import (
	"bytes"
	"testing"
)

func TestBand(t *testing.T) {
	for _, size := range []int{1, 2, 4, 8} {
		const pixels, bands = 5, 3
		got, want := make([]byte, pixels*bands*size), make([]byte, pixels*bands*size)
		for band := range bands {
			src := make([]byte, pixels*size)
			for i := range src {
				src[i] = byte(100*band + i)
				want[(i/size*bands+band)*size+i%size] = src[i]
			}
			Band(got, src, band, bands, size)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("size %d: %v, want %v", size, got, want)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("samples of 3 bytes: no panic")
		}
	}()
	Band(make([]byte, 3), make([]byte, 3), 0, 1, 3)
}
