package cuda

import (
	"fmt"
	"testing"

	"diffclip/bench"
	"diffclip/cuda/internal/driver"
)

// ledger is a device that does nothing but count what it is asked to do, so that
// steps can be looked at in their full size.
type ledger struct {
	at     driver.Ptr // the next address
	pinned driver.Ptr
	graphs [][]driver.Command

	commands             int
	uploads, uploaded    int // copies to the device, and their bytes
	downloads, waits     int
	runs, replays, fresh int // lists handed over as they are, as a graph, and graphs made
}

func (l *ledger) Info() driver.Info                              { return driver.Info{Name: "ledger"} }
func (l *ledger) Load([]byte) error                              { return nil }
func (l *ledger) Function(string) (driver.Function, error)       { l.at++; return driver.Function(l.at), nil }
func (l *ledger) Memory() (free, total int)                      { return 80 << 30, 80 << 30 }
func (l *ledger) Free(driver.Ptr) error                          { return nil }
func (l *ledger) FreeHost([]byte) error                          { return nil }
func (l *ledger) Sync() error                                    { l.waits++; return nil }
func (l *ledger) Mark(int) error                                 { return nil }
func (l *ledger) Await(int) error                                { return nil }
func (l *ledger) Time(list []driver.Command, ms []float32) error { return l.Run(list) }
func (l *ledger) Forget(driver.Graph) error                      { return nil }
func (l *ledger) Close()                                         {}
func (l *ledger) Plan(c driver.Convolution, _ bool) (driver.Plan, error) {
	return driver.Plan{Convolution: c}, nil
}
func (l *ledger) Alloc(bytes int) (driver.Ptr, error) {
	l.at += driver.Ptr(bytes+255) &^ 255
	return l.at, nil
}
func (l *ledger) AllocHost(n int) ([]byte, driver.Ptr, error) {
	l.pinned += 1 << 40
	return make([]byte, n), l.pinned, nil
}

func (l *ledger) count(list []driver.Command) {
	for i := range list {
		l.commands++
		switch w := list[i].Work(); w.Copied {
		case driver.ToDevice:
			l.uploads++
			l.uploaded += w.Bytes
		case driver.ToHost:
			l.downloads++
		}
	}
}

func (l *ledger) Run(list []driver.Command) error {
	l.runs++
	l.count(list)
	return nil
}

func (l *ledger) Capture(list []driver.Command) (driver.Graph, error) {
	l.fresh++
	l.graphs = append(l.graphs, list)
	return driver.Graph(len(l.graphs)), nil
}

func (l *ledger) Replay(g driver.Graph) error {
	l.replays++
	l.count(l.graphs[g-1])
	return nil
}

// steady returns what a step asks for, once it is the same every time, and the waits,
// copies to the host and lists that are no graphs of all steps that are made ahead.
func steady(t *testing.T, workload string) ledger {
	t.Helper()
	l := &ledger{}
	b := newBackend(l, Options{Precision: TF32}, driver.TF32)
	if err := b.load(); err != nil {
		t.Fatal(err)
	}
	w, err := bench.New(workload, b, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	for range 3 * w.Ahead {
		w.Step()
	}
	for range 4 {
		w.Step()
		w.Loss()
	}
	before := *l
	for range w.Ahead {
		w.Step()
	}
	w.Loss()
	each := func(now, then int) int { return (now - then) / w.Ahead }
	step := ledger{
		commands: each(l.commands, before.commands), uploads: each(l.uploads, before.uploads), uploaded: each(l.uploaded, before.uploaded),
		downloads: l.downloads - before.downloads, waits: l.waits - before.waits, runs: l.runs - before.runs, replays: each(l.replays, before.replays), fresh: l.fresh - before.fresh,
	}
	t.Log(workload, w.Ahead, step)
	return step
}

func (l ledger) String() string {
	return fmt.Sprintf("a step of %d commands, %d uploads of %d bytes, %d lists replayed; in all %d downloads, %d waits, %d lists as they are, %d captured",
		l.commands, l.uploads, l.uploaded, l.replays, l.downloads, l.waits, l.runs, l.fresh)
}

// TestWhatAStepAsksFor holds down what a step of each workload, in its published
// size, asks of the device. A batch of W1 is 18 MB of pixels, which stay there. Steps
// of training are waited for once in 16.
func TestWhatAStepAsksFor(t *testing.T) {
	for name, most := range map[string]ledger{
		"pretrain": {commands: 840, uploads: 3, uploaded: 22e3, replays: 5, waits: 1, runs: 1},
		"fewshot":  {commands: 630, uploads: 5, uploaded: 350e3, replays: 5, waits: 1, runs: 1},
		"infer":    {commands: 200, uploads: 4, uploaded: 24e3, replays: 3, waits: 1},
		"scene":    {commands: 360, uploads: 8, uploaded: 520e3, replays: 6, waits: 2},
	} {
		got := steady(t, name)
		if got.commands > most.commands || got.uploads > most.uploads || got.uploaded > most.uploaded || got.waits > most.waits || got.runs > most.runs || got.replays > most.replays || got.fresh > 0 {
			t.Errorf("%s: %v; want at most %v", name, got, most)
		}
	}
}
