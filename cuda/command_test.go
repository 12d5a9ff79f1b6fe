package cuda

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"math"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"diffclip/cuda/internal/stub"
)

// TestCommand runs the command from stage 1 to the accuracy on the stand-in, and once
// where there is no device.
func TestCommand(t *testing.T) {
	stub.Install(t, "async")
	dir := t.TempDir()
	diffclip := filepath.Join(dir, "diffclip")
	if text, err := exec.Command("go", "build", "-o", diffclip, "diffclip/cmd/diffclip").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	run := func(want string, args ...string) {
		t.Helper()
		text, err := exec.Command(diffclip, args...).CombinedOutput()
		if err != nil || !strings.Contains(string(text), want) {
			t.Errorf("diffclip %s: %v, want %q in\n%s", strings.Join(args, " "), err, want, text)
		}
	}
	out := filepath.Join(dir, "run")
	run("gpu        stub, compute capability 8.0", "info")
	run("computing on stub", "pretrain", "-data", "synthetic", "-out", out, "-device", "cuda", "-precision", "f32", "-window", "5", "-dim", "8", "-heads", "2", "-depth", "1",
		"-decoder-depth", "1", "-pca", "4", "-pretrain-samples", "32", "-batch", "8", "-epochs", "1", "-shots", "2", "-max-test", "2")
	run("computing on stub", "finetune", "-from", out, "-device", "auto", "-epochs", "1", "-batch", "8", "-map=false")
	run("OA", "eval", "-from", out, "-device", "cuda")
	run("infer on cuda/tf32", "bench", "-workload", "infer", "-batch", "1", "-steps", "1")
	run("a step takes", "bench", "-workload", "infer", "-batch", "1", "-steps", "1", "-profile")
	device, processor := serve(t, diffclip, out, "cuda"), serve(t, diffclip, out, "cpu")
	if device.status != http.StatusOK || !strings.Contains(device.log, "computing on stub") || !near(device.probabilities, processor.probabilities, 1e-3) {
		t.Errorf("the explorer: %d %s on the device, %s on the processor\n%s", device.status, device.body, processor.body, device.log)
	}
	record, err := os.ReadFile(filepath.Join(out, "run.json"))
	if err != nil || !strings.Contains(string(record), `"device": "cuda/`) {
		t.Errorf("run.json does not name the device: %v", err)
	}

	// These take longer on the stand-in than a test may. That they compute on the
	// device is seen by losing it, which must end them with an error and no map.
	t.Setenv("DIFFCLIP_CUDA_STUB", "lose=60")
	maps := filepath.Join(dir, "map")
	for _, args := range [][]string{
		{"demo", "-out", filepath.Join(dir, "demo")},
		{"reproduce", "fig5", "-quick", "-out", filepath.Join(dir, "results")},
		{"baselines", "-data", "synthetic", "-from", out, "-methods", "none", "-variants", "probe", "-seeds", "1", "-shots", "2", "-max-test", "2", "-window", "5"},
		{"map", "-from", out, "-data", "synthetic", "-out", maps},
	} {
		text, err := exec.Command(diffclip, append(args, "-device", "cuda")...).CombinedOutput()
		if err == nil || !strings.Contains(string(text), "stub failed: ") || strings.Contains(string(text), "goroutine") {
			t.Errorf("diffclip %s on a device that is lost: %v\n%s", strings.Join(args, " "), err, text)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(maps, "*")); len(left) > 0 {
		t.Errorf("a map that was not finished left %v", left)
	}

	t.Setenv("DIFFCLIP_CUDA_STUB", "lose=5")
	if w := serve(t, diffclip, out, "cuda"); w.status != http.StatusServiceUnavailable || !strings.Contains(w.body, "the device failed: stub failed") {
		t.Errorf("the explorer on a device that is lost: %d %s", w.status, w.body)
	}

	t.Setenv("DIFFCLIP_CUDA_STUB", "nodevice")
	run("gpu        no NVIDIA GPU is used: the driver finds no device", "info")
	run("infer on cpu/", "bench", "-workload", "infer", "-batch", "1", "-steps", "1")
	text, err := exec.Command(diffclip, "bench", "-workload", "infer", "-device", "cuda").CombinedOutput()
	if err == nil || !strings.Contains(string(text), "-device cuda: no NVIDIA GPU is used") {
		t.Errorf("-device cuda without a device: %v\n%s", err, text)
	}
}

// served is the explorer's answer for a pixel and what the command said.
type served struct {
	status        int
	body, log     string
	probabilities []float64
}

// serve asks the explorer of a run for the classes of a pixel.
func serve(t *testing.T, diffclip, run, device string) served {
	t.Helper()
	cmd := exec.Command(diffclip, "serve", "-addr", "127.0.0.1:0", "-device", device, run)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	address, err := bufio.NewReader(out).ReadString('\n')
	var s served
	if err == nil {
		var r *http.Response
		r, err = http.Post(strings.TrimSpace(address)+"api/pixel", "application/json", strings.NewReader(`{"row":50,"col":70}`))
		if err == nil {
			text, _ := io.ReadAll(r.Body)
			r.Body.Close()
			s.status, s.body = r.StatusCode, string(text)
			answer := struct{ Probabilities *[]float64 }{&s.probabilities}
			json.Unmarshal(text, &answer) // an error's answer has none
		}
	}
	cmd.Process.Signal(os.Interrupt)
	cmd.Wait()
	if s.log = said.String(); err != nil {
		t.Fatalf("the explorer on %s: %v\n%s", device, err, s.log)
	}
	return s
}

// near reports whether two lists agree, and say something.
func near(a, b []float64, tolerance float64) bool {
	if len(a) != len(b) || len(a) == 0 {
		return false
	}
	for i := range a {
		if math.Abs(a[i]-b[i]) > tolerance {
			return false
		}
	}
	return true
}
