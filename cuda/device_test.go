package cuda

import (
	"math"
	"os"
	"slices"
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

// TestDeviceStrict is for compute-sanitizer: every tensor has memory of its own.
func TestDeviceStrict(t *testing.T) {
	b := onDevice(t, Options{Precision: F32, Strict: true})
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
	train := step(b)
	for range 5 {
		train()
	}
	memory, replayed := b.MemoryInUse(), b.Replayed()
	free, _ := b.dev.Memory()
	for range 1000 {
		train()
	}
	left, _ := b.dev.Memory()
	if b.MemoryInUse() != memory || left < free || b.Replayed()-replayed < 1000 {
		t.Errorf("after 1,000 steps: %d bytes in use, before %d; %d free, before %d; %d lists replayed", b.MemoryInUse(), memory, left, free, b.Replayed()-replayed)
	}
}
