package cuda

import (
	"runtime"
	"slices"
	"testing"
	"time"

	"diffclip/cuda/internal/driver"
	"diffclip/internal/testenv"
	"diffclip/nn"
	"diffclip/optim"
	"diffclip/tensor"
)

// TestPlacedMemoryComesBack: what a tensor that nobody has any more was placed in
// serves the next one.
func TestPlacedMemoryComesBack(t *testing.T) {
	b := open(t, Options{})
	place := func() { b.Place(tensor.New(1 << 16)) }
	place()
	used := b.pool.bytes
	for begin := time.Now(); ; time.Sleep(time.Millisecond) {
		runtime.GC() // finds it, and tells the pool from another goroutine
		b.pool.mu.Lock()
		n := len(b.pool.abandoned)
		b.pool.mu.Unlock()
		if n > 0 {
			break
		}
		if time.Since(begin) > testenv.Patience {
			t.Fatal("the memory of a tensor that is gone does not come back")
		}
	}
	place()
	if b.pool.bytes != used {
		t.Errorf("%d bytes on the device, %d with the first", b.pool.bytes, used)
	}
}

// TestAverageTakesItsMemoryAtOnce: a mean that is to begin later is on the device from
// the first gradient on, as are the moments.
func TestAverageTakesItsMemoryAtOnce(t *testing.T) {
	b := open(t, Options{})
	set := nn.NewSet(1)
	nn.NewLinear(set.Root().Sub("layer"), 6, 16)
	average := optim.NewAverage(optim.NewAdam(set, optim.DefaultAdam()), set, 1000)
	set.Place(b)
	average.Squares(b)
	for _, name := range []string{"m", "v", "average"} {
		if buffer, _ := average.State()[name].Buffer(); buffer == nil {
			t.Errorf("%s is not on the device", name)
		}
	}
}

// TestPlaceMovesBetweenDevices: a tensor of one device is placed on another.
func TestPlaceMovesBetweenDevices(t *testing.T) {
	one := open(t, Options{})
	two, err := Open(Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer two.Close()
	want := []float32{1, 2, 3}
	x := tensor.FromSlice(slices.Clone(want), 3)
	one.Place(x)
	two.Place(x)
	buffer, _ := x.Buffer()
	if buffer.(*block).b != two || !slices.Equal(x.Host(), want) {
		t.Errorf("%v, on the second device: %v", x.Host(), buffer.(*block).b == two)
	}
}

// TestLargeTensorsGoInPieces: what is longer than can be staged at once is copied piece by piece.
func TestLargeTensorsGoInPieces(t *testing.T) {
	b := open(t, Options{}, "async")
	b.stage.most = leastStaging
	want := make([]float32, 5*leastStaging/8+1) // two and a half pieces
	for i := range want {
		want[i] = float32(i)
	}
	x := b.Get(tensor.Of(len(want)))
	x.Write(want)
	if !slices.Equal(x.Host(), want) {
		t.Error("a tensor of several pieces comes back with other values")
	}
	if len(b.stage.bytes) != leastStaging {
		t.Errorf("%d bytes are staged, want at most %d", len(b.stage.bytes), leastStaging)
	}
}

// fills returns a list's worth of work that writes v, and runs it.
func fills(b *Backend, x *tensor.Tensor, v int) {
	for range graphLength {
		b.Fill(x, float32(v))
	}
	b.Sync()
}

// TestListsOfOneHash: a list is another's graph only where it is the same word for word.
func TestListsOfOneHash(t *testing.T) {
	b := open(t, Options{})
	x := b.Get(tensor.Of(4))
	fills(b, x, 1)
	fills(b, x, 1)
	if b.Replayed() != 1 || len(b.graphs.seen) != 1 {
		t.Fatalf("%d lists replayed, %d seen", b.Replayed(), len(b.graphs.seen))
	}
	for _, s := range b.graphs.seen { // as if another list had come first
		s.commands = append([]driver.Command{driver.Set(0, 0, 0)}, s.commands[1:]...)
	}
	if fills(b, x, 1); b.Replayed() != 1 || x.Host()[0] != 1 {
		t.Errorf("a list of the same hash was replayed in place of another: %v", x.Host())
	}
}

// TestOldListsAreForgotten: of many lists the one that is used stays.
func TestOldListsAreForgotten(t *testing.T) {
	b := open(t, Options{})
	x := b.Get(tensor.Of(4))
	fills(b, x, 0)
	for v := 1; v < graphsKept+10; v++ {
		fills(b, x, v)
		before := b.Replayed()
		if fills(b, x, 0); b.Replayed() != before+1 {
			t.Fatalf("after %d other lists the one that was used all the time is not replayed", v)
		}
	}
	if n := len(b.graphs.seen); n != graphsKept {
		t.Errorf("%d lists are remembered, want %d", n, graphsKept)
	}
	before := b.Replayed()
	if fills(b, x, 1); b.Replayed() != before {
		t.Error("a list that was long forgotten is replayed")
	}
}

// TestGraphsOfOldMemoryAreForgotten: a graph refers to blocks and staged memory, and
// goes with them.
func TestGraphsOfOldMemoryAreForgotten(t *testing.T) {
	b := open(t, Options{})
	train, _ := step(b)
	for name, free := range map[string]func(){
		"blocks":        b.trim,
		"staged memory": func() { b.stage.take(b, len(b.stage.bytes)+1) },
	} {
		for range 6 {
			train()
		}
		if len(b.graphs.seen) == 0 {
			t.Fatalf("%s: no list is remembered after six steps", name)
		}
		if free(); len(b.graphs.seen) != 0 {
			t.Errorf("%s: %d lists are remembered", name, len(b.graphs.seen))
		}
	}
	train()
}
