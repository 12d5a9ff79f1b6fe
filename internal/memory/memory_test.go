package memory

import (
	"math"
	"runtime"
	"strings"
	"testing"
)

func TestCheck(t *testing.T) {
	const machine = 16 << 30
	for _, c := range []struct {
		bytes, total float64
		want         string
	}{
		{1, machine, ""},
		{machine, machine, ""},
		{machine + 1, 0, ""},
		{24 << 30, machine, "takes at least 24 GiB of memory, this machine has 16 GiB"},
		{1 << 60, machine, "takes at least 1073741824 GiB of memory"},
		{5 << 20, 1536 << 10, "takes at least 5 MiB of memory, this machine has 1.5 MiB"},
		{math.Inf(1), machine, "this machine has 16 GiB"},
	} {
		err := check(c.bytes, c.total)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%g of %g bytes: %v, want %q", c.bytes, c.total, err, c.want)
		}
	}
}

func TestTotal(t *testing.T) {
	if err := Check(1 << 20); err != nil {
		t.Errorf("a MiB does not fit: %v", err)
	}
	if runtime.GOOS != "linux" && runtime.GOOS != "darwin" && runtime.GOOS != "windows" {
		t.Skip("the size of the memory is not known here")
	}
	if n := total(); n < 64<<20 || n > 1<<50 {
		t.Errorf("the machine has %g bytes", n)
	}
	if Check(1<<60) == nil {
		t.Error("an exbibyte fits")
	}
}
