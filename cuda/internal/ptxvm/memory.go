package ptxvm

import (
	"fmt"
	"math"
)

// Memory is a device's global memory, in words of 4 bytes. Each allocation has
// an address range of its own, far from the others.
type Memory struct {
	regions map[uint64]*region
	next    uint64
	serial  uint32 // counts launches
}

// windowBits is the size of an allocation's address range.
const windowBits = 34

// Alloc returns the address of memory for n words, of which none is set.
func (m *Memory) Alloc(n int) uint64 {
	if m.regions == nil {
		m.regions = map[uint64]*region{}
	}
	m.next++
	m.regions[m.next] = newRegion(n)
	return m.next << windowBits
}

// Free ends an allocation: to use it later is an error.
func (m *Memory) Free(addr uint64) { delete(m.regions, addr>>windowBits) }

// find returns the region of an address and the word's place in it.
func (m *Memory) find(addr uint64) (*region, uint64) {
	r := m.regions[addr>>windowBits]
	if r == nil {
		panic(fault("address %#x is in no allocation", addr))
	}
	return r, addr & (1<<windowBits - 1)
}

// Put writes words at addr.
func (m *Memory) Put(addr uint64, words []uint32) (err error) {
	defer catch(&err)
	r, at := m.find(addr)
	i := r.place(at, 4, len(words))
	copy(r.words[i:], words)
	for k := range words {
		r.set[i+k] = always
	}
	return nil
}

// Get reads n words at addr; all must have been set.
func (m *Memory) Get(addr uint64, n int) (words []uint32, err error) {
	defer catch(&err)
	r, at := m.find(addr)
	i := r.place(at, 4, n)
	for k := range n {
		if r.set[i+k] == never {
			panic(fault("word %d of %d at %#x was never set", k, n, addr))
		}
	}
	return append(words, r.words[i:i+n]...), nil
}

// Snapshot returns the first address and a copy of the words of the allocation
// that addr is in, set or not; nothing if it is in none.
func (m *Memory) Snapshot(addr uint64) (base uint64, words []uint32) {
	r := m.regions[addr>>windowBits]
	if r == nil {
		return 0, nil
	}
	return addr >> windowBits << windowBits, append(words, r.words...)
}

// PutFloats writes float32 values at addr.
func (m *Memory) PutFloats(addr uint64, v []float32) error {
	words := make([]uint32, len(v))
	for i, x := range v {
		words[i] = math.Float32bits(x)
	}
	return m.Put(addr, words)
}

// Floats reads n float32 values at addr.
func (m *Memory) Floats(addr uint64, n int) ([]float32, error) {
	words, err := m.Get(addr, n)
	v := make([]float32, len(words))
	for i, w := range words {
		v[i] = math.Float32frombits(w)
	}
	return v, err
}

// region is memory in words: an allocation, or the shared memory of a block.
type region struct {
	words []uint32
	set   []uint32 // the serial number of the block or launch that wrote the word, or always
	wrote []access
	read  [2][]access // the last two readers
	gap   []bool      // words that belong to no array, nil for none
}

const (
	never  = 0
	always = math.MaxUint32
)

func newRegion(n int) *region {
	return &region{words: make([]uint32, n), set: make([]uint32, n), wrote: make([]access, n), read: [2][]access{make([]access, n), make([]access, n)}}
}

// access says who used a word, and when: the numbers of barriers that the block
// and the warp had passed.
type access struct{ serial, thread, barriers, warpBarriers uint32 }

// Threads are numbered block*maxThreads + thread.
const (
	maxThreads = 1024
	warpSize   = 32
)

// before reports whether a barrier, or the program's order, puts a before b, which is later.
func (a access) before(b access) bool {
	if a.serial != b.serial || a.thread == b.thread {
		return true
	}
	if a.thread/maxThreads != b.thread/maxThreads {
		return false
	}
	return a.barriers != b.barriers || a.thread/warpSize == b.thread/warpSize && a.warpBarriers != b.warpBarriers
}

// place checks an access of n values of size bytes at byte at, and returns its first word.
func (r *region) place(at uint64, size, n int) int {
	bytes, all := uint64(size*n), uint64(4*len(r.words))
	if at > all || at+bytes > all {
		panic(fault("bytes %d to %d of an allocation of %d", at, at+bytes-1, all))
	}
	if at%uint64(max(size, 1)) != 0 {
		panic(fault("byte %d of an allocation is no multiple of %d", at, size))
	}
	i := int(at / 4)
	for k := i; r.gap != nil && k < i+size*n/4; k++ {
		if r.gap[k] {
			panic(fault("byte %d of shared memory is in no array", 4*k))
		}
	}
	return i
}

// load returns word i. Words of an earlier serial number count as unset where shared is true.
func (r *region) load(i int, now access, shared bool) uint32 {
	if s := r.set[i]; s == never || shared && s != now.serial {
		panic(fault("word %d is read before it was set", i))
	}
	if w := r.wrote[i]; !w.before(now) {
		panic(fault("race: word %d is read by %s and was written by %s with no barrier between", i, now, w))
	}
	if r.read[0][i].thread != now.thread || r.read[0][i].serial != now.serial {
		r.read[1][i] = r.read[0][i]
	}
	r.read[0][i] = now
	return r.words[i]
}

// store sets word i.
func (r *region) store(i int, v uint32, now access) {
	for _, other := range [3]access{r.wrote[i], r.read[0][i], r.read[1][i]} {
		if !other.before(now) {
			panic(fault("race: word %d is written by %s and was used by %s with no barrier between", i, now, other))
		}
	}
	r.words[i], r.set[i], r.wrote[i] = v, now.serial, now
}

// String names the thread.
func (a access) String() string {
	return fmt.Sprintf("thread %d of block %d", a.thread%maxThreads, a.thread/maxThreads)
}

// faultError is what a running kernel panics with; Launch and Memory's methods return it.
type faultError struct{ msg string }

func fault(format string, args ...any) *faultError { return &faultError{fmt.Sprintf(format, args...)} }

func (e *faultError) Error() string { return "ptx: " + e.msg }

// catch turns a fault into an error; other panics go on.
func catch(err *error) {
	switch e := recover().(type) {
	case nil:
	case *faultError:
		*err = e
	default:
		panic(e)
	}
}
