package cuda

import (
	"unsafe"

	"diffclip/cuda/internal/driver"
	"diffclip/cuda/kernels"
)

// arguments are what operations are sent besides tensors: indices, places, keys of
// streams, learning rates. They are gathered in pinned memory, and one copy at the
// head of each list of commands takes what the list's operations were given to the
// same place in memory of the device. As with staging, a place is used once
// until the device has been waited for, and steps use two such rooms in turn.
type arguments struct {
	room
	used, sent int
	open       bool   // an operation in progress has places already
	old        []room // that commands may still read
}

// room is pinned memory and as much of the device's.
type room struct {
	bytes []byte
	from  driver.Ptr
	at    kernels.Ptr
}

const (
	leastArguments = 1 << 20
	mostArguments  = 64 << 20 // in one piece: what is longer goes by staging
)

// words copies words of any kind to the device for the operation in progress.
func (b *Backend) words(v []uint32) kernels.Ptr {
	if b.pool.strict || 4*len(v) > mostArguments {
		return b.ownWords(v)
	}
	part, at := b.args.take(b, 4*len(v))
	copy(unsafe.Slice((*uint32)(unsafe.Pointer(unsafe.SliceData(part))), len(v)), v)
	return at
}

// take returns n bytes and where on the device they will be.
func (a *arguments) take(b *Backend, n int) ([]byte, kernels.Ptr) {
	a.open = true
	size := (max(n, 1) + stagingAlign - 1) &^ (stagingAlign - 1)
	if a.used+size > len(a.bytes) {
		a.grow(b, size)
	}
	from := a.used
	a.used += size
	return a.bytes[from : from+n : from+n], a.at + kernels.Ptr(from)
}

// grow takes more room. The old one stays until it has been read.
func (a *arguments) grow(b *Backend, wanted int) {
	b.flush() // sends what the old room has
	size := max(2*len(a.bytes), leastArguments)
	for size < wanted {
		size *= 2
	}
	if a.bytes != nil {
		a.old = append(a.old, a.room)
	}
	bytes, from, err := b.dev.AllocHost(size)
	b.try(err)
	a.room = room{bytes, from, b.allocate(size)}
	a.used, a.sent = 0, 0
}

// send returns the copy of what was gathered since the last one, if anything was.
func (a *arguments) send() (c driver.Command, any bool) {
	lo, hi := a.sent, a.used
	a.sent = a.used
	return driver.Upload(driver.Ptr(a.at)+driver.Ptr(lo), a.from+driver.Ptr(lo), hi-lo), hi > lo
}

// reset makes all room free again: the device has been waited for. An operation in
// progress keeps its places.
func (a *arguments) reset(b *Backend) {
	if a.open {
		return
	}
	a.used, a.sent = 0, 0
	if a.old == nil {
		return
	}
	b.forgetGraphs() // they refer to the old memory
	for _, r := range a.old {
		b.try(b.dev.FreeHost(r.bytes))
		b.try(b.dev.Free(driver.Ptr(r.at)))
		b.pool.bytes -= len(r.bytes)
	}
	a.old = nil
}
