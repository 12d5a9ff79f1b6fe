package cuda

import (
	"time"

	"diffclip/cuda/internal/driver"
	"diffclip/cuda/kernels"
)

// Commands are gathered and handed to the driver in lists: a call from Go to C
// for each would cost more than the launch. A list that was handed over before,
// word for word, is made a graph, and from then on replayed with one call. A
// training step's lists repeat from step to step, because its memory comes from
// the pool in the same order, and what changes (batches, indices, learning rate,
// step count) is read from device memory; so nobody has to say where a step
// begins, and a step that is different for once simply runs as it is.
const (
	// The first list after a wait is short, so that the device has work again soon;
	// each one after it is twice as long, up to a length at which the host still
	// prepares more while the device works.
	shortestList = 32
	longestList  = 512
	// graphLength is how short a list is not worth a graph.
	graphLength = 16
	// graphsKept bounds how many lists are remembered.
	graphsKept = 64
)

// seenList is a list that was handed over before.
type seenList struct {
	commands []driver.Command
	graph    driver.Graph // 0 until it was seen twice
	used     int          // when it was used last
}

// graphs remembers lists by their hash.
type graphs struct {
	seen     map[uint64]*seenList
	clock    int
	replayed int // how many lists were replayed
}

// Launch gathers a kernel's launch; it is for package kernels.
func (b *Backend) Launch(k *kernels.Kernel, grid, block kernels.Dim, args []uint64) {
	b.queue(driver.Launch(b.functions[k.ID], driver.Dim(grid), driver.Dim(block), args...))
}

// queue gathers a command.
func (b *Backend) queue(c driver.Command) {
	if len(b.list) == 0 {
		b.list = append(b.list, driver.Command{})
	}
	b.list = append(b.list, c)
	if len(b.list) >= max(b.listEnd, shortestList) {
		b.flush()
		b.listEnd = min(2*max(b.listEnd, shortestList), longestList)
	}
}

// flush hands over what was gathered, and before it what its operations are given.
func (b *Backend) flush() {
	list := b.list
	b.list = b.list[:0]
	if c, any := b.args.send(); any && len(list) == 0 {
		list = append(list, c)
	} else if any {
		list[0] = c
	} else if len(list) > 0 {
		list = list[1:]
	}
	if len(list) == 0 {
		return
	}
	if b.profile != nil {
		b.try(b.profile.run(b.dev, list))
		return
	}
	if len(list) < graphLength || b.noGraphs {
		b.try(b.dev.Run(list))
		return
	}
	b.try(b.run(list))
}

// run runs a list, by its graph where there is one.
func (b *Backend) run(list []driver.Command) error {
	g := &b.graphs
	g.clock++
	hash := driver.Hash(list)
	s := g.seen[hash]
	if s != nil && !driver.Equal(s.commands, list) {
		return b.dev.Run(list) // two lists of one hash: the first keeps its place
	}
	if s == nil {
		b.makeRoom()
		g.seen[hash] = &seenList{commands: append([]driver.Command(nil), list...), used: g.clock}
		return b.dev.Run(list)
	}
	s.used = g.clock
	if s.graph == 0 {
		var err error
		if s.graph, err = b.dev.Capture(s.commands); err != nil {
			return err
		}
	}
	g.replayed++
	return b.dev.Replay(s.graph)
}

// makeRoom forgets the list that was used longest ago, if there are too many.
func (b *Backend) makeRoom() {
	g := &b.graphs
	if len(g.seen) < graphsKept {
		return
	}
	var oldest uint64
	first := true
	for hash, s := range g.seen {
		if first || s.used < g.seen[oldest].used {
			oldest, first = hash, false
		}
	}
	b.forget(oldest)
}

// forget waits for a list's graph and drops both.
func (b *Backend) forget(hash uint64) {
	if s := b.graphs.seen[hash]; s.graph != 0 {
		b.try(b.dev.Sync())
		b.try(b.dev.Forget(s.graph))
	}
	delete(b.graphs.seen, hash)
}

func (b *Backend) forgetGraphs() {
	for hash := range b.graphs.seen {
		b.forget(hash)
	}
}

// Sync waits until the device has done all that was asked of it. Reading a tensor
// does the same.
func (b *Backend) Sync() { b.wait() }

// wait hands over what was gathered and waits for it. What was staged is free
// again, though still there: it may be read until something else is staged.
func (b *Backend) wait() {
	b.flush()
	began := time.Now()
	b.try(b.dev.Sync())
	b.waited += time.Since(began)
	b.listEnd = shortestList
	for i := range b.rooms {
		b.rooms[i].reset(b)
	}
	b.bury()
}

// hostRoom is memory of the host that the device reads by itself.
type hostRoom struct {
	stage staging
	args  arguments
}

// reset makes all room free again: the device has been waited for.
func (r *hostRoom) reset(b *Backend) {
	r.stage.reset()
	r.args.reset(b)
}

// NextStep lets the device go on with a step while the host prepares the next, in the
// other one of two rooms. For that it waits until the device is done with the step
// before, and so has begun with this one: it is never without work. A step finds its
// places where the one before the last did, and the same graphs serve both.
func (b *Backend) NextStep() {
	b.flush()
	b.try(b.dev.Mark(b.turn))
	b.turn = (b.turn + 1) % len(b.rooms)
	began := time.Now()
	b.try(b.dev.Await(b.turn))
	b.waited += time.Since(began)
	r := &b.rooms[b.turn]
	r.reset(b)
	b.stage, b.args = &r.stage, &r.args
	b.listEnd = shortestList
}
