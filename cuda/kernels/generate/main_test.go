package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"diffclip/cuda/kernels"
)

const source = ".." // the folder of the kernels

// stale says which committed files are not what the sources in dir give.
func stale(dir string) error {
	files, err := generate(dir)
	if err != nil {
		return err
	}
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join(source, name))
		if err != nil {
			return err
		}
		if !bytes.Equal(got, want) {
			return fmt.Errorf("%s is stale: run go generate ./cuda/kernels", name)
		}
	}
	return nil
}

// needCompiler skips where the compiler is absent, or another that may choose other registers.
func needCompiler(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath(compiler[0]); err != nil {
		t.Skipf("no %s here; TestSourcesAreThoseOfThePTX looks at the sources alone", compiler[0])
	}
	version, err := compilerVersion()
	if err != nil {
		t.Fatal(err)
	}
	if version != kernels.Compiler {
		t.Skipf("%s here, the PTX was made by %s", version, kernels.Compiler)
	}
}

// TestCommittedFilesAreCurrent compiles the sources again.
func TestCommittedFilesAreCurrent(t *testing.T) {
	needCompiler(t)
	if err := stale(source); err != nil {
		t.Error(err)
	}
}

// TestSourcesAreThoseOfThePTX needs no compiler.
func TestSourcesAreThoseOfThePTX(t *testing.T) {
	hash, err := sourceHash(source)
	if err != nil {
		t.Fatal(err)
	}
	if hash != kernels.SourceHash {
		t.Error("a source is newer than the PTX: run go generate ./cuda/kernels")
	}
}

// TestStalePTXIsSeen changes a kernel and expects the two tests above to notice.
func TestStalePTXIsSeen(t *testing.T) {
	dir := t.TempDir()
	names, err := filepath.Glob(filepath.Join(source, "*.cu*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		changed := strings.Replace(string(data), "dst[i] = s * x[i];", "dst[i] = s + x[i];", 1)
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(name)), []byte(changed), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if hash, err := sourceHash(dir); err != nil || hash == kernels.SourceHash {
		t.Errorf("a changed source has the same hash (%v)", err)
	}
	needCompiler(t)
	if err := stale(dir); err == nil || !strings.Contains(err.Error(), "is stale") {
		t.Errorf("with a changed source: %v", err)
	}
}

// TestUnknownParametersAreRefused: the table knows three kinds.
func TestUnknownParametersAreRefused(t *testing.T) {
	for text, want := range map[string]string{
		".visible .entry k(\n\t.param .f64 k_param_0\n)\n.maxntid 256, 1, 1\n{": "type f64",
		".visible .entry k(\n\t.param .u64 k_param_0\n)\n{":                     "0 of 1 entries",
	} {
		if _, err := entries(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}
