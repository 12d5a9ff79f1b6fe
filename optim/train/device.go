package train

import (
	"context"
	"errors"
	"fmt"
	"math/bits"
	"os"

	"diffclip/autograd"
	"diffclip/optim"
	"diffclip/tensor"
)

// explainDevice adds to the failure of a device what is left of the run, and what
// would fit where memory ran out.
func (l *Loop) explainDevice(err *error) {
	var failed *tensor.DeviceError
	if !errors.As(*err, &failed) {
		return
	}
	left := "there is no checkpoint to go on from"
	if _, missing := os.Stat(l.Checkpoint); l.Checkpoint != "" && missing == nil {
		left = fmt.Sprintf("the last checkpoint is %s: the same command goes on from it", l.Checkpoint)
	}
	if be, ok := l.Backend.(tensor.Limited); ok && failed.NoMemory && l.log != nil {
		left = l.fitting(be) + "; " + left
	}
	*err = fmt.Errorf("%s: %w; %s", l.Name, *err, left)
}

// fitting says with which batch the steps have room: the largest power of two for
// which they are found to have, below the batch for which they had not.
func (l *Loop) fitting(be tensor.Limited) string {
	size := l.Batches.Size()
	least := max(l.Least, 1)
	for n := 1 << bits.Len(uint(size-1)) / 2; n >= least; n /= 2 {
		be.Recover()
		fixed := be.MemoryInUse()
		if err := l.try(n); err == nil {
			steps := be.MemoryInUse() - fixed
			return fmt.Sprintf("-batch %d fits, whose steps take %d MiB beside %d MiB that any batch takes", n, mebibytes(steps), mebibytes(fixed))
		}
	}
	return fmt.Sprintf("not even steps with a batch of %d fit", least)
}

// mebibytes rounds up.
func mebibytes(bytes int) int { return (bytes + 1<<20 - 1) >> 20 }

// tries is how many steps show that there is room: a device makes graphs of those
// that repeat, which take memory too.
const tries = 6

// try makes steps without their updates on a batch of n windows, in the last epoch,
// in which nothing is frozen any more. The error is the device's.
func (l *Loop) try(n int) (err error) {
	defer tensor.CatchDevice(&err)
	l.tape, l.log = autograd.NewTape(l.Backend, autograd.Train), optim.NewLog(l.Backend)
	for batch := range l.Batches.Sized(n).Epoch(context.Background(), l.Epochs-1, 0) {
		for range tries {
			l.gradients(batch)
			l.Backend.NextStep()
			if l.log.Full() {
				l.log.Read()
			}
		}
		l.log.Read()
		break
	}
	return nil
}
