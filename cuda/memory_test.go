package cuda

import (
	"runtime"
	"slices"
	"testing"
	"time"

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
		if time.Since(begin) > 20*time.Second {
			t.Fatal("the memory of a tensor that is gone does not come back")
		}
	}
	place()
	if b.pool.bytes != used {
		t.Errorf("%d bytes on the device, %d with the first", b.pool.bytes, used)
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

// TestGraphsOfOldMemoryAreForgotten: a graph refers to blocks and staged memory, and
// goes with them.
func TestGraphsOfOldMemoryAreForgotten(t *testing.T) {
	b := open(t, Options{})
	train := step(b)
	for name, free := range map[string]func(){
		"blocks":        b.trim,
		"staged memory": func() { b.stage.take(b, len(b.stage.bytes)+1) },
	} {
		for range 3 {
			train()
		}
		if len(b.graphs.seen) == 0 {
			t.Fatalf("%s: no list is remembered after three steps", name)
		}
		if free(); len(b.graphs.seen) != 0 {
			t.Errorf("%s: %d lists are remembered", name, len(b.graphs.seen))
		}
	}
	train()
}
