package bench

import "time"

// Stopwatch times work of a number of threads. Where they had to wait for a
// processor, since others were using it, it counts the processor time that they
// had instead of the time that went by: processor time says nothing of threads
// that waited for one another, but nothing can be said of that in such a moment.
// Systems other than Linux do not tell how long threads waited; there it is
// always the time that went by.
type Stopwatch struct {
	threads int
	start   time.Time
	before  usage
}

// usage is of all threads of this process since it began.
type usage struct {
	busy, waiting time.Duration // on a processor; ready to run, but without one
}

// mostWaiting is the share of its time that a measurement may wait for processors.
const mostWaiting = 0.02

// Start starts the watch on work of the given number of threads.
func (s *Stopwatch) Start(threads int) {
	s.threads = threads
	s.before = processUsage()
	s.start = time.Now()
}

// Stop returns the seconds since Start, as above.
func (s *Stopwatch) Stop() (seconds float64) {
	passed := time.Since(s.start)
	after := processUsage()
	return count(passed, after.busy-s.before.busy, after.waiting-s.before.waiting, s.threads)
}

func count(passed, busy, waiting time.Duration, threads int) (seconds float64) {
	n := float64(threads)
	if waiting.Seconds() > mostWaiting*n*passed.Seconds() {
		return busy.Seconds() / n
	}
	return passed.Seconds()
}
