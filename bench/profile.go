package bench

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"diffclip/tensor"
)

// Profile is a backend that measures where a workload's time goes: it passes
// every operation on and notes how long it took. Lanes and threads note their
// own, without locks.
//
// It costs about a tenth of a microsecond an operation and, once every kind of
// operation has been seen, no allocation.
type Profile struct {
	tensor.Backend
	threads int

	began time.Time
	cells map[operation]*cell
	busy  time.Duration // inside lanes
	lanes time.Duration // inside ForLanes, at the root

	mu       sync.Mutex // guards children while threads run
	children []*Profile
	run      func(lane int, scratch tensor.Backend)
	runLane  func(lane int, scratch tensor.Backend)
}

// operation is what is told apart: a method and the shape that decides its cost.
type operation struct {
	name    string
	in, out int // 0 where they say nothing
}

// String returns the operation as the table shows it.
func (o operation) String() string {
	switch {
	case o.out > 0:
		return fmt.Sprintf("%s %d->%d", o.name, o.in, o.out)
	case o.in > 0:
		return fmt.Sprintf("%s %d", o.name, o.in)
	}
	return o.name
}

type cell struct {
	calls int
	time  time.Duration
	flop  float64
}

// NewProfile returns a profile of be, which computes with the given number of
// threads.
func NewProfile(be tensor.Backend, threads int) *Profile {
	p := newProfile(be, threads)
	p.runLane = p.timedLane
	return p
}

func newProfile(be tensor.Backend, threads int) *Profile {
	return &Profile{Backend: be, threads: threads, began: time.Now(), cells: map[operation]*cell{}}
}

// Reset forgets what was measured; the time of the profile begins anew.
func (p *Profile) Reset() {
	p.busy, p.lanes = 0, 0
	for _, c := range p.cells {
		*c = cell{}
	}
	for _, l := range p.children {
		l.Reset()
	}
	p.began = time.Now()
}

// done notes an operation that began at start.
func (p *Profile) done(start time.Time, name string, in, out int, flop float64) {
	o := operation{name, in, out}
	c := p.cells[o]
	if c == nil {
		c = &cell{}
		p.cells[o] = c
	}
	c.calls++
	c.time += time.Since(start)
	c.flop += flop
}

// Lane returns the profile of lane i's backend.
func (p *Profile) Lane(i int) tensor.Backend { return p.child(p.Backend.Lane(i)) }

// ForLanes runs the lanes with profiles of the threads' backends.
func (p *Profile) ForLanes(n int, run func(lane int, scratch tensor.Backend)) {
	start := time.Now()
	p.run = run
	p.Backend.ForLanes(n, p.runLane)
	p.run = nil
	p.lanes += time.Since(start)
}

func (p *Profile) timedLane(lane int, scratch tensor.Backend) {
	start := time.Now()
	s := p.child(scratch)
	p.run(lane, s)
	s.busy += time.Since(start)
}

// child returns the profile of a lane's or a thread's backend.
func (p *Profile) child(be tensor.Backend) *Profile {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.children {
		if c.Backend == be {
			return c
		}
	}
	c := newProfile(be, 1)
	p.children = append(p.children, c)
	return c
}

// A ProfileRow is a line of a profile's table. Time is that of all threads
// together: an operation that keeps the other threads waiting counts theirs.
type ProfileRow struct {
	Name  string        `json:"name"`
	Calls int           `json:"calls"`
	Time  time.Duration `json:"ns"`
	Share float64       `json:"share"` // of the time of all threads
	GFLOP float64       `json:"gflop"` // of matrix products; 0 for other operations
}

// Rows returns what was measured since Reset, the most expensive first. The
// shares add up to one: besides the operations there are rows for what the
// lanes do between operations, for threads that wait for the last lane, and for
// what the calling goroutine does outside of the backend.
func (p *Profile) Rows() []ProfileRow {
	wall := time.Since(p.began)
	all := wall * time.Duration(p.threads)
	rows := map[operation]*ProfileRow{}
	var rootOps, laneOps, busy time.Duration
	add := func(cells map[operation]*cell, threads time.Duration) (sum time.Duration) {
		for o, c := range cells {
			if c.calls == 0 {
				continue
			}
			r := rows[o]
			if r == nil {
				r = &ProfileRow{Name: o.String()}
				rows[o] = r
			}
			r.Calls += c.calls
			r.Time += c.time * threads
			r.GFLOP += c.flop * 1e-9
			sum += c.time
		}
		return sum
	}
	rootOps = add(p.cells, time.Duration(p.threads))
	for _, c := range p.children {
		laneOps += add(c.cells, 1)
		busy += c.busy
	}
	out := make([]ProfileRow, 0, len(rows)+3)
	for _, r := range rows {
		out = append(out, *r)
	}
	out = append(out,
		ProfileRow{Name: "(tape, in lanes)", Time: busy - laneOps},
		ProfileRow{Name: "(waiting for lanes)", Time: p.lanes*time.Duration(p.threads) - busy},
		ProfileRow{Name: "(outside of operations)", Time: (wall - rootOps - p.lanes) * time.Duration(p.threads)})
	for i := range out {
		out[i].Share = float64(out[i].Time) / float64(max(1, all))
	}
	slices.SortFunc(out, func(a, b ProfileRow) int {
		return cmp.Or(cmp.Compare(b.Time, a.Time), cmp.Compare(a.Name, b.Name))
	})
	return out
}

// WriteTable prints where the time of a number of steps went, what took less than a
// thousandth in one row and, last, all of it.
func (p *Profile) WriteTable(w io.Writer, steps int) error {
	rows := p.Rows()
	if _, err := fmt.Fprintf(w, "%-36s %8s %11s %7s %9s\n", "operation", "calls", "ms/thread", "share", "GFLOP/s"); err != nil {
		return err
	}
	rest, all := ProfileRow{Name: "(the rest)"}, ProfileRow{Name: "(all)"}
	for _, r := range rows {
		all.add(r)
		if r.Share < 0.001 {
			rest.add(r)
			continue
		}
		if err := p.writeRow(w, r, steps); err != nil {
			return err
		}
	}
	if err := p.writeRow(w, rest, steps); err != nil {
		return err
	}
	return p.writeRow(w, all, steps)
}

// add counts another row as part of r.
func (r *ProfileRow) add(o ProfileRow) {
	r.Calls += o.Calls
	r.Time += o.Time
	r.Share += o.Share
	r.GFLOP += o.GFLOP
}

func (p *Profile) writeRow(w io.Writer, r ProfileRow, steps int) error {
	rate := ""
	if r.GFLOP > 0 {
		rate = fmt.Sprintf("%.1f", r.GFLOP/r.Time.Seconds())
	}
	ms := 1e3 * r.Time.Seconds() / float64(p.threads*steps)
	_, err := fmt.Fprintf(w, "%-36s %8d %11.2f %6.1f%% %9s\n", r.Name, r.Calls/steps, ms, 100*r.Share, rate)
	return err
}

// ProfileWorkload runs a workload's steps on a profile of be and prints where
// their time went, unless ctx ends. make builds the workload on the backend it is given.
func ProfileWorkload(ctx context.Context, w io.Writer, be tensor.Backend, threads, steps int, make func(tensor.Backend) (*Workload, error)) error {
	p := NewProfile(be, threads)
	job, err := make(p)
	if err != nil {
		return err
	}
	defer job.Close()
	for n := range 2 + steps {
		if n == 2 {
			p.Reset()
		}
		job.Step()
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return p.WriteTable(w, steps)
}
