package par

import (
	"errors"
	"fmt"
	"math"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
)

// chunkedSum adds 1/(i+1) in float32: one partial sum per chunk, then the partial sums in order.
func chunkedSum(p *Pool, n, grain int) float32 {
	partial := make([]float32, Chunks(n, grain))
	p.For(n, grain, func(lo, hi, _ int) {
		var s float32
		for i := lo; i < hi; i++ {
			s += 1 / float32(i+1)
		}
		partial[lo/grain] = s
	})
	var sum float32
	for _, s := range partial {
		sum += s
	}
	return sum
}

func TestReductionDoesNotDependOnThreads(t *testing.T) {
	one := New(1)
	defer one.Close()
	for _, threads := range []int{2, 7} {
		p := New(threads)
		defer p.Close()
		for _, c := range []struct{ n, grain int }{{1, 1}, {10, 3}, {1000, 7}, {1000, 1000}, {1000, 4096}, {65537, 64}} {
			for range 5 {
				got, want := chunkedSum(p, c.n, c.grain), chunkedSum(one, c.n, c.grain)
				if math.Float32bits(got) != math.Float32bits(want) {
					t.Errorf("n %d, grain %d: %d threads give %v, one gives %v", c.n, c.grain, threads, got, want)
				}
			}
		}
	}
}

func TestEveryIndexOnceInTheRightChunk(t *testing.T) {
	for _, threads := range []int{1, 2, 7} {
		p := New(threads)
		defer p.Close()
		if p.Threads() != threads {
			t.Fatalf("Threads() = %d, want %d", p.Threads(), threads)
		}
		for _, c := range []struct{ n, grain int }{{-3, 2}, {0, 5}, {1, 5}, {5, 5}, {6, 5}, {999, 10}, {3, math.MaxInt}} {
			visits := make([]int32, max(c.n, 0))
			var calls atomic.Int32
			p.For(c.n, c.grain, func(lo, hi, worker int) {
				calls.Add(1)
				if lo%c.grain != 0 || hi != lo+min(c.grain, c.n-lo) {
					t.Errorf("n %d, grain %d: chunk [%d, %d)", c.n, c.grain, lo, hi)
				}
				if worker < 0 || worker >= threads {
					t.Errorf("worker %d of %d", worker, threads)
				}
				for i := lo; i < hi; i++ {
					visits[i]++
				}
			})
			if int(calls.Load()) != Chunks(c.n, c.grain) {
				t.Errorf("n %d, grain %d: %d chunks, want %d", c.n, c.grain, calls.Load(), Chunks(c.n, c.grain))
			}
			for i, v := range visits {
				if v != 1 {
					t.Fatalf("n %d, grain %d, %d threads: index %d visited %d times", c.n, c.grain, threads, i, v)
				}
			}
		}
	}
}

// TestWorkerNumbersAreExclusive fails when two chunks of a loop hold the same worker number at once.
func TestWorkerNumbersAreExclusive(t *testing.T) {
	for _, threads := range []int{1, 4} {
		p := New(threads)
		defer p.Close()
		held := make([]atomic.Bool, threads)
		for range 50 {
			p.For(9, 2, func(_, _, worker int) {
				if held[worker].Swap(true) {
					t.Errorf("worker %d is held twice", worker)
				}
				runtime.Gosched()
				held[worker].Store(false)
			})
		}
	}
}

// TestBusyPoolRunsInline starts loops from inside a loop and from another goroutine meanwhile: each runs whole, in
// order, as worker 0, without waiting for the loop that keeps the pool busy.
func TestBusyPoolRunsInline(t *testing.T) {
	for _, threads := range []int{1, 4} {
		p := New(threads)
		defer p.Close()
		inline := func() {
			next := 0
			p.For(5, 2, func(lo, hi, worker int) {
				if lo != next || worker != 0 {
					t.Errorf("%d threads: chunk [%d, %d) as worker %d, want it to start at %d as worker 0", threads, lo, hi, worker, next)
				}
				next = hi
			})
			if next != 5 {
				t.Errorf("%d threads: the inline loop ended at %d of 5", threads, next)
			}
		}
		var outer atomic.Int32
		p.For(9, 1, func(_, _, _ int) {
			inline()
			other := make(chan struct{})
			go func() {
				defer close(other)
				inline()
			}()
			<-other
			outer.Add(1)
		})
		if outer.Load() != 9 {
			t.Errorf("%d threads: %d chunks, want 9", threads, outer.Load())
		}
	}
}

// TestManyCallers starts loops from several goroutines at once; whether they share the workers is left to chance.
func TestManyCallers(t *testing.T) {
	p := New(3)
	defer p.Close()
	one := New(1)
	defer one.Close()
	want := chunkedSum(one, 1000, 7)
	var callers sync.WaitGroup
	for range 4 {
		callers.Go(func() {
			for range 50 {
				if got := chunkedSum(p, 1000, 7); got != want {
					t.Errorf("sum %v, want %v", got, want)
				}
			}
		})
	}
	callers.Wait()
}

func panicOf(f func()) (value any) {
	defer func() { value = recover() }()
	f()
	return nil
}

func TestPanicOfTheEarliestChunkReachesTheCaller(t *testing.T) {
	for _, threads := range []int{1, 2, 7} {
		p := New(threads)
		defer p.Close()
		for range 20 {
			got := panicOf(func() {
				p.For(100, 1, func(lo, _, _ int) {
					if lo >= 30 {
						panic(fmt.Sprint("chunk ", lo))
					}
				})
			})
			if got != "chunk 30" {
				t.Fatalf("%d threads: panic %v, want chunk 30", threads, got)
			}
		}
		if got, want := chunkedSum(p, 1000, 7), chunkedSum(New(1), 1000, 7); got != want {
			t.Errorf("%d threads: after a panic the sum is %v, want %v", threads, got, want)
		}
	}
}

