package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"diffclip/internal/run"
)

// TestResumeLinearHead: a stage 2 with a linear head goes on to the same bits.
func TestResumeLinearHead(t *testing.T) {
	whole := stage1(t)
	args := []string{"-head", "linear", "-epochs", "3", "-batch", "8", "-map=false"}
	dir := filepath.Join(t.TempDir(), "run")
	succeed(t, append([]string{"finetune", "-from", whole}, args...)...)
	interrupt(t, dir, run.Checkpoint2File, run.Stage2File, append([]string{"finetune", "-force", "-from", whole, "-out", dir}, args...))
	succeed(t, "finetune", "-resume", "-out", dir)
	same(t, whole, dir, run.Stage2File)
	same(t, whole, dir, "metrics.json")
}

// countdown is a context that ends after it was asked a number of times.
type countdown struct {
	context.Context
	left   atomic.Int32
	cancel context.CancelFunc
}

func newCountdown(parent context.Context, n int32) *countdown {
	c := &countdown{}
	c.Context, c.cancel = context.WithCancel(parent)
	c.left.Store(n)
	return c
}

func (c *countdown) tick() {
	if c.left.Add(-1) == 0 {
		c.cancel()
	}
}

func (c *countdown) Done() <-chan struct{} { c.tick(); return c.Context.Done() }
func (c *countdown) Err() error            { c.tick(); return c.Context.Err() }

