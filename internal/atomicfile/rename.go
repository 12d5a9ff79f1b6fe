package atomicfile

import (
	"fmt"
	"os"
	"time"
)

// patience is how long Rename waits for other programs.
const patience = 2 * time.Second

// Rename gives a file another name, in place of a file that has it already. Windows
// does not replace a file that a program has open: readers, virus scanners and indexers
// are waited for, since they soon close it.
func Rename(from, to string) error {
	var err error
	for began, wait := time.Now(), time.Millisecond; ; wait *= 2 {
		if err = os.Rename(from, to); err == nil || !inUse(err) {
			return err
		}
		if time.Since(began)+wait > patience {
			return fmt.Errorf("%w%s", cause(err), whereInUse)
		}
		time.Sleep(wait)
	}
}
