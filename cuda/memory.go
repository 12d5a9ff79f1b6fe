package cuda

import (
	"cmp"
	"math"
	"math/bits"
	"runtime"
	"slices"
	"sync"
	"unsafe"

	"diffclip/cuda/internal/driver"
	"diffclip/cuda/kernels"
	"diffclip/tensor"
)

// block is a piece of device memory: the Buffer of the tensors that lie in it.
type block struct {
	b      *Backend
	at     kernels.Ptr
	class  int           // its size class
	exact  int           // its size in elements instead, if strict
	header tensor.Tensor // what Get returns, so that taking it again allocates nothing
	lent   int           // its place in pool.lent meanwhile
}

// pool hands out blocks and takes them back, by size. All work is queued on one
// stream, so a block can be used again as soon as it is given back: what used it
// before is done before. The lowest address goes out first: which one that is
// depends on what is free and not on the order in which it came back, so the same
// step finds the same addresses, and its graph fits.
type pool struct {
	free  [classes][]*block // the lowest address last
	bytes int               // allocated on the device
	lent  []*block          // by Get, until Put

	strict bool     // see Options.Strict
	dead   []*block // given back since the last wait, if strict

	mu        sync.Mutex
	abandoned []*block // placed tensors that the garbage collector found
}

// classes of sizes: powers of two in four steps from leastBlock on.
const (
	leastBlock = 64 // elements
	classes    = 128
)

// class returns the size class of n elements and the capacity of its blocks.
func class(n int) (c, capacity int) {
	if n <= leastBlock {
		return 0, leastBlock
	}
	e := bits.Len(uint(n-1)) - 1 // 2^e < n <= 2^(e+1)
	quarter := 1 << (e - 2)
	step := (n - 1<<e + quarter - 1) / quarter // 1..4
	return (e-6)*4 + step, 1<<e + step*quarter
}

// take returns a block for n elements.
func (b *Backend) take(n int) *block {
	if n > math.MaxInt32 {
		fail(&SizeError{Elements: n})
	}
	p := &b.pool
	if p.strict {
		return b.takeExact(max(n, 1))
	}
	c, capacity := class(n)
	if len(p.free[c]) == 0 {
		p.collect()
	}
	if list := p.free[c]; len(list) > 0 {
		p.free[c] = list[:len(list)-1]
		return list[len(list)-1]
	}
	return &block{b: b, at: b.allocate(4 * capacity), class: c}
}

func (p *pool) give(k *block) {
	if p.strict {
		p.dead = append(p.dead, k)
		return
	}
	list := p.free[k.class]
	at, _ := slices.BinarySearchFunc(list, k, func(a, b *block) int { return cmp.Compare(b.at, a.at) })
	p.free[k.class] = slices.Insert(list, at, k)
}

// takeExact returns a block of n elements that are not numbers.
func (b *Backend) takeExact(n int) *block {
	k := &block{b: b, at: b.allocate(4 * n), exact: n}
	b.queue(driver.Set(driver.Ptr(k.at), math.Float32bits(float32(math.NaN())), n))
	return k
}

// bury frees the blocks that were given back, if strict. The device has been
// waited for.
func (b *Backend) bury() {
	for _, k := range b.pool.dead {
		b.try(b.dev.Free(driver.Ptr(k.at)))
		b.pool.bytes -= 4 * k.exact
	}
	b.pool.dead = b.pool.dead[:0]
}

// collect takes back blocks whose tensors are gone.
func (p *pool) collect() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, k := range p.abandoned {
		p.give(k)
	}
	p.abandoned = p.abandoned[:0]
}

// allocate asks the driver for memory. Where there is none it gives back what is
// kept for later and asks again.
func (b *Backend) allocate(bytes int) kernels.Ptr {
	at, err := b.dev.Alloc(bytes)
	if isOutOfMemory(err) {
		b.trim()
		at, err = b.dev.Alloc(bytes)
	}
	if isOutOfMemory(err) {
		free, total := b.dev.Memory()
		fail(&MemoryError{Device: b.info.Name, Asked: bytes, Free: free, Total: total, Used: b.pool.bytes})
	}
	b.try(err)
	b.pool.bytes += bytes
	return kernels.Ptr(at)
}

