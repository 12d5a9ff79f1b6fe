package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"diffclip/internal/cells"
)

// finishedCells returns the files of the cells in a folder, by name.
func finishedCells(t *testing.T, dir string) map[string]os.FileInfo {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(dir, cells.Folder))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	files := map[string]os.FileInfo{}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") {
			continue // a lock, or one that is being written
		}
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		files[e.Name()] = info
	}
	return files
}

// rewritten counts the cells of before that are others now.
func rewritten(before, after map[string]os.FileInfo) int {
	n := 0
	for name, was := range before {
		if is, ok := after[name]; !ok || !os.SameFile(was, is) { // a file is written under another name, then renamed
			n++
		}
	}
	return n
}

// finetuned makes a tiny run with both stages.
func finetuned(t *testing.T) string {
	t.Helper()
	dir := stage1(t)
	succeed(t, "finetune", "-from", dir, "-epochs", "1", "-shots", "2", "-map=false")
	return dir
}

// keeping are command lines that keep what is finished in a run's folder, with their number of results.
func keeping(dir string, seeds int) map[string]int {
	return map[string]int{
		fmt.Sprintf("eval -from %s -seeds %d", dir, seeds): seeds,
		fmt.Sprintf("baselines -data synthetic -from %s -methods lda -variants diffclip -shots 2 -max-test 4 -seeds %d -json", dir, seeds): 2 * seeds,
	}
}

// A command that is stopped again and again keeps what it has finished, says how to go on, computes the rest alone, and
// ends in the same results as one that is not stopped.
func TestFinishedSeedsAreKept(t *testing.T) {
	dir := finetuned(t)
	for line, all := range keeping(dir, 3) {
		args := strings.Fields(line)
		whole := succeed(t, append(args, "-force")...)
		before := finishedCells(t, dir)
		if len(before) < all {
			t.Errorf("%s: %d cells, want %d", line, len(before), all)
		}
		if err := os.RemoveAll(filepath.Join(dir, cells.Folder)); err != nil {
			t.Fatal(err)
		}
		for n := int32(2); ; n += 1 + n/2 {
			before := finishedCells(t, dir)
			code, stdout, stderr := call(t, newCountdown(t.Context(), n), args...)
			after := finishedCells(t, dir)
			if told := fmt.Sprintf("%d of %d ", len(before), all); len(before) > 0 && !strings.Contains(stderr, told) || len(before) == 0 && strings.Contains(stderr, "were there already") {
				t.Errorf("%s: %d of %d results were there, and stderr says %q", line, len(before), all, stderr)
			}
			if n := rewritten(before, after); n > 0 {
				t.Errorf("%s: %d finished cells were computed again", line, n)
			}
			if code == 0 {
				if len(before) == 0 || len(after) != all || stdout != whole {
					t.Errorf("%s: after %d of %d results there are %d, and\n%s\nis not\n%s", line, len(before), all, len(after), stdout, whole)
				}
				break
			}
			if code != exitInterrupted || !strings.Contains(stderr, "; go on with: diffclip "+line+"\n") {
				t.Fatalf("%s: exit code %d, %q", line, code, stderr)
			}
		}
		if again := succeed(t, args...); again != whole {
			t.Errorf("%s: again it gives\n%s\nnot\n%s", line, again, whole)
		}
	}
}

// baselines keeps nothing where there is no folder for it, says so, and gives the same either way.
func TestBaselinesOut(t *testing.T) {
	out := filepath.Join(t.TempDir(), "new", "results")
	args := []string{"baselines", "-data", "synthetic", "-methods", "mean,lda", "-shots", "2", "-seeds", "2", "-max-test", "4"}
	plain := succeed(t, args...)
	if code, _, stderr := call(t, newCountdown(t.Context(), 1), args...); code != exitInterrupted || !strings.Contains(stderr, "interrupted; with -out FOLDER what is finished is kept") {
		t.Errorf("exit code %d, %q", code, stderr)
	}
	if kept := succeed(t, append(args, "-out", out)...); kept != plain {
		t.Errorf("with -out:\n%s\nwithout:\n%s", kept, plain)
	}
	args = append(args, "-out", out, "-seeds", "3")
	if code, _, stderr := call(t, t.Context(), args...); code != 0 || !strings.Contains(stderr, "4 of 6 results were there already, in "+filepath.Join(out, cells.Folder)) {
		t.Errorf("one more seed: exit code %d, %q", code, stderr)
	}
	before := finishedCells(t, out)
	code, _, stderr := call(t, newCountdown(t.Context(), 4), append(args, "-force")...)
	if code != exitInterrupted || strings.Contains(stderr, "were there") || !strings.HasSuffix(stderr, "go on with: diffclip "+strings.Join(args, " ")+"\n") {
		t.Errorf("-force: exit code %d, %q", code, stderr)
	}
	if n := rewritten(before, finishedCells(t, out)); n == 0 {
		t.Error("-force computes nothing anew")
	}
}

