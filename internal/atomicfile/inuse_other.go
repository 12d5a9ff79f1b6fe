//go:build !windows

package atomicfile

// whereInUse has nothing to add: see inUse.
const whereInUse = ""

// inUse reports whether another program's use of a file keeps it from being replaced,
// which is never so but on Windows.
func inUse(error) bool { return false }
