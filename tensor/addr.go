package tensor

import "unsafe"

// addr returns the address of the first element.
func addr(s []float32) uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(s))) }
