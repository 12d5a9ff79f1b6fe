package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
)

// ptxasEnv names a ptxas to use; else it is looked for in the path and where the CUDA toolkit installs it.
const ptxasEnv = "PTXAS"

func findPtxas(t *testing.T) string {
	t.Helper()
	for _, name := range []string{os.Getenv(ptxasEnv), "ptxas", "/usr/local/cuda/bin/ptxas"} {
		if path, err := exec.LookPath(name); name != "" && err == nil {
			return path
		}
	}
	t.Skipf("no ptxas here: it is part of the CUDA toolkit (Debian: nvidia-cuda-toolkit, in non-free); set %s to it", ptxasEnv)
	return ""
}

var spills = regexp.MustCompile(`(\d+) bytes spill stores`)

// TestPtxasTakesThePTX compiles the module for three generations of cards with
// NVIDIA's own assembler, which is also in the driver. No kernel may lack
// registers: a few words may go to memory and back, no more.
func TestPtxasTakesThePTX(t *testing.T) {
	ptxas := findPtxas(t)
	for _, arch := range []string{"sm_80", "sm_86", "sm_90"} {
		out, err := exec.Command(ptxas, "-v", "-arch="+arch, filepath.Join(source, "kernels.ptx"), "-o", filepath.Join(t.TempDir(), "cubin")).CombinedOutput()
		if err != nil {
			t.Errorf("%s: %v\n%s", arch, err, out)
			continue
		}
		found := spills.FindAllSubmatch(out, -1)
		for _, m := range found {
			if n, _ := strconv.Atoi(string(m[1])); n > 32 {
				t.Errorf("%s: a kernel spills %d bytes\n%s", arch, n, out)
				break
			}
		}
		if len(found) == 0 {
			t.Errorf("%s: ptxas says nothing of spills\n%s", arch, out)
		}
	}
}
