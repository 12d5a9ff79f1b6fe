//go:build unix

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"diffclip/internal/cells"
	"diffclip/internal/testenv"
)

// program prepares the program itself, as another process, with one command line.
func program(args []string) (p *exec.Cmd, stdout, stderr *strings.Builder) {
	p, stdout, stderr = exec.Command(os.Args[0], args...), new(strings.Builder), new(strings.Builder)
	p.Env = append(os.Environ(), asProgram+"=1")
	p.Stdout, p.Stderr = stdout, stderr
	return p, stdout, stderr
}

// What a killed program had finished is there, and the next one ends in the same results.
func TestKilledSeedsAreKept(t *testing.T) {
	dir := finetuned(t)
	for line, all := range keeping(dir, 8) {
		args := strings.Fields(line)
		whole := succeed(t, append(args, "-force")...)
		if err := os.RemoveAll(filepath.Join(dir, cells.Folder)); err != nil {
			t.Fatal(err)
		}
		p, _, stderr := program(args)
		if err := p.Start(); err != nil {
			t.Fatal(err)
		}
		for wait := time.Now().Add(testenv.Patience); len(finishedCells(t, dir)) < 3; time.Sleep(time.Millisecond) {
			if time.Now().After(wait) {
				p.Process.Kill()
				t.Fatalf("%s: after %v there is nothing: %s", line, testenv.Patience, stderr)
			}
		}
		p.Process.Kill()
		p.Wait()
		before := finishedCells(t, dir)
		if len(before) >= all {
			t.Fatalf("%s: it was finished before it could be killed", line)
		}
		code, stdout, said := call(t, t.Context(), args...)
		after := finishedCells(t, dir)
		if code != 0 || stdout != whole || !strings.Contains(said, "were there already") || len(after) != all || rewritten(before, after) > 0 {
			t.Errorf("%s: after a kill: exit code %d, the same results %v, %d of %d cells of which %d are others: %q", line, code, stdout == whole, len(after), all, rewritten(before, after), said)
		}
		if left, err := filepath.Glob(filepath.Join(dir, cells.Folder, ".*")); err != nil || len(left) > 0 {
			t.Errorf("%s: left behind: %v, %v", line, left, err)
		}
	}
}

// Two programs may work on the same table in the same folder.
func TestTwoProgramsKeepSeeds(t *testing.T) {
	args := []string{"baselines", "-data", "synthetic", "-methods", "mean,lda", "-shots", "2,3", "-seeds", "4", "-max-test", "4", "-json"}
	plain := succeed(t, args...)
	args = append(args, "-out", t.TempDir())
	p, first, log1 := program(args)
	q, second, log2 := program(args)
	for _, x := range []*exec.Cmd{p, q} {
		if err := x.Start(); err != nil {
			t.Fatal(err)
		}
	}
	if err1, err2 := p.Wait(), q.Wait(); err1 != nil || err2 != nil || first.String() != plain || second.String() != plain {
		t.Errorf("%v, %v, the same results %v, %v:\n%s%s", err1, err2, first.String() == plain, second.String() == plain, log1, log2)
	}
	if n := len(finishedCells(t, args[len(args)-1])); n != 16 {
		t.Errorf("%d cells, want 16", n)
	}
}

// Where nothing may be written, nothing is kept, which is told once; where something else is in the way, the command stops.
func TestFolderThatKeepsNothing(t *testing.T) {
	args := []string{"baselines", "-data", "synthetic", "-methods", "mean", "-shots", "2", "-seeds", "2", "-max-test", "4"}
	plain := succeed(t, args...)
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := call(t, t.Context(), append(args, "-out", file)...); code != exitFailure || !strings.Contains(stderr, file) {
		t.Errorf("a file in its place: exit code %d, %q", code, stderr)
	}
	if runtime.GOOS != "linux" {
		return // where no folder is known that root may not write to either
	}
	code, stdout, stderr := call(t, t.Context(), append(args, "-out", "/sys/diffclip")...)
	if code != 0 || stdout != plain || strings.Count(stderr, "note: what is finished is not kept: cannot make the folder of the cells: ") != 1 {
		t.Errorf("exit code %d, %q, the same results %v", code, stderr, stdout == plain)
	}
}
