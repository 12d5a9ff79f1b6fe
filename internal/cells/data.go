package cells

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"

	"diffclip/rsdata"
)

// fingerprintPixels is about how many pixels of a scene a fingerprint looks at.
const fingerprintPixels = 4096

// Fingerprint tells datasets apart by their classes, sizes and labels, and by the fingerprint of their values, which
// Values returns.
func Fingerprint(d *rsdata.Dataset, values string) string {
	h := sha256.New()
	put(h, d.Name, values)
	for _, c := range d.Classes {
		put(h, c.Name)
	}
	for _, s := range d.Scenes {
		put(h, s.Objects)
		if s.Shapes != nil {
			put(h, s.Shapes)
		}
		for _, labels := range [][]uint8{s.Labels, s.Train, s.Test} {
			put(h, len(labels))
			h.Write(labels)
		}
	}
	return fmt.Sprintf("%x", h.Sum(nil)[:16])
}

// Values is a fingerprint of what was measured, classes and labels aside: the sizes of all scenes and the values of
// pixels spread over each.
func Values(d *rsdata.Dataset) string {
	h := sha256.New()
	for _, m := range d.Modalities {
		put(h, m.Name, m.Bands)
	}
	var word [8]byte
	for _, s := range d.Scenes {
		put(h, s.Name, s.H, s.W)
		step := max(1, s.H*s.W/fingerprintPixels)
		for _, r := range s.Rasters {
			for at := 0; at < s.H*s.W; at += step {
				for b := range r.Bands() {
					binary.LittleEndian.PutUint64(word[:], math.Float64bits(r.At(at/s.W, at%s.W, b)))
					h.Write(word[:])
				}
			}
		}
	}
	return fmt.Sprintf("%x", h.Sum(nil)[:16])
}

// put adds plain data to a hash.
func put(h io.Writer, values ...any) {
	if err := json.NewEncoder(h).Encode(values); err != nil {
		panic(fmt.Errorf("cells: fingerprint: %w", err))
	}
}
