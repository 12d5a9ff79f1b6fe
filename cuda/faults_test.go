package cuda

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"diffclip/autograd"
	"diffclip/cuda/internal/driver"
	"diffclip/cuda/internal/stub"
	"diffclip/cuda/kernels"
	"diffclip/diffusion"
	"diffclip/internal/traintest"
	"diffclip/nn"
	"diffclip/optim"
	"diffclip/optim/train"
	"diffclip/rsdata"
	"diffclip/tensor"
)

// deviceError runs f and returns the error that it panicked with.
func deviceError(f func()) (err error) {
	defer tensor.CatchDevice(&err)
	f()
	return nil
}

// The tests of planted faults each make a mistake that the Go layer could make,
// and want the stand-in to show it: otherwise the other tests prove nothing.

// A pinned buffer is used again before the device has read it.
func TestPlantedEarlyReuse(t *testing.T) {
	b := open(t, Options{}, "async")
	x := b.Get(tensor.Of(2))
	x.Write([]float32{1, 2})
	b.stage.reset() // without the wait that must come before
	y := b.Get(tensor.Of(2))
	y.Write([]float32{3, 4})
	if got := x.Host(); got[0] == 1 {
		t.Errorf("x is %v: the early copy of y into its place went unseen", got)
	}
}

// The next step but one takes a step's pinned buffers before the device has read them.
func TestPlantedStepTooFarAhead(t *testing.T) {
	for _, wait := range []bool{true, false} {
		b := open(t, Options{}, "async")
		x, y := b.Get(tensor.Of(2)), b.Get(tensor.Of(2))
		x.Write([]float32{1, 2})
		b.NextStep()
		b.Fill(y, 5)
		if wait {
			b.NextStep()
		} else { // the same without Await
			b.flush()
			b.turn = 0
			b.stage = &b.rooms[0].stage
			b.stage.reset()
		}
		y.Write([]float32{3, 4})
		if got := x.Host(); (got[0] == 1) != wait {
			t.Errorf("waited %v: x is %v", wait, got)
		}
	}
}

// A step's numbers are looked at before the device has come to its end.
func TestNextStepLeavesTheDeviceWork(t *testing.T) {
	b := open(t, Options{}, "async")
	part, host := b.stage.take(b, 8)
	x := b.Get(tensor.Of(2))
	at, _ := b.on(x)
	copy(floats(part), []float32{0, 0})
	b.Fill(x, 7)
	b.queue(driver.Download(host, driver.Ptr(at), 8))
	if b.NextStep(); floats(part)[0] == 7 {
		t.Error("the step was waited for before the next was prepared")
	}
	if b.NextStep(); floats(part)[0] != 7 {
		t.Error("the step was not done when its memory was to serve another")
	}
}

// Pinned memory is given back before the device has read it.
func TestPlantedEarlyFreeOfPinned(t *testing.T) {
	b := open(t, Options{}, "async")
	x := b.Get(tensor.Of(2))
	x.Write([]float32{1, 2})
	b.flush()
	pinned := b.stage.bytes
	b.stage.bytes = nil // so that reading takes other memory
	if err := b.dev.FreeHost(pinned); err != nil {
		t.Fatal(err)
	}
	if got := x.Host(); got[0] == 1 {
		t.Errorf("x is %v: that its memory was gone went unseen", got)
	}
}

// What an operation was given is overwritten before the device has it.
func TestPlantedEarlyReuseOfArguments(t *testing.T) {
	b := open(t, Options{}, "async")
	x, y, z := tensor.FromSlice([]float32{1, 2}, 2, 1), b.Get(tensor.Of(1, 1)), b.Get(tensor.Of(1, 1))
	b.Place(x)
	b.GatherRows(y, x, nil, tensor.IDs([]int32{0}))
	b.args.reset(b) // without the wait that must come before
	b.GatherRows(z, x, nil, tensor.IDs([]int32{1}))
	if got := y.Host(); got[0] == 1 {
		t.Errorf("y is %v: the early place of the second index in the first one's went unseen", got)
	}
}

// Memory is read that nobody has written to.
func TestPlantedUnsetMemory(t *testing.T) {
	b := open(t, Options{Strict: true})
	x := b.Get(tensor.Of(100))
	b.Fill(x, 1)
	b.Put(x)
	b.Sync()
	y := b.Get(tensor.Of(100))
	sum := b.Get(tensor.Of())
	b.Sum(sum, y, 1)
	if v := sum.Item(); !math.IsNaN(float64(v)) {
		t.Errorf("a sum of unset memory is %v, want NaN", v)
	}
}

