// Package par runs loops on a fixed set of goroutines so that the result does not depend on how many there are.
//
// A loop over [0, n) is cut into chunks of a size the caller chooses, never of a size derived from the number of
// threads. Which worker takes which chunk is left to chance; a loop is therefore deterministic when every chunk
// writes only what belongs to it. A reduction keeps one partial result per chunk, at index lo/grain, and adds the
// partial results in order afterwards.
package par

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
)

// Pool is a set of workers: the goroutine that calls For, which is worker 0, and threads-1 goroutines that live
// until Close.
type Pool struct {
	threads int
	wake    chan struct{}  // one token starts one helper on the current loop
	exited  sync.WaitGroup // helpers that have not returned

	mu     sync.Mutex // held while a loop runs
	closed bool       // guarded by mu

	// The current loop. Written under mu before helpers are woken, read by them.
	fn       func(lo, hi, worker int)
	n, grain int
	next     atomic.Int64   // first index nobody has taken
	pending  sync.WaitGroup // helpers woken and not yet done

	failMu sync.Mutex
	failed bool
	failLo int // start of the earliest chunk that panicked
	fail   any // what it panicked with
}

// errGoexit is what For panics with when fn ended its goroutine instead of returning.
var errGoexit = errors.New("par: the loop body called runtime.Goexit (t.FailNow and t.Fatal do) on a worker")

// New returns a pool of the given number of workers, or of runtime.GOMAXPROCS(0) workers when threads < 1.
// A pool of one worker starts no goroutine.
func New(threads int) *Pool {
	if threads < 1 {
		threads = runtime.GOMAXPROCS(0)
	}
	p := &Pool{
		threads: threads,
		wake:    make(chan struct{}, threads-1),
	}
	p.exited.Add(threads - 1)
	for worker := 1; worker < threads; worker++ {
		go p.help(worker)
	}
	return p
}

// Threads returns the number of workers.
func (p *Pool) Threads() int { return p.threads }

// Chunks returns how many chunks For cuts [0, n) into: ceil(n/grain), and 0 for n <= 0.
func Chunks(n, grain int) int {
	if grain < 1 {
		panic(fmt.Errorf("par: grain %d, want at least 1", grain))
	}
	if n <= 0 {
		return 0
	}
	return (n-1)/grain + 1
}

// For calls fn(lo, hi, worker) for the chunks [0, grain), [grain, 2*grain), ... of [0, n), the last one cut at n,
// and returns when all are done. Chunks start in increasing order and run at the same time. No two chunks of a
// loop that run at the same time have the same worker, in [0, Threads()): it indexes per-worker scratch.
//
// A loop started while the pool is busy, from inside fn or from another goroutine, runs inline: every chunk on the
// goroutine that starts it, as worker 0. Its results are the same, but worker 0 is then not exclusive, so that code
// which indexes scratch by worker must not start such loops. For never waits for another loop and cannot deadlock.
//
// If fn panics, no further chunk starts and For panics with the value of the earliest chunk that panicked, which
// is the one a plain loop would have stopped at. For panics when grain < 1 or the pool is closed.
//
// For itself allocates nothing. A closure written at the call escapes to the heap, so a caller that wants no
// allocation keeps fn in a variable or a struct field and passes arguments through what it captured.
func (p *Pool) For(n, grain int, fn func(lo, hi, worker int)) {
	chunks := Chunks(n, grain)
	if chunks == 0 {
		return
	}
	if !p.mu.TryLock() {
		runInline(n, grain, fn)
		return
	}
	defer p.mu.Unlock()
	if p.closed {
		panic(errors.New("par: For on a closed pool"))
	}
	if chunks == 1 || p.threads == 1 {
		runInline(n, grain, fn)
		return
	}
	p.runShared(n, grain, min(p.threads, chunks)-1, fn)
}

// runInline runs every chunk on the calling goroutine, as worker 0.
func runInline(n, grain int, fn func(lo, hi, worker int)) {
	for lo := 0; lo < n; lo += min(grain, n-lo) {
		fn(lo, lo+min(grain, n-lo), 0)
	}
}

// runShared wakes helpers, takes chunks beside them and waits until they are done.
func (p *Pool) runShared(n, grain, helpers int, fn func(lo, hi, worker int)) {
	p.fn, p.n, p.grain = fn, n, grain
	p.next.Store(0)
	p.failed, p.fail = false, nil
	p.pending.Add(helpers)
	defer p.finish()
	for range helpers {
		p.wake <- struct{}{}
	}
	p.takeChunks(0)
}

// finish waits for the helpers and passes a panic on. It is deferred, so that a Goexit on the calling goroutine
// does not leave helpers at work on a loop that is no longer the current one.
func (p *Pool) finish() {
	p.pending.Wait()
	fail := p.fail
	p.fn, p.fail = nil, nil
	if p.failed {
		panic(fail)
	}
}

// takeChunks runs chunks until none is left.
func (p *Pool) takeChunks(worker int) {
	lo, returned := 0, false
	defer func() {
		if returned {
			return
		}
		p.next.Store(int64(p.n))
		if cause := recover(); cause != nil {
			p.recordFailure(lo, cause)
		} else if worker != 0 {
			p.recordFailure(lo, errGoexit)
		}
	}()
	for {
		var ok bool
		if lo, ok = p.take(); !ok {
			break
		}
		p.fn(lo, lo+min(p.grain, p.n-lo), worker)
	}
	returned = true
}

// take hands out the next chunk. It compares before it adds, so that the counter cannot overflow.
func (p *Pool) take() (lo int, ok bool) {
	for {
		lo := p.next.Load()
		if lo >= int64(p.n) {
			return 0, false
		}
		if p.next.CompareAndSwap(lo, lo+min(int64(p.grain), int64(p.n)-lo)) {
			return int(lo), true
		}
	}
}

// recordFailure keeps the panic of the earliest chunk: all chunks before it have started and will report too.
func (p *Pool) recordFailure(lo int, cause any) {
	p.failMu.Lock()
	defer p.failMu.Unlock()
	if !p.failed || lo < p.failLo {
		p.failed, p.failLo, p.fail = true, lo, cause
	}
}

// help is the life of a helper. Should fn end the goroutine, another one takes its place.
func (p *Pool) help(worker int) {
	working := false
	defer func() {
		if working {
			go p.help(worker)
			p.pending.Done()
			return
		}
		p.exited.Done()
	}()
	for range p.wake {
		working = true
		p.takeChunks(worker)
		working = false
		p.pending.Done()
	}
}

// Close ends the helpers and waits until they have returned. Closing twice is harmless; closing while a loop runs
// panics.
func (p *Pool) Close() {
	if !p.mu.TryLock() {
		panic(errors.New("par: Close while a loop runs"))
	}
	defer p.mu.Unlock()
	if p.closed {
		return
	}
	p.closed = true
	close(p.wake)
	p.exited.Wait()
}
