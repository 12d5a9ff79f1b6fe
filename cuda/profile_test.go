package cuda

import (
	"strings"
	"testing"

	"diffclip/tensor"
)

// TestProfile counts what is timed, and holds the result to that of plain work.
func TestProfile(t *testing.T) {
	b := open(t, Options{Precision: F32}, "async")
	x, y, z := b.Get(tensor.Of(3, 4)), b.Get(tensor.Of(4, 5)), b.Get(tensor.Of(3, 5))
	b.Fill(x, 2)
	b.Fill(y, 3)
	b.StartProfile()
	for range 2 {
		b.MatMul(z, x, y, false, false, 1, 0)
		b.Scale(z, z, 10)
		z.Zero()
		b.MatMul(z, x, y, false, false, 1, 1)
		if got := z.Host(); got[14] != 24 {
			t.Errorf("a product is %v, want 24", got[14])
		}
	}
	calls := map[string]int{}
	for _, r := range b.StopProfile() {
		calls[r.Name] = r.Calls
		if strings.HasPrefix(r.Name, "product") != (r.FLOP > 0) || r.FLOP > 0 && r.FLOP != 4*2*3*4*5 {
			t.Errorf("%s: %v FLOP", r.Name, r.FLOP)
		}
		if r.Time < 0 {
			t.Errorf("%s took %v", r.Name, r.Time)
		}
	}
	for name, want := range map[string]int{"product 3x5x4": 4, "scale, 1 blocks of 256": 2, "setting 60 bytes": 2, "download of 60 bytes": 2} {
		if calls[name] != want {
			t.Errorf("%s: %d calls, want %d of %v", name, calls[name], want, calls)
		}
	}
}

// TestProfileOfLostDevice: a failure while commands are timed is no less one.
func TestProfileOfLostDevice(t *testing.T) {
	b := open(t, Options{}, "lose=2")
	x := b.Get(tensor.Of(3))
	b.StartProfile()
	err := deviceError(func() {
		b.Fill(x, 1)
		b.Scale(x, x, 2)
		x.Host()
	})
	if err == nil || !strings.Contains(err.Error(), "LAUNCH_FAILED") {
		t.Errorf("error %v", err)
	}
}