// A kernel is given one element too many.
func TestPlantedWriteBeyondTheEnd(t *testing.T) {
	b := open(t, Options{Strict: true})
	x := b.Get(tensor.Of(64))
	at, _ := b.on(x)
	b.k.Fill(at, 65, 1)
	if err := deviceError(b.Sync); err == nil || !strings.Contains(err.Error(), "ILLEGAL_ADDRESS") {
		t.Errorf("error %v, want an illegal address", err)
	}
	if err := deviceError(b.Sync); err == nil {
		t.Error("the error did not stay")
	}
}

// The host looks at a result without waiting for it.
func TestPlantedMissingWait(t *testing.T) {
	b := open(t, Options{}, "async")
	x := b.Get(tensor.Of(2))
	b.Fill(x, 7)
	at, _ := b.on(x)
	part, host := b.stage.take(b, 8)
	copy(floats(part), []float32{0, 0})
	b.queue(driver.Download(host, driver.Ptr(at), 8))
	b.flush() // and no wait
	if floats(part)[0] == 7 {
		t.Error("the result was there without a wait")
	}
	b.wait()
	if floats(part)[0] != 7 {
		t.Error("the result was not there after a wait")
	}
}

// The host dereferences a device address: the child that does so dies of it.
func TestPlantedDereference(t *testing.T) {
	if os.Getenv("DIFFCLIP_TEST_DEREFERENCE") != "" {
		b, err := Open(Options{})
		if err != nil {
			t.Fatal(err)
		}
		x := b.Get(tensor.Of(4))
		b.Fill(x, 1)
		b.Sync()
		at, _ := b.on(x)
		place := uintptr(at)
		t.Log(**(**float32)(unsafe.Pointer(&place)))
		return
	}
	stub.Install(t, "protect")
	child := exec.Command(os.Args[0], "-test.run=^TestPlantedDereference$", "-test.v")
	child.Env = append(os.Environ(), "DIFFCLIP_TEST_DEREFERENCE=1")
	if text, err := child.CombinedOutput(); err == nil || !strings.Contains(string(text), "unexpected fault address") && !strings.Contains(string(text), "SIGSEGV") {
		t.Errorf("reading device memory from the host: %v\n%s", err, text)
	}
}

// PTX that was made from another source has another parameter list.
func TestPlantedStalePTX(t *testing.T) {
	b := open(t, Options{})
	stale := strings.Replace(kernels.PTX, ".param .u32 fill_param_1", ".param .u64 fill_param_1", 1)
	if stale == kernels.PTX {
		t.Fatal("the PTX has no such parameter")
	}
	if err := b.dev.Load(append([]byte(stale), 0)); err != nil {
		t.Fatal(err)
	}
	if _, err := b.dev.Function("fill"); err == nil {
		t.Error("stale PTX was accepted")
	}
}

func TestOutOfMemory(t *testing.T) {
	b := open(t, Options{}, "memory=100000000")
	var kept []*tensor.Tensor
	err := deviceError(func() {
		for range 100 {
			kept = append(kept, b.Get(tensor.Of(1<<20)))
		}
	})
	var e *MemoryError
	if !errors.As(err, &e) || e.Asked != 4<<20 || e.Free >= 4<<20 || !strings.Contains(err.Error(), "smaller batch") {
		t.Fatalf("error %v", err)
	}
	t.Log(err)
	for _, x := range kept { // what was given back serves another size
		b.Put(x)
	}
	if err := deviceError(func() { b.Get(tensor.Of(8 << 20)) }); err != nil {
		t.Errorf("memory that is free in other sizes: %v", err)
	}
}

// trainWindows trains a small stage 1 on a backend for an epoch of so many windows.
func trainWindows(t *testing.T, b *Backend, windows, batch int) error {
	t.Helper()
	_, w, samples := traintest.Data(9, windows)
	e := smallEncoder()
	e.Window, e.Depth = 9, 1
	cfg := diffusion.Default(e)
	cfg.DecoderDepth = 1
	m, err := diffusion.New(cfg, 3)
	if err != nil {
		t.Fatal(err)
	}
	_, err = m.Train(context.Background(), b, w, rsdata.Pixels(nil, samples), diffusion.TrainConfig{Epochs: 1, Batch: batch, LR: 1e-3, Seed: 4}, train.Hooks{})
	return err
}