// A result is used again only where everything is the same that decides it.
func TestChangedSettingsFindNothing(t *testing.T) {
	data := writeFolder(t, with())
	dir := filepath.Join(t.TempDir(), "run")
	pretrain := tiny("pretrain", "-data", data, "-out", dir, "-epochs", "1", "-batch", "16", "-pretrain-samples", "48")
	succeed(t, pretrain...)
	succeed(t, "finetune", "-from", dir, "-epochs", "1", "-map=false")
	base := []string{"baselines", "-data", data, "-from", dir, "-methods", "mean", "-variants", "alone,no-mask,diffclip", "-shots", "2", "-max-test", "4", "-seeds", "1"}
	found := func(what string, want int, args ...string) {
		t.Helper()
		code, _, stderr := call(t, t.Context(), args...)
		says := fmt.Sprintf("%d of ", want)
		if code != 0 || strings.Contains(stderr, "were there already") != (want > 0) || want > 0 && !strings.Contains(stderr, says) {
			t.Errorf("%s: exit code %d, %q, want %d results that were there", what, code, stderr, want)
		}
	}
	found("at first", 0, base...)
	found("again", 4, base...)
	found("on more threads", 4, append(base, "-threads", "2")...)
	found("one method more", 4, append(base, "-methods", "mean,lda")...)
	for _, change := range []string{"-max-test 5", "-shots 3", "-seed 9", "-protocol disjoint", "-protocol disjoint -block 12"} {
		found(change, 0, append(base, strings.Fields(change)...)...)
	}
	seeds := []string{"eval", "-from", dir, "-seeds", "2"}
	found("eval, which shares a result with baselines -shots 3", 1, seeds...)
	found("eval again", 2, seeds...)
	found("eval with views", 0, append(seeds, "-views", "8")...)

	succeed(t, append(pretrain, "-force", "-lr", "0.5")...) // other weights: what does not start from them stays, but that its configuration says so
	succeed(t, "finetune", "-from", dir, "-epochs", "1", "-map=false")
	found("another stage 1", 2, base...) // mean and stage 2 alone
	found("eval of another stage 1", 0, seeds...)
	succeed(t, "finetune", "-from", dir, "-epochs", "2", "-map=false", "-force")
	found("eval of another stage 2", 0, seeds...)

	gt := []byte(labels(0))
	gt[len(gt)-1] = 1 // one pixel is of another class
	if err := os.WriteFile(filepath.Join(data, "gt.npy"), gt, 0o666); err != nil {
		t.Fatal(err)
	}
	found("other labels", 0, base...)
}

// A cell that cannot be used is told of and computed anew.
func TestDamagedFinishedCells(t *testing.T) {
	out := t.TempDir()
	args := []string{"baselines", "-data", "synthetic", "-methods", "mean", "-shots", "2", "-seeds", "2", "-max-test", "4", "-json", "-out", out}
	whole := succeed(t, args...)
	for name := range finishedCells(t, out) {
		path := filepath.Join(out, cells.Folder, name)
		good := read(t, path)
		for what, damage := range map[string]func([]byte) []byte{
			"unexpected end of JSON": func(b []byte) []byte { return b[:len(b)-20] },
			"another cell":           func(b []byte) []byte { return bytes.Replace(b, []byte(`"shots":2`), []byte(`"shots":3`), 1) },
			"its samples are":        func(b []byte) []byte { return bytes.Replace(b, []byte(`"samples":"`), []byte(`"samples":"0`), 1) },
			"of the 4 test samples":  func(b []byte) []byte { return bytes.Replace(b, []byte(`"counts":[[`), []byte(`"counts":[[9`), 1) },
			"a confusion of 1 class": func(b []byte) []byte {
				return bytes.Replace(b, []byte(`"counts":[[`), []byte(`"counts":[[0]],"c":[[`), 1)
			},
			"in 11 columns":           func(b []byte) []byte { return bytes.Replace(b, []byte(`"counts":[[`), []byte(`"counts":[[0,`), 1) },
			"figures of a yes-or-no ": func(b []byte) []byte { return bytes.Replace(b, []byte(`"counts"`), []byte(`"binary":{},"counts"`), 1) },
		} {
			if err := os.WriteFile(path, damage(good), 0o666); err != nil {
				t.Fatal(err)
			}
			code, stdout, stderr := call(t, t.Context(), args...)
			if code != 0 || stdout != whole || !strings.Contains(stderr, "note: "+path+" cannot be used and is computed anew: ") || !strings.Contains(stderr, what) {
				t.Errorf("%s: exit code %d, %q, the same results %v", what, code, stderr, stdout == whole)
			}
			if !bytes.Equal(read(t, path), good) {
				t.Errorf("%s: the cell is not what it was", what)
			}
		}
		break
	}
}
