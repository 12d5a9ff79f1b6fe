package cuda

import "diffclip/cuda/internal/driver"

// staging is memory of the host that the device reads and writes by itself, while
// the program goes on. A place in it is used once until the device has been waited
// for: until then a copy from it may still be to come. There are two, which steps
// use in turn; see Backend.NextStep.
type staging struct {
	bytes []byte
	at    driver.Ptr
	used  int
	most  int // how much can be staged in one piece
}

const (
	leastStaging = 1 << 20
	mostStaging  = 256 << 20
	stagingAlign = 256
)

// take returns n bytes and their address. Where there is no room left it waits
// for the device, and makes more.
func (s *staging) take(b *Backend, n int) ([]byte, driver.Ptr) {
	size := (n + stagingAlign - 1) &^ (stagingAlign - 1)
	if s.used+size > len(s.bytes) {
		s.grow(b, s.used+size)
	}
	from := s.used
	s.used += size
	return s.bytes[from : from+n : from+n], s.at + driver.Ptr(from)
}

// grow waits until nothing reads the old memory and takes one that will do for
// all that was staged since the last wait.
func (s *staging) grow(b *Backend, wanted int) {
	b.wait()
	size := max(len(s.bytes), leastStaging)
	for size < wanted && size < s.most {
		size *= 2
	}
	if size == len(s.bytes) {
		return
	}
	if s.bytes != nil {
		b.forgetGraphs() // they refer to the old memory
		b.try(b.dev.FreeHost(s.bytes))
		s.bytes = nil
	}
	var err error
	s.bytes, s.at, err = b.dev.AllocHost(size)
	b.try(err)
}

// reset makes all room free again: the device has been waited for.
func (s *staging) reset() { s.used = 0 }
