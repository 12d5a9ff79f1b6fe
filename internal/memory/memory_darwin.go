package memory

import "golang.org/x/sys/unix"

// total returns the bytes of memory, 0 where they are not known.
func total() float64 {
	n, err := unix.SysctlUint64("hw.memsize")
	if err != nil {
		return 0
	}
	return float64(n)
}
