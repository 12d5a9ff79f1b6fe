package memory

import (
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// groupLimit is the limit of the control group, version 2, as a container sees it.
const groupLimit = "/sys/fs/cgroup/memory.max"

// total returns the bytes of memory and swap, 0 where they are not known.
func total() float64 {
	var info unix.Sysinfo_t
	if unix.Sysinfo(&info) != nil {
		return 0
	}
	all := (float64(info.Totalram) + float64(info.Totalswap)) * float64(info.Unit)
	text, err := os.ReadFile(groupLimit)
	if err != nil {
		return all
	}
	limit, err := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64)
	if err != nil || limit == 0 { // "max": none
		return all
	}
	return min(all, float64(limit))
}
