// Package stub builds, for tests, a library that stands in for NVIDIA's driver,
// cuBLAS and cuDNN: the whole Go layer runs on it without a device. It needs g++
// and cgo. What it cannot show is what only a device does: its compiler's verdict on
// the PTX, true concurrency, the libraries' own rounding and refusals, and time.
//
// Read next: source/driver.cc, from the top.
package stub

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"diffclip/cuda/internal/driver"
	"diffclip/internal/moduleroot"
)

// Install builds the library, once for a test program, and makes it what
// driver.Open finds until the test ends. Each call makes a copy, with a memory
// and a state of its own. The modes are explained in stub.h. Where there is no
// compiler the test is skipped.
func Install(t testing.TB, modes ...string) {
	t.Helper()
	if !driver.Built {
		t.Skip("no stand-in for a device: this test program was built without cgo, for another system than Linux, or with the tag nocuda")
	}
	if _, err := exec.LookPath("g++"); err != nil {
		t.Skip("no stand-in for a device: g++ is not installed")
	}
	library, err := build()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "libcuda.so.1"), library, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"libcublas.so.13", "libcudnn.so.9"} {
		if err := os.Symlink("libcuda.so.1", filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv(driver.PathVariable, dir)
	t.Setenv("DIFFCLIP_CUDA_STUB", strings.Join(modes, ","))
}

// build compiles the library and returns its bytes.
var build = sync.OnceValues(func() ([]byte, error) {
	root, err := moduleroot.Find()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "diffclip-cuda-stub")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	out := filepath.Join(dir, "stub.so")
	host := filepath.Join(root, "cuda", "kernels", "host")
	here := filepath.Join(root, "cuda", "internal", "stub", "source")
	cmd := exec.Command("g++", "-std=c++17", "-O2", "-ffp-contract=off", "-fPIC", "-shared", "-fvisibility=hidden",
		"-DKERNELS_ON_HOST", "-I", host, "-o", out, filepath.Join(here, "driver.cc"), filepath.Join(here, "blas.cc"), filepath.Join(here, "dnn.cc"), filepath.Join(host, "fiber.cc"))
	if text, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("building the stand-in: %w\n%s", err, text)
	}
	return os.ReadFile(out)
})