// trim returns all blocks that nobody uses to the driver.
func (b *Backend) trim() {
	b.Sync()
	b.forgetGraphs() // they refer to blocks
	runtime.GC()
	b.pool.collect()
	for c, list := range b.pool.free {
		for _, k := range list {
			b.try(b.dev.Free(driver.Ptr(k.at)))
			b.pool.bytes -= 4 * capacityOf(c)
		}
		b.pool.free[c] = list[:0]
	}
}

// capacityOf is the inverse of class.
func capacityOf(c int) int {
	if c == 0 {
		return leastBlock
	}
	e, step := 6+(c-1)/4, (c-1)%4+1
	return 1<<e + step*(1<<(e-2))
}

// Get returns a tensor with undefined content.
func (b *Backend) Get(s tensor.Shape) *tensor.Tensor {
	k := b.take(s.Len())
	k.header = tensor.OnBuffer(k, 0, s)
	k.lent = len(b.pool.lent)
	b.pool.lent = append(b.pool.lent, k)
	return &k.header
}

// Put takes a tensor back.
func (b *Backend) Put(t *tensor.Tensor) {
	buffer, _ := t.Buffer()
	k, lent := buffer.(*block), b.pool.lent
	last := lent[len(lent)-1]
	lent[k.lent], last.lent = last, k.lent
	b.pool.lent = lent[:len(lent)-1]
	b.pool.give(k)
}

// Recover takes back all that Get gave, and what an operation that found no memory
// had taken, and returns to the driver what is not in use.
func (b *Backend) Recover() {
	noGraphs := b.noGraphs
	b.noGraphs = true // for which there is no memory
	b.flush()
	b.noGraphs = noGraphs
	b.returned = b.returned[:0] // whoever wanted them is gone
	b.done()
	for _, k := range b.pool.lent {
		b.pool.give(k)
	}
	b.pool.lent = b.pool.lent[:0]
	if b.scratch != nil {
		b.pool.give(b.scratch)
		b.scratch = nil
	}
	b.trim()
}

// Place moves a tensor to the device. Its memory comes back when no tensor over
// it is left.
func (b *Backend) Place(t *tensor.Tensor) {
	if buffer, _ := t.Buffer(); buffer != nil {
		if k, ok := buffer.(*block); ok && k.b == b {
			return
		}
	}
	placed := b.keep(b.take(t.Len()))
	host := t.Host()
	*t = tensor.OnBuffer(placed, 0, t.Shape)
	t.Write(host)
}

// keep returns a block over the same memory that goes back to the pool when
// nothing refers to it any more.
func (b *Backend) keep(k *block) *block {
	kept := &block{b: b, at: k.at, class: k.class, exact: k.exact}
	runtime.AddCleanup(kept, b.pool.abandon, k)
	return kept
}

// abandon notes a block for collect. It runs on a goroutine of its own and
// therefore calls nothing of CUDA.
func (p *pool) abandon(k *block) {
	p.mu.Lock()
	p.abandoned = append(p.abandoned, k)
	p.mu.Unlock()
}

// Read copies elements from offset on to dst and waits for them.
func (k *block) Read(dst []float32, offset int) {
	b := k.b
	for len(dst) > 0 {
		n := min(len(dst), b.stage.most/4)
		part, at := b.stage.take(b, 4*n)
		b.queue(driver.Download(at, driver.Ptr(k.at.At(offset)), 4*n))
		b.wait()
		copy(dst, floats(part))
		dst, offset = dst[n:], offset+n
	}
}

// Write copies src to the elements from offset on.
func (k *block) Write(offset int, src []float32) {
	b := k.b
	for len(src) > 0 {
		n := min(len(src), b.stage.most/4)
		part, at := b.stage.take(b, 4*n)
		copy(floats(part), src[:n])
		b.queue(driver.Upload(driver.Ptr(k.at.At(offset)), at, 4*n))
		src, offset = src[n:], offset+n
	}
}

// Zero clears n elements from offset on.
func (k *block) Zero(offset, n int) {
	k.b.queue(driver.Set(driver.Ptr(k.at.At(offset)), 0, n))
}

// floats sees bytes of pinned memory, which is aligned, as float32.
func floats(p []byte) []float32 {
	return unsafe.Slice((*float32)(unsafe.Pointer(unsafe.SliceData(p))), len(p)/4)
}