// recorded reports whether a panic is on record.
func (p *Pool) recorded() bool {
	p.failMu.Lock()
	defer p.failMu.Unlock()
	return p.failed
}

// TestNothingStartsAfterAPanic has one of two chunks panic and the other go on once that is on record.
func TestNothingStartsAfterAPanic(t *testing.T) {
	p := New(2)
	defer p.Close()
	var started atomic.Int32
	panicOf(func() {
		p.For(100, 1, func(lo, _, _ int) {
			started.Add(1)
			if lo == 0 {
				for started.Load() < 2 {
					runtime.Gosched()
				}
				panic(lo)
			}
			for !p.recorded() {
				runtime.Gosched()
			}
		})
	})
	if n := started.Load(); n != 2 {
		t.Errorf("%d chunks started, want 2", n)
	}
}

// TestEarliestPanicWinsEvenIfItComesLast has chunk 0 panic once the panic of chunk 1 is on record.
func TestEarliestPanicWinsEvenIfItComesLast(t *testing.T) {
	p := New(2)
	defer p.Close()
	got := panicOf(func() {
		p.For(2, 1, func(lo, _, _ int) {
			for lo == 0 && !p.recorded() {
				runtime.Gosched()
			}
			panic(lo)
		})
	})
	if got != 0 {
		t.Errorf("panic %v, want that of chunk 0", got)
	}
}

func TestPanicInNestedLoop(t *testing.T) {
	p := New(3)
	defer p.Close()
	cause := errors.New("deep")
	got := panicOf(func() {
		p.For(6, 1, func(_, _, _ int) {
			p.For(4, 1, func(lo, _, _ int) {
				if lo == 2 {
					panic(cause)
				}
			})
		})
	})
	if got != cause {
		t.Errorf("panic %v, want %v", got, cause)
	}
}

func TestGoexitOnAHelperIsReported(t *testing.T) {
	p := New(2)
	defer p.Close()
	for range 3 {
		both := make(chan struct{}, 2)
		got := panicOf(func() {
			p.For(2, 1, func(_, _, worker int) {
				both <- struct{}{}
				for len(both) < 2 { // each worker holds one chunk
					runtime.Gosched()
				}
				if worker == 1 {
					runtime.Goexit()
				}
			})
		})
		if got != any(errGoexit) {
			t.Fatalf("panic %v, want %v", got, errGoexit)
		}
	}
	if got, want := chunkedSum(p, 1000, 7), chunkedSum(New(1), 1000, 7); got != want {
		t.Errorf("afterwards the sum is %v, want %v", got, want)
	}
}

func TestGoexitOfTheCallerLeavesThePoolUsable(t *testing.T) {
	for _, threads := range []int{1, 2} {
		p := New(threads)
		defer p.Close()
		done := make(chan struct{})
		go func() {
			defer close(done)
			p.For(50, 1, func(_, _, worker int) {
				if worker == 0 {
					runtime.Goexit()
				}
			})
		}()
		<-done
		if got, want := chunkedSum(p, 1000, 7), chunkedSum(New(1), 1000, 7); got != want {
			t.Errorf("%d threads: afterwards the sum is %v, want %v", threads, got, want)
		}
	}
}

func TestMisusePanics(t *testing.T) {
	p := New(2)
	nothing := func(_, _, _ int) {}
	if panicOf(func() { p.For(5, 0, nothing) }) == nil {
		t.Error("For with grain 0 returned")
	}
	if panicOf(func() { p.For(4, 1, func(_, _, _ int) { p.Close() }) }) == nil {
		t.Error("Close inside For returned")
	}
	p.Close()
	p.Close()
	if panicOf(func() { p.For(5, 1, nothing) }) == nil {
		t.Error("For on a closed pool returned")
	}
	if New(0).Threads() != runtime.GOMAXPROCS(0) {
		t.Error("New(0) does not follow GOMAXPROCS")
	}
}

func TestForAllocatesNothing(t *testing.T) {
	for _, threads := range []int{1, 4} {
		p := New(threads)
		defer p.Close()
		var count atomic.Int64
		fn := func(lo, hi, _ int) { count.Add(int64(hi - lo)) }
		if allocs := testing.AllocsPerRun(200, func() { p.For(64, 4, fn) }); allocs != 0 {
			t.Errorf("%d threads: %v allocations a loop", threads, allocs)
		}
	}
}

func BenchmarkFor(b *testing.B) {
	for _, threads := range []int{1, 2, 4} {
		b.Run(fmt.Sprint(threads), func(b *testing.B) {
			p := New(threads)
			defer p.Close()
			fn := func(_, _, _ int) {}
			b.ReportAllocs()
			for b.Loop() {
				p.For(16, 1, fn)
			}
		})
	}
}

func ExamplePool_For() {
	p := New(4)
	defer p.Close()
	const grain = 100
	x := make([]float64, 1000)
	partial := make([]float64, Chunks(len(x), grain))
	p.For(len(x), grain, func(lo, hi, _ int) {
		for i := lo; i < hi; i++ {
			x[i] = float64(i)
			partial[lo/grain] += x[i]
		}
	})
	sum := 0.0
	for _, s := range partial {
		sum += s
	}
	fmt.Println(sum)
	// Output: 499500
}
