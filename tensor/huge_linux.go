package tensor

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// adviseHuge asks for x, which nothing was written to yet, to be on huge pages. It
// is a wish: where it is refused all works the same.
func adviseHuge(x []float32) {
	_ = unix.Madvise(unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(x))), 4*len(x)), unix.MADV_HUGEPAGE)
}