// namedBatch returns the batch that an error for want of memory names.
func namedBatch(t *testing.T, err error) int {
	t.Helper()
	var full *MemoryError
	if !errors.As(err, &full) {
		t.Fatalf("error %v, want one of memory", err)
	}
	t.Log(err)
	_, text, _ := strings.Cut(err.Error(), "; -batch ")
	var batch int
	if _, err := fmt.Sscan(text, &batch); err != nil {
		t.Fatalf("the error names no batch: %q", text)
	}
	return batch
}

// TestOutOfMemoryNamesABatch: a training for which there is no room ends with a batch
// for which there is, in a process of its own, and not for twice as many.
func TestOutOfMemoryNamesABatch(t *testing.T) {
	fits := func(batch int) error { return trainWindows(t, open(t, Options{}, "memory=38000000"), 32, batch) }
	batch := namedBatch(t, fits(32))
	if batch < 2 || batch > 8 {
		t.Errorf("a batch of %d is named", batch)
	}
	if err := fits(batch); err != nil {
		t.Errorf("a batch of %d: %v", batch, err)
	}
	var full *MemoryError
	if err := fits(2 * batch); !errors.As(err, &full) {
		t.Errorf("a batch of %d: %v, want an error of memory", 2*batch, err)
	}
}

// TestRecover: after an operation that found no memory, all that was lent is there again.
func TestRecover(t *testing.T) {
	b := open(t, Options{}, "memory=34600000")
	placed := tensor.FromSlice([]float32{1, 2}, 2)
	b.Place(placed)
	b.Recover()
	used := b.MemoryInUse()
	host := tensor.New(1 << 14)
	for range 3 {
		kept := []*tensor.Tensor{b.Get(tensor.Of(1 << 14)), b.Get(tensor.Of(1 << 14))}
		b.Put(kept[0])
		err := deviceError(func() {
			for { // copies of host operands are in use when memory ends
				b.Binary(tensor.Add, host, host, b.Get(tensor.Of(1<<14)))
			}
		})
		var full *tensor.DeviceError
		if !errors.As(err, &full) || !full.NoMemory {
			t.Fatalf("error %v, want one of memory", err)
		}
		b.Recover()
		if b.MemoryInUse() != used || len(b.pool.lent) != 0 || len(b.temporary) != 0 {
			t.Errorf("%d bytes in use, before %d; %d tensors lent, %d temporary", b.MemoryInUse(), used, len(b.pool.lent), len(b.temporary))
		}
	}
	if got := placed.Host(); !slices.Equal(got, []float32{1, 2}) {
		t.Errorf("what was placed is %v", got)
	}
	if b.dev.Sync() != nil {
		t.Error("the device failed")
	}
}

// TestOutOfMemoryInside: a call that wants memory for itself says which it was, and
// not that nothing was asked for.
func TestOutOfMemoryInside(t *testing.T) {
	b := open(t, Options{})
	for _, e := range []*driver.Error{{Op: "capturing a graph", Code: 2, Name: "CUDA_ERROR_OUT_OF_MEMORY"}, {Op: "a matrix product", Code: 3, Blas: true}} {
		err := deviceError(func() { b.try(e) })
		var m *MemoryError
		if !errors.As(err, &m) || !errors.Is(err, e) || !strings.Contains(err.Error(), "stub is out of memory: "+e.Op) || strings.Contains(err.Error(), "asked for") {
			t.Errorf("%v: %v", e, err)
		}
	}
	for _, e := range []*driver.Error{{Op: "a convolution", Code: 2, Dnn: true}, {Op: "a matrix product", Code: 2, Blas: true}} {
		var lost *LostError
		if err := deviceError(func() { b.try(e) }); !errors.As(err, &lost) {
			t.Errorf("%v: %v, want a device that failed", e, err)
		}
	}
}

// TestUnavailable says why where no device is used.
func TestUnavailable(t *testing.T) {
	for modes, want := range map[string]string{
		"nodevice": "finds no device", "driver=11020": "CUDA 11.2, and 11.4 or newer is needed", "capability=75": "compute capability 7.5, and 8.0 or newer (Ampere) is needed",
		"toolkit": "libcuda.so.1 is the toolkit's stub, not a driver", "noblas": "cuBLAS does not start", "oldptx": "cannot read the kernels, which are PTX 7.4",
	} {
		stub.Install(t, modes)
		if _, err := Open(Options{}); !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", modes, err, want)
		}
	}
	stub.Install(t)
	if _, err := Open(Options{Device: 1}); !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "no device 1") {
		t.Errorf("device 1: %v", err)
	}
	if _, err := Open(Options{Precision: "f8"}); err == nil || errors.Is(err, ErrUnavailable) {
		t.Errorf("precision f8: %v", err)
	}
}

