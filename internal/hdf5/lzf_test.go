package hdf5

import "testing"

func TestLZF(t *testing.T) {
	for _, c := range []struct{ packed, want string }{
		{"\x02abc", "abc"},
		{"\x00a\x20\x00", "aaaa"},                     // a run of three that goes into itself
		{"\x01ab\xe0\x01\x01", "ababababababab"[:12]}, // nine and one more
		{"", ""},
	} {
		if got, err := unpackLZF([]byte(c.packed), 12); err != nil || string(got) != c.want {
			t.Errorf("%q: %q, %v, want %q", c.packed, got, err, c.want)
		}
	}
	for _, packed := range []string{"\x02ab", "\x00a\x20", "\x00a\xe0", "\x00a\xe0\x00", "\x00a\x20\x01", "\x00a\xe0\x04\x00"} {
		if got, err := unpackLZF([]byte(packed), 12); err == nil {
			t.Errorf("%q gives %q", packed, got)
		}
	}
}
