package hdf5

import "fmt"

// unpackLZF undoes LZF, Marc Lehmann's liblzf, into at most limit bytes. A byte below 32 begins a run of one to 32
// bytes as they stand. Another tells, in its three high bits, the length of a run of what came out before, and in its
// five low bits and one byte more how far back that lies; the highest length goes on in a byte between the two.
func unpackLZF(b []byte, limit int) ([]byte, error) {
	var out []byte
	for len(b) > 0 {
		head := int(b[0])
		b = b[1:]
		if head < 32 {
			if head >= len(b) {
				return nil, fmt.Errorf("broken compression: %w", errShort)
			}
			out = append(out, b[:head+1]...)
			b = b[head+1:]
		} else {
			n := head>>5 + 2
			if n == 9 && len(b) > 0 {
				n += int(b[0])
				b = b[1:]
			}
			if len(b) == 0 {
				return nil, fmt.Errorf("broken compression: %w", errShort)
			}
			from := len(out) - (head&31<<8 + int(b[0]) + 1)
			b = b[1:]
			if from < 0 {
				return nil, fmt.Errorf("broken compression: a run begins %d bytes before the first", -from)
			}
			for ; n > 0; n-- { // a run may go into itself
				out = append(out, out[from])
				from++
			}
		}
		if len(out) > limit {
			return nil, fmt.Errorf("broken compression: more than the %d bytes of a chunk", limit)
		}
	}
	return out, nil
}
