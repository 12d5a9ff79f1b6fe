package train_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"diffclip/autograd"
	"diffclip/optim/train"
	"diffclip/rsdata"
	"diffclip/tensor"
)

// limited is a backend whose memory holds so many windows. A step on it takes 1.5 MiB
// for each, beside 10.
type limited struct {
	ahead
	windows, held int
	log           string // what happened
}

func (l *limited) Recover() {
	l.held = 0
	l.log += " recover"
}

func (l *limited) MemoryInUse() int { return 10<<20 + l.held*3<<19 }

// onLimited is newLoop on it, with batches of 8.
func onLimited(t *testing.T, windows int) (*train.Loop, *limited) {
	l := newLoop(t, "")
	be := &limited{ahead: ahead{l.Backend, 2}, windows: windows}
	loss, last := l.Loss, 0
	l.Backend = be
	l.Loss = func(t *autograd.Tape, b *rsdata.Batch) *autograd.Var {
		if n := len(b.Samples); n != last {
			be.log += fmt.Sprint(" ", n)
			last = n
		}
		if be.held = max(be.held, len(b.Samples)); be.held > be.windows {
			panic(&tensor.DeviceError{Err: errors.New("memory is full"), NoMemory: true})
		}
		return loss(t, b)
	}
	return l, be
}

// TestBatchThatFits: where memory runs out, the batch that is named was tried, and so
// was twice of it. The weights are not changed by that.
func TestBatchThatFits(t *testing.T) {
	for _, c := range []struct {
		windows, least int
		log, want      string
	}{
		{7, 0, " 8 recover 4", "memory is full; -batch 4 fits, whose steps take 6 MiB beside 10 MiB that any batch takes; there is no checkpoint"},
		{3, 0, " 8 recover 4 recover 2", "; -batch 2 fits, whose steps take 3 MiB beside "},
		{1, 0, " 8 recover 4 recover 2 recover 1", "; -batch 1 fits, whose steps take 2 MiB beside "},
		{1, 2, " 8 recover 4 recover 2", "; not even steps with a batch of 2 fit; "},
		{0, 0, " 8 recover 4 recover 2 recover 1", "; not even steps with a batch of 1 fit; "},
	} {
		l, be := onLimited(t, c.windows)
		l.Least = c.least
		before := weights(l)
		_, err := l.Run(context.Background())
		if err == nil || !strings.Contains(err.Error(), c.want) || be.log != c.log {
			t.Errorf("room for %d windows: %v after%s; want %q after%s", c.windows, err, be.log, c.want, c.log)
		}
		for i, v := range weights(l) {
			if v != before[i] {
				t.Errorf("room for %d windows: the weights changed", c.windows)
				break
			}
		}
	}
	if l, be := onLimited(t, 8); true {
		if _, err := l.Run(context.Background()); err != nil || be.log != " 8" {
			t.Errorf("room for a batch: %v after%s", err, be.log)
		}
	}
}

// TestBatchBetweenPowers: of a batch that is no power of two, the next power below.
func TestBatchBetweenPowers(t *testing.T) {
	for size, want := range map[int]string{5: "-batch 4 fits", 4: "-batch 2 fits", 3: "-batch 2 fits", 2: "-batch 1 fits", 1: "not even steps with a batch of 1 fit"} {
		l, be := onLimited(t, size-1)
		l.Batches = l.Batches.Sized(size)
		if _, err := l.Run(context.Background()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("a batch of %d: %v after%s, want %s", size, err, be.log, want)
		}
	}
}

// TestNoTriesWithoutNeed: a device that is lost is not asked again.
func TestNoTriesWithoutNeed(t *testing.T) {
	l, be := onLimited(t, 8)
	l.Checkpoint = filepath.Join(t.TempDir(), "c.safetensors")
	l.Loss = func(*autograd.Tape, *rsdata.Batch) *autograd.Var {
		panic(&tensor.DeviceError{Err: errors.New("the device is lost")})
	}
	if _, err := l.Run(context.Background()); err == nil || strings.Contains(err.Error(), "fit") || be.log != "" {
		t.Errorf("%v after%s", err, be.log)
	}
}