func TestInterruptAndResume(t *testing.T) {
	whole := stage1(t)
	succeed(t, "finetune", "-from", whole, "-epochs", "3", "-batch", "8")

	dir := filepath.Join(t.TempDir(), "run")
	args := tiny("pretrain", "-data", "synthetic", "-out", dir, "-epochs", "2", "-batch", "16", "-pretrain-samples", "48")
	interrupt(t, dir, run.Checkpoint1File, run.Stage1File, args)
	if code, _, stderr := call(t, t.Context(), args...); code != exitFailure || !strings.Contains(stderr, "-resume") {
		t.Errorf("starting over an interrupted run: exit code %d, %q", code, stderr)
	}
	if code, _, stderr := call(t, t.Context(), "finetune", "-from", dir); code != exitFailure || !strings.Contains(stderr, "not finished") {
		t.Errorf("stage 2 of an unfinished stage 1: exit code %d, %q", code, stderr)
	}
	checkpoint := filepath.Join(dir, run.Checkpoint1File)
	for _, move := range [][2]string{{checkpoint, checkpoint + ".away"}, {checkpoint + ".away", checkpoint}} { // as killed before there was one
		if err := os.Rename(move[0], move[1]); err != nil {
			t.Fatal(err)
		}
		code, _, stderr := call(t, t.Context(), "finetune", "-resume", "-out", dir, "-epochs", "1")
		if code != exitFailure || !strings.Contains(stderr, "its stage 1 is not finished; go on with `diffclip pretrain -resume") || (run.Folder{Dir: dir}).HasStage2() {
			t.Errorf("resuming a stage 2 whose stage 1 is not finished: exit code %d, %q", code, stderr)
		}
	}
	if code, _, stderr := call(t, t.Context(), "pretrain", "-resume", "-out", dir, "-lr", "0.5"); code != exitFailure || !strings.Contains(stderr, "another configuration") {
		t.Errorf("resuming with another rate: exit code %d, %q", code, stderr)
	}
	killed := filepath.Join(dir, "."+run.Checkpoint1File+".0123abcd.tmp") // as a program that is killed leaves it
	if err := os.WriteFile(killed, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	succeed(t, "pretrain", "-resume", "-out", dir)
	if _, err := os.Stat(killed); err == nil {
		t.Error("what a killed program left is still there")
	}
	same(t, whole, dir, run.Stage1File)
	if text := succeed(t, "pretrain", "-resume", "-out", dir); !strings.Contains(text, "complete") {
		t.Errorf("resuming a complete stage 1: %q", text)
	}

	interrupt(t, dir, run.Checkpoint2File, run.Stage2File, []string{"finetune", "-from", dir, "-epochs", "3", "-batch", "8"})
	succeed(t, "finetune", "-resume", "-out", dir)
	same(t, whole, dir, run.Stage2File)
	same(t, whole, dir, "history.csv")
	same(t, whole, dir, "metrics.json")
	same(t, whole, dir, "report.html")
}

// A run stopped between its weights and its report is finished by -resume: what it
// lacks is made, the weights stay.
func TestResumeMakesTheReport(t *testing.T) {
	dir := stage1(t)
	folder := run.Folder{Dir: dir}
	finish := func(args ...string) {
		t.Helper()
		if err := os.Remove(folder.Path(run.ReportFile)); err != nil {
			t.Fatal(err)
		}
		if code, _, stderr := call(t, newCountdown(t.Context(), 2), args...); code != exitInterrupted || !strings.Contains(stderr, "diffclip "+strings.Join(args, " ")) {
			t.Errorf("%s, interrupted at the report: exit code %d, %q", args[0], code, stderr)
		}
		if folder.Has(run.ReportFile) {
			t.Fatalf("%s was never caught before the report", args[0])
		}
		succeed(t, args...)
		if !folder.Has(run.ReportFile) {
			t.Errorf("%s: still no report", args[0])
		}
	}
	before := read(t, folder.Path(run.Stage1File))
	page := read(t, folder.Path(run.ReportFile))
	finish("pretrain", "-resume", "-out", dir)
	if !bytes.Equal(before, read(t, folder.Path(run.Stage1File))) || !bytes.Equal(page, read(t, folder.Path(run.ReportFile))) {
		t.Error("the weights or the report of stage 1 have changed")
	}

	succeed(t, "finetune", "-from", dir, "-epochs", "1")
	before, page = read(t, folder.Path(run.Stage2File)), read(t, folder.Path(run.ReportFile))
	if err := os.Remove(folder.Path("metrics.json")); err != nil {
		t.Fatal(err)
	}
	finish("finetune", "-resume", "-out", dir)
	if !bytes.Equal(before, read(t, folder.Path(run.Stage2File))) || !bytes.Equal(page, read(t, folder.Path(run.ReportFile))) || !folder.Has("metrics.json") {
		t.Error("the weights or the report of stage 2 have changed, or there are no metrics")
	}
}

// A run killed between run.json and split.json gets its split when it goes on.
func TestResumeWritesTheSplit(t *testing.T) {
	dir := stage1(t)
	folder := run.Folder{Dir: dir}
	again := func(args ...string) {
		t.Helper()
		before := read(t, folder.Path("split.json"))
		for _, name := range []string{"split.json", run.ReportFile} {
			if err := os.Remove(folder.Path(name)); err != nil {
				t.Fatal(err)
			}
		}
		succeed(t, args...)
		if !folder.Has("split.json") || !bytes.Equal(before, read(t, folder.Path("split.json"))) {
			t.Errorf("%v: no split, or another one", args)
		}
	}
	again("pretrain", "-resume", "-out", dir)
	succeed(t, "finetune", "-from", dir, "-epochs", "1", "-map=false", "-shots", "2")
	again("finetune", "-resume", "-out", dir, "-map=false")
}

// interrupt runs a command and ends its context at later and later moments until
// it is caught in the middle of training.
func interrupt(t *testing.T, dir, checkpoint, weights string, args []string) {
	t.Helper()
	folder := run.Folder{Dir: dir}
	for n := int32(1); n < 200; n++ {
		code, _, stderr := call(t, newCountdown(t.Context(), n), args...)
		if code != exitInterrupted || folder.Has(weights) {
			t.Fatalf("ended after %d looks at the context: exit code %d, weights there: %v\n%s", n, code, folder.Has(weights), stderr)
		}
		if !strings.Contains(stderr, "-resume") {
			t.Fatalf("an interruption that does not say how to go on: %q", stderr)
		}
		if !folder.Has(checkpoint) {
			t.Fatal("an interruption left no checkpoint")
		}
		if steps := begun(t, folder.Path(checkpoint)); steps > 1 {
			return
		}
		if err := os.Remove(folder.Path(checkpoint)); err != nil {
			t.Fatal(err)
		}
		if checkpoint == run.Checkpoint1File {
			if err := os.RemoveAll(dir); err != nil {
				t.Fatal(err)
			}
		}
	}
	t.Fatal("never caught in the middle")
}

// finetune -resume begins a stage 2 that was not begun, and one stopped before its report is not complete,
// though a report, that of stage 1, was there.
func TestResumeBeginsStage2(t *testing.T) {
	dir := stage1(t)
	folder := run.Folder{Dir: dir}
	args := []string{"finetune", "-resume", "-out", dir, "-epochs", "1"}
	for n := int32(40); !folder.Has(run.Stage2File) || folder.Has(run.Checkpoint2File); n++ {
		if code, _, stderr := call(t, newCountdown(t.Context(), n), args...); code != exitInterrupted {
			t.Fatalf("never caught between weights and report: exit code %d, %q", code, stderr)
		}
		if folder.Has(run.ReportFile) {
			t.Fatal("the report of stage 1 is still there, as if it were that of stage 2")
		}
	}
	if code, stdout, stderr := call(t, t.Context(), "pretrain", "-resume", "-out", dir); code != 0 || !strings.Contains(stdout, "finetune -resume") || folder.Has(run.ReportFile) {
		t.Errorf("pretrain -resume beside a stage 2: exit code %d, report %v, %q %q", code, folder.Has(run.ReportFile), stdout, stderr)
	}
	succeed(t, args...)
	if page := string(read(t, folder.Path(run.ReportFile))); !strings.Contains(page, "stages 1 and 2") {
		t.Error("the report is not that of both stages")
	}
}

// A stage 2 trained from scratch gets no stage 1 afterwards, and lends none.
func TestNoStage1UnderStage2(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	succeed(t, tiny("finetune", "-data", "synthetic", "-out", dir, "-epochs", "1", "-map=false")...)
	if code, _, stderr := call(t, t.Context(), "finetune", "-from", dir, "-out", dir+"2"); code != exitFailure || !strings.Contains(stderr, "was trained without") {
		t.Errorf("starting from a run without stage 1: exit code %d, %q", code, stderr)
	}
	if code, _, stderr := call(t, t.Context(), "pretrain", "-resume", "-out", dir, "-epochs", "1", "-pretrain-samples", "20"); code != exitFailure || !strings.Contains(stderr, "no stage 1 to resume") {
		t.Errorf("resuming a stage 1 that never was: exit code %d, %q", code, stderr)
	}
	if (run.Folder{Dir: dir}).Has(run.Stage1File) {
		t.Error("a stage 1 was put under a stage 2 that did not start from it")
	}
}

// Where run.json was changed by hand to another encoder than stage 1 has, which the shapes of the weights may not
// show, nothing is begun and nothing of the old stage 2 is lost.
func TestEncoderChangedByHand(t *testing.T) {
	dir := stage1(t)
	folder := run.Folder{Dir: dir}
	succeed(t, "finetune", "-from", dir, "-epochs", "1", "-map=false")
	for _, change := range [][2]string{{`"heads": 2`, `"heads": 4`}, {`"dim": 8`, `"dim": 16`}} {
		manifest := read(t, folder.Path("run.json"))
		if err := os.WriteFile(folder.Path("run.json"), bytes.ReplaceAll(manifest, []byte(change[0]), []byte(change[1])), 0o666); err != nil {
			t.Fatal(err)
		}
		for _, args := range [][]string{{"finetune", "-force", "-from", dir}, {"eval", "-seeds", "2", "-from", dir}, {"baselines", "-data", "synthetic", "-methods", "none", "-from", dir}} {
			code, _, stderr := call(t, t.Context(), args...)
			if code != exitFailure || !strings.Contains(stderr, "put those of stage 1 back") {
				t.Errorf("%s of %s: exit code %d, %q", args[0], change[1], code, stderr)
			}
		}
		if !folder.Has(run.Stage2File) || !folder.Has("metrics.json") {
			t.Fatal("the old stage 2 is gone")
		}
		if err := os.WriteFile(folder.Path("run.json"), manifest, 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

// A training that a full disk ended can go on when there is room.
func TestFullDiskIsResumable(t *testing.T) {
	err := resumable(fmt.Errorf("cannot write run/checkpoint-stage1.safetensors: %w", syscall.ENOSPC), "diffclip pretrain -resume -out run")
	if want := "make room, then go on with: diffclip pretrain -resume -out run"; !strings.Contains(err.Error(), want) || !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("%v, want %q", err, want)
	}
	if other := errors.New("another failure"); resumable(other, "diffclip") != other {
		t.Error("another failure is taken for a full disk")
	}
}

// What killed commands have left half written is cleared away by the next one that takes the folder, whatever it does there.
func TestLeftoversAreClearedAway(t *testing.T) {
	dir := stage1(t)
	succeed(t, "finetune", "-from", dir, "-epochs", "1", "-map=false")
	if err := os.Mkdir(filepath.Join(dir, "splits"), 0o777); err != nil {
		t.Fatal(err)
	}
	left := []string{".report.html.0123abcd.tmp", ".reconstruction-1.png.0123abcd.tmp", ".stage2.safetensors.0123abcd.tmp", "splits/.seed-3.json.0123abcd.tmp"}
	for _, args := range [][]string{{"pretrain", "-resume", "-out", dir}, {"finetune", "-resume", "-out", dir}, {"eval", "-from", dir}} {
		for _, name := range append(left, ".notes.tmp") {
			if err := os.WriteFile(filepath.Join(dir, name), nil, 0o666); err != nil {
				t.Fatal(err)
			}
		}
		succeed(t, args...)
		for _, name := range left {
			if (run.Folder{Dir: dir}).Has(name) {
				t.Errorf("%s leaves %s", args[0], name)
			}
		}
		if !(run.Folder{Dir: dir}).Has(".notes.tmp") {
			t.Errorf("%s removes what is not its own", args[0])
		}
	}
}
