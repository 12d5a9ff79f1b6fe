package progress

import "golang.org/x/sys/windows"

// terminalColumns returns the width of the console that fd is, 0 where it is
// none or does not understand escape sequences.
func terminalColumns(fd uintptr) int {
	handle := windows.Handle(fd)
	var mode uint32
	if windows.GetConsoleMode(handle, &mode) != nil {
		return 0
	}
	if windows.SetConsoleMode(handle, mode|windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING) != nil {
		return 0
	}
	var info windows.ConsoleScreenBufferInfo
	if windows.GetConsoleScreenBufferInfo(handle, &info) != nil {
		return 0
	}
	return int(info.Window.Right-info.Window.Left) + 1
}
