//go:build linux || darwin

package kern

import (
	"os"
	"syscall"
	"testing"
	"unsafe"
)

// guarded returns n floats of which the last is at the end of a page and the
// next page cannot be read: a kernel that goes past the end crashes the test.
func guarded(t testing.TB, n int) (data []float32, free func()) {
	page := os.Getpagesize()
	size := (4*n + page - 1) / page * page
	mem, err := syscall.Mmap(-1, 0, size+page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mprotect(mem[size:], syscall.PROT_NONE); err != nil {
		t.Fatal(err)
	}
	free = func() {
		if err := syscall.Munmap(mem); err != nil {
			t.Error(err)
		}
	}
	if n == 0 {
		return nil, free
	}
	return unsafe.Slice((*float32)(unsafe.Pointer(&mem[size-4*n])), n), free
}
