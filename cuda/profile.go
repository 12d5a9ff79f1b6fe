package cuda

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"diffclip/cuda/internal/driver"
	"diffclip/cuda/kernels"
)

// TimedWork is what a profile knows of one kind of work: a kernel on a grid of one
// size, a product of one shape, copies of one size.
type TimedWork struct {
	Name  string
	Calls int
	Time  time.Duration
	FLOP  float64 // of products and convolutions
	Bytes float64 // of copies
}

// profile adds up how long commands took, by what they do.
type profile struct {
	rows map[driver.Work]*TimedWork
	ms   []float32 // room
}

// StartProfile makes the device time every command from now on, until StopProfile.
// A list of commands is then waited for, and no graph is used.
func (b *Backend) StartProfile() {
	b.Sync()
	b.profile = &profile{rows: map[driver.Work]*TimedWork{}}
}

// StopProfile returns what was timed, the longest first.
func (b *Backend) StopProfile() []TimedWork {
	b.Sync()
	var out []TimedWork
	for w, r := range b.profile.rows {
		r.Name = b.nameOf(w)
		out = append(out, *r)
	}
	b.profile = nil
	slices.SortFunc(out, func(x, y TimedWork) int { return cmp.Or(cmp.Compare(y.Time, x.Time), cmp.Compare(x.Name, y.Name)) })
	return out
}

// run runs a list and notes its times.
func (p *profile) run(dev driver.Device, list []driver.Command) error {
	p.ms = append(p.ms[:0], make([]float32, len(list))...)
	if err := dev.Time(list, p.ms); err != nil {
		return err
	}
	for i := range list {
		w := list[i].Work()
		r := p.rows[w]
		if r == nil {
			r = &TimedWork{}
			p.rows[w] = r
		}
		r.Calls++
		r.Time += time.Duration(1e6 * float64(p.ms[i]))
		r.FLOP += 2 * float64(w.M) * float64(w.N) * float64(w.K) * float64(w.Batch)
		r.Bytes += float64(w.Bytes)
	}
	return nil
}

// nameOf says what work is.
func (b *Backend) nameOf(w driver.Work) string {
	switch {
	case w.Pass > 0:
		return fmt.Sprintf("convolution %dx%dx%d, %d groups, %s", w.M, w.N, w.K, w.Batch, w.Pass)
	case w.Batch > 0:
		name := fmt.Sprintf("product %dx%dx%d", w.M, w.N, w.K)
		if w.TransA {
			name += " at"
		}
		if w.TransB {
			name += " bt"
		}
		if w.Batch > 1 {
			name += fmt.Sprintf(", %d of them", w.Batch)
		}
		return name
	case w.Copied == driver.ToDevice:
		return fmt.Sprintf("upload of %d bytes", w.Bytes)
	case w.Copied == driver.ToHost:
		return fmt.Sprintf("download of %d bytes", w.Bytes)
	case w.Bytes > 0:
		return fmt.Sprintf("setting %d bytes", w.Bytes)
	}
	k := kernels.Kernels[slices.Index(b.functions, w.Function)]
	return fmt.Sprintf("%s, %d blocks of %d", k.Name, w.Blocks, k.Max)
}

// UseGraphs says whether lists that repeat are replayed as graphs, as they are at first.
func (b *Backend) UseGraphs(on bool) { b.noGraphs = !on }

// Waited returns how long the host has waited for the device, all in all.
func (b *Backend) Waited() time.Duration { return b.waited }
