package bench

import (
	"math"
	"runtime"
	"testing"
	"time"

	"diffclip/internal/kern"
)

func TestStopwatchCounts(t *testing.T) {
	for _, c := range []struct {
		name                  string
		passed, busy, waiting time.Duration
		threads               int
		want                  float64
	}{
		{"alone", 10 * time.Second, 10 * time.Second, 0, 1, 10},
		{"threads that wait for one another", 10 * time.Second, 12 * time.Second, 0, 2, 10},
		{"a moment's waiting", 10 * time.Second, 9900 * time.Millisecond, 100 * time.Millisecond, 1, 10},
		{"half of a processor", 10 * time.Second, 5 * time.Second, 5 * time.Second, 1, 5},
		{"half of two processors", 10 * time.Second, 10 * time.Second, 10 * time.Second, 2, 5},
	} {
		if got := count(c.passed, c.busy, c.waiting, c.threads); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%s: %v s, want %v", c.name, got, c.want)
		}
	}
}

// Threads that share one processor with each other have waited for it.
func TestStopwatchSeesWaiting(t *testing.T) {
	if runtime.GOOS != "linux" || (processUsage() == usage{}) {
		t.Skip("this system does not tell how long threads wait")
	}
	const threads = 4
	n := runtime.NumCPU() * threads // more than there are processors, whatever GOMAXPROCS
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(n))
	before := processUsage()
	done := make(chan struct{})
	for range n {
		go func() {
			for start := time.Now(); time.Since(start) < 200*time.Millisecond; {
			}
			done <- struct{}{}
		}()
	}
	for range n {
		<-done
	}
	after := processUsage()
	if busy, waiting := after.busy-before.busy, after.waiting-before.waiting; waiting < busy {
		t.Errorf("%d threads had processors for %v and waited for %v: want more waiting, with %d processors", n, busy, waiting, runtime.NumCPU())
	}
}

func TestYardstickRates(t *testing.T) {
	for _, tier := range kern.Available() {
		y := NewYardstick(tier, 2)
		if r := y.Rate(5 * time.Millisecond); !(r > 0.01 && r < 10000) {
			t.Errorf("%v: %v GFLOP/s", tier, r)
		}
		y.Close()
	}
}