// TestWithoutBlas computes products by the plain kernel.
func TestWithoutBlas(t *testing.T) {
	stub.Install(t)
	if err := os.Remove(filepath.Join(os.Getenv(driver.PathVariable), "libcublas.so.13")); err != nil {
		t.Fatal(err)
	}
	b, err := Open(Options{Precision: F32})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if slices.ContainsFunc(b.Libraries(), func(path string) bool { return strings.Contains(path, "cublas") }) {
		t.Skipf("this machine has a cuBLAS: %v", b.Libraries())
	}
	dst := b.Get(tensor.Of(1, 1))
	b.MatMul(dst, tensor.FromSlice([]float32{1, 2, 3}, 1, 3), tensor.FromSlice([]float32{4, 5, 6}, 3, 1), false, false, 1, 0)
	if v := dst.Item(); v != 32 {
		t.Errorf("the product is %v, want 32", v)
	}
	if text := b.Describe(); !strings.Contains(text, "without cuBLAS") {
		t.Errorf("it says %q", text)
	}
}

// step returns a training step of a small network with batch norm, on data in
// memory of Go, and what waits for it and tells the last loss.
func step(be tensor.Backend) (train func(), loss func() float64) {
	set := nn.NewSet(1)
	root := set.Root()
	first, norm, second := nn.NewLinear(root.Sub("first"), 6, 16), nn.NewBatchNorm(root.Sub("norm"), 16), nn.NewLinear(root.Sub("second"), 16, 3)
	opt := optim.NewAdam(set, optim.DefaultAdam())
	set.Place(be)
	tape, log := autograd.NewTape(be, autograd.Train), optim.NewLog(be)
	x, y := tensor.New(20, 6), make([]int32, 20)
	for i := range x.Data {
		x.Data[i] = float32(i%7) / 7
	}
	for i := range y {
		y[i] = int32(i % 3)
	}
	last := 0.0
	loss = func() float64 {
		for _, noted := range log.Read() {
			last = noted.Loss
		}
		return last
	}
	train = func() {
		tape.Reset()
		set.ZeroGrad()
		h := norm.Forward(tape, first.Forward(tape, tape.Input(x)), true)
		l := tape.CrossEntropy(second.Forward(tape, h), y)
		tape.Backward(l)
		opt.Step(be, 1e-2, log.Note(be, opt, l.Value, 1))
		be.NextStep()
		if log.Full() {
			loss()
		}
	}
	return train, loss
}

// TestSteadyState replays a step 100 times: the loss falls, memory stays, and
// after six steps every list is a graph.
func TestSteadyState(t *testing.T) {
	b := open(t, Options{})
	train, loss := step(b)
	train()
	first := loss()
	for range 6 {
		train()
	}
	memory, replayed := b.MemoryInUse(), b.Replayed()
	for range 100 {
		train()
	}
	last := loss()
	if b.MemoryInUse() != memory {
		t.Errorf("%d bytes in use, %d after four steps", b.MemoryInUse(), memory)
	}
	if n := b.Replayed() - replayed; n != 100 {
		t.Errorf("%d lists replayed in 100 steps, want one each", n)
	}
	if !(last < first) {
		t.Errorf("the loss went from %v to %v", first, last)
	}
}

// TestStepsAllocateNothing holds a steady step to no allocation in Go.
func TestStepsAllocateNothing(t *testing.T) {
	train, _ := step(open(t, Options{}))
	for range 5 {
		train()
	}
	if n := testing.AllocsPerRun(20, func() { train() }); n > 0 {
		t.Errorf("%v allocations a step", n)
	}
}

// TestClose gives back what a backend took while another one keeps the context.
func TestClose(t *testing.T) {
	one := open(t, Options{})
	before, _ := one.dev.Memory()
	two, err := Open(Options{})
	if err != nil {
		t.Fatal(err)
	}
	train, _ := step(two)
	for range 8 { // graphs among it
		train()
	}
	if free, _ := one.dev.Memory(); free >= before || two.Replayed() == 0 {
		t.Fatalf("%d bytes free before, %d while another backend trains, which replayed %d lists", before, free, two.Replayed())
	}
	two.Close()
	if free, _ := one.dev.Memory(); free != before {
		t.Errorf("%d bytes free before, %d after another backend has come and gone", before, free)
	}
	var losses [2]float64
	for i := range losses {
		train, loss := step(one)
		train()
		losses[i] = loss()
	}
	if first, again := losses[0], losses[1]; first != again {
		t.Errorf("a step gives %v, then %v", first, again)
	}
}
