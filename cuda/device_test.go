package cuda

import (
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"diffclip/internal/conformance"
	"diffclip/tensor"
)

// onDevice returns a backend on a real device; scripts/gpu-check.sh asks for it.
func onDevice(t testing.TB, o Options) *Backend {
	t.Helper()
	if os.Getenv("DIFFCLIP_TEST_GPU") == "" {
		t.Skip("for a machine with a GPU: scripts/gpu-check.sh sets DIFFCLIP_TEST_GPU")
	}
	b, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	t.Log(b.Describe(), b.Libraries())
	return b
}

func TestDeviceConformance(t *testing.T) {
	conformance.Run(t, onDevice(t, Options{Precision: F32}), 2e-6)
}

// TestDeviceStrict is for compute-sanitizer: every tensor has memory of its own, and
// the own kernels run, since what is in cuDNN's is not ours to find.
func TestDeviceStrict(t *testing.T) {
	b := onDevice(t, Options{Precision: F32, Strict: true, NoCuDNN: true})
	conformance.Run(t, b, 2e-6)
}

// TestDeviceTraining trains both stages beside the processor, and again for the same bits.
func TestDeviceTraining(t *testing.T) {
	cpu := tensor.NewCPU(0)
	defer cpu.Close()
	want := both(t, cpu)
	for precision, tol := range map[Precision]float64{F32: 1e-5, TF32: 2e-3, BF16: 2e-2} {
		got := both(t, onDevice(t, Options{Precision: precision}))
		again := both(t, onDevice(t, Options{Precision: precision}))
		if !slices.Equal(got.losses, again.losses) || !slices.Equal(got.probs, again.probs) {
			t.Errorf("%s: a second run gave other bits", precision)
		}
		for i, l := range got.losses {
			if d := math.Abs(l-want.losses[i]) / want.losses[i]; !(d <= tol) {
				t.Errorf("%s, step %d: loss %v, on the processor %v: relative error %.2g", precision, i, l, want.losses[i], d)
			}
		}
	}
}

// TestDeviceStepsReadLater trains both stages with losses that are read after each
// step, and later: the bits are the same.
func TestDeviceStepsReadLater(t *testing.T) {
	b := onDevice(t, Options{})
	each, later := both(t, ahead{b, 1}), both(t, b)
	if !slices.Equal(each.losses, later.losses) || !slices.Equal(each.probs, later.probs) {
		t.Errorf("losses %v\nof steps that are read later %v", each.losses, later.losses)
	}
}

// TestDeviceOutOfMemory leaves little memory to a training, and trains with the batch
// that its error names.
func TestDeviceOutOfMemory(t *testing.T) {
	const left, windows = 160 << 20, 2048
	b, other := onDevice(t, Options{}), onDevice(t, Options{})
	for free, _ := other.dev.Memory(); free > left; free, _ = other.dev.Memory() {
		other.Get(tensor.Of(min(free-left/2, 1<<30) / 8)) // half of it: a size class may be a quarter larger
	}
	batch := namedBatch(t, trainWindows(t, b, windows, windows))
	if err := trainWindows(t, b, windows, batch); err != nil {
		t.Errorf("a batch of %d: %v", batch, err)
	}
}

// TestDeviceScene trains both stages with the scene on the device, and with windows
// that the host gathers: the bits are the same.
func TestDeviceScene(t *testing.T) {
	b := onDevice(t, Options{})
	held, host := both(t, b), both(t, hostPath{b})
	if !slices.Equal(held.losses, host.losses) || !slices.Equal(held.probs, host.probs) {
		t.Errorf("losses %v\nof windows from the host %v", held.losses, host.losses)
	}
}

// TestDeviceWorkloads runs W1 to W3 beside the processor.
func TestDeviceWorkloads(t *testing.T) {
	b := onDevice(t, Options{Precision: F32})
	cpu := tensor.NewCPU(0)
	defer cpu.Close()
	for name, batch := range map[string]int{"pretrain": 8, "pretrain-reference": 8, "fewshot": 8, "infer": 32, "scene": 64} {
		got, want := losses(b, name, batch, 3), losses(cpu, name, batch, 3)
		for i := range want {
			if d := math.Abs(got[i] - want[i]); !(d <= 2e-5*math.Abs(want[i])) {
				t.Errorf("%s, step %d: %v, on the processor %v", name, i, got[i], want[i])
			}
		}
	}
}

