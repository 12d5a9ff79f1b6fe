package bench

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// processUsage reads the times from the scheduler's statistics of each thread.
// A kernel without them tells of no waiting.
func processUsage() (u usage) {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &t); err != nil {
		return usage{}
	}
	u.busy = time.Duration(t.Nano())
	files, _ := filepath.Glob("/proc/self/task/*/schedstat") // the pattern is sound
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			continue // the thread has ended
		}
		// Nanoseconds on a processor, nanoseconds waiting for one, time slices.
		if fields := strings.Fields(string(text)); len(fields) == 3 {
			ns, _ := strconv.ParseInt(fields[1], 10, 64)
			u.waiting += time.Duration(ns)
		}
	}
	return u
}
