//go:build unix

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"diffclip/internal/run"
	"diffclip/internal/testenv"
)

// asProgram has the test's executable be the program itself.
const asProgram = "DIFFCLIP_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	os.Exit(m.Run())
}

// launch starts the program on an endless stage 1 and waits until it has a folder.
func launch(t *testing.T) (dir string, p *exec.Cmd, stderr *strings.Builder) {
	t.Helper()
	dir, stderr = filepath.Join(t.TempDir(), "run"), new(strings.Builder)
	p = exec.Command(os.Args[0], tiny("pretrain", "-data", "synthetic", "-out", dir, "-epochs", "1000000", "-batch", "16", "-pretrain-samples", "48")...)
	p.Env = append(os.Environ(), asProgram+"=1")
	p.Stderr = stderr
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Process.Kill() })
	for wait := time.Now().Add(testenv.Patience); ; time.Sleep(time.Millisecond) {
		if _, err := os.Stat(filepath.Join(dir, "run.json")); err == nil {
			return dir, p, stderr
		}
		if time.Now().After(wait) {
			t.Fatalf("after %v there is no run: %s", testenv.Patience, stderr)
		}
	}
}

// resumes wants the run in dir to go on, and stops it again.
func resumes(t *testing.T, dir string) {
	t.Helper()
	if code, _, stderr := call(t, newCountdown(t.Context(), 20), "pretrain", "-resume", "-out", dir); code != exitInterrupted {
		t.Errorf("resumed: exit code %d, %q", code, stderr)
	}
}

func TestSignalSaves(t *testing.T) {
	for _, s := range stopSignals() {
		t.Run(s.String(), func(t *testing.T) {
			dir, p, stderr := launch(t)
			p.Process.Signal(s)
			p.Wait()
			if code := p.ProcessState.ExitCode(); code != exitInterrupted || !strings.Contains(stderr.String(), "-resume") {
				t.Errorf("exit code %d, %q", code, stderr)
			}
			if _, err := os.Stat(filepath.Join(dir, run.Checkpoint1File)); err != nil {
				t.Error(err)
			}
			resumes(t, dir)
		})
	}
}

// A second signal ends the program at once, in whatever it does to end in good
// order: the run must go on from there all the same.
func TestSignalsInARow(t *testing.T) {
	for range 3 {
		dir, p, stderr := launch(t)
		ended := make(chan error)
		go func() { ended <- p.Wait() }()
		for running := true; running; {
			p.Process.Signal(syscall.SIGINT)
			select {
			case <-ended:
				running = false
			case <-time.After(50 * time.Microsecond):
			}
		}
		state := p.ProcessState.Sys().(syscall.WaitStatus)
		t.Log("ended by", p.ProcessState)
		if state.ExitStatus() != exitInterrupted && state.Signal() != syscall.SIGINT {
			t.Errorf("ended by %v, %q", p.ProcessState, stderr)
		}
		resumes(t, dir)
	}
}