// TestDeviceReplays makes 1,000 steps with steady memory.
func TestDeviceReplays(t *testing.T) {
	b := onDevice(t, Options{})
	train, _ := step(b)
	for range 8 {
		train()
	}
	memory, replayed := b.MemoryInUse(), b.Replayed()
	free, _ := b.dev.Memory()
	for range 1000 {
		train()
	}
	left, _ := b.dev.Memory()
	if b.MemoryInUse() != memory || left < free || b.Replayed()-replayed < 1000 {
		t.Errorf("after 1,000 steps: %d bytes in use, before %d; %d free on the card, which should be ours alone, before %d; %d lists replayed", b.MemoryInUse(), memory, left, free, b.Replayed()-replayed)
	}
}

// TestDeviceConvolution holds convolutions to the processor's, in each precision, by
// cuDNN where it is there and by the own kernels; twice for the same bits. It logs
// which of the two computed, and how long each takes.
func TestDeviceConvolution(t *testing.T) {
	cpu := tensor.NewCPU(0)
	defer cpu.Close()
	large := convolutionCase{128, 32, 28, 28, 64, square(3, 1, 1, 1, 1)}
	for _, o := range []Options{{Precision: F32}, {Precision: TF32}, {Precision: BF16}, {Precision: F32, NoCuDNN: true}} {
		b, again := onDevice(t, o), onDevice(t, o)
		tol := 5e-6 // of the largest value, for sums of up to 4,000 terms in another order
		if o.Precision != F32 && !o.NoCuDNN {
			tol = 1e-3
		}
		worst := 0.0
		for _, c := range append(convolutionCases, convolutionCase{8, 24, 17, 15, 40, square(3, 1, 1, 1, 2)}) {
			got := c.convolved(b)
			c.convolved(again)
			if second := c.convolved(again); farthest(second, got) != 0 {
				t.Errorf("%s: %+v: a second run gave other bits", o.Precision, c)
			}
			d := farthest(got, c.convolved(cpu))
			if !(d <= tol) {
				t.Errorf("%s: %+v: %.2g from the processor's", o.Precision, c, d)
			}
			worst = max(worst, d)
		}
		planned, refused := b.byCuDNN()
		t.Logf("%s: cuDNN computes %d of the convolutions and refuses %d; at most %.2g from the processor's; %s", o.Precision, planned, refused, worst, b.describeConvolutions())
		if b.info.Dnn > 0 && !o.NoCuDNN && (planned == 0 || b.convolutions.unfit != "") {
			t.Error("cuDNN is there and computes nothing")
		}
		large.convolved(b)
		b.StartProfile()
		large.convolved(b)
		for _, r := range b.StopProfile() {
			if strings.HasPrefix(r.Name, "conv") {
				t.Logf("%s: %s: %d calls, %v", o.Precision, r.Name, r.Calls, r.Time)
			}
		}
	}
}

// TestDeviceConvolutionSteps trains a small convolutional network, twice for the same bits.
func TestDeviceConvolutionSteps(t *testing.T) {
	var runs [2][]float64
	for i := range runs {
		b := onDevice(t, Options{NoGraphs: i == 1})
		train := network(b)
		for range 50 {
			runs[i] = append(runs[i], train())
		}
		planned, refused := b.byCuDNN()
		t.Logf("%d lists replayed as graphs; cuDNN computes %d of the convolutions and refuses %d; loss %v to %v", b.Replayed(), planned, refused, runs[i][0], runs[i][49])
	}
	if !slices.Equal(runs[0], runs[1]) {
		t.Errorf("graphs change the result: %v, %v", runs[0], runs[1])
	}
	if !(runs[0][49] < runs[0][0]) {
		t.Errorf("the loss went from %v to %v", runs[0][0], runs[0][49])
	}
}
