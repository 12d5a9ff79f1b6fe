//go:build unix

package progress

import "golang.org/x/sys/unix"

// terminalColumns returns the width of the terminal that fd is, 0 where it is none.
func terminalColumns(fd uintptr) int {
	size, err := unix.IoctlGetWinsize(int(fd), unix.TIOCGWINSZ)
	if err != nil {
		return 0
	}
	if size.Col == 0 { // a terminal that does not know its width, as over a serial line
		return 80
	}
	return int(size.Col)
}
