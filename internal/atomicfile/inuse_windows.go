package atomicfile

import (
	"errors"

	"golang.org/x/sys/windows"
)

// whereInUse says what to do about a file that stays in use.
const whereInUse = " If another program has it open, close it there and try again, or choose another name."

// inUse reports whether another program's use of a file may keep it from being replaced;
// a file that may not be written looks the same.
func inUse(err error) bool {
	return errors.Is(err, windows.ERROR_ACCESS_DENIED) || errors.Is(err, windows.ERROR_SHARING_VIOLATION)
}
