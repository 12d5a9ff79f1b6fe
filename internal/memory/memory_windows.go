package memory

import (
	"unsafe"

	"golang.org/x/sys/windows"
)

var globalMemoryStatus = windows.NewLazySystemDLL("kernel32.dll").NewProc("GlobalMemoryStatusEx")

// memoryStatus is MEMORYSTATUSEX.
type memoryStatus struct {
	length, load                                    uint32
	physical, physicalFree, committable, commitFree uint64
	virtual, virtualFree, virtualFreeExtended       uint64
}

// total returns the bytes of memory and page file that programs may commit to, 0 where
// they are not known.
func total() float64 {
	s := memoryStatus{length: uint32(unsafe.Sizeof(memoryStatus{}))}
	if globalMemoryStatus.Find() != nil {
		return 0
	}
	if ok, _, _ := globalMemoryStatus.Call(uintptr(unsafe.Pointer(&s))); ok == 0 {
		return 0
	}
	return float64(max(s.physical, s.committable))
}
