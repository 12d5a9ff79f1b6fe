package tour_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// checkCommands tries the commands of a shell fence: those of a fence marked
// long are looked at, those of the others are run as well. A go test is only
// looked at, since this is one.
func checkCommands(t *testing.T, src *source, f fence) {
	t.Helper()
	kind, long := strings.CutSuffix(f.info, " long")
	if kind != "sh" {
		return
	}
	for line := range strings.Lines(f.body) {
		line, _, _ = strings.Cut(strings.TrimSpace(line), "  #")
		if err := plausible(src, line); err != nil {
			t.Errorf("line %d: %v", f.line, err)
			continue
		}
		args := strings.Fields(line)
		if long || args[0] != "diffclip" {
			continue
		}
		if out, err := diffclip(args[1:]...); err != nil {
			t.Errorf("line %d: %s: %v\n%s", f.line, line, err, out)
		}
	}
}

// plausible returns an error unless the command exists, with the flags or the
// tests and the folder that it names.
func plausible(src *source, line string) error {
	args := strings.Fields(line)
	switch {
	case line == "go install ./cmd/diffclip":
		return nil
	case len(args) > 1 && args[0] == "diffclip":
		return plausibleSubcommand(args[1:])
	case len(args) > 2 && args[0] == "go" && args[1] == "test":
		return plausibleTest(src, args[2:])
	}
	return fmt.Errorf("%q: want diffclip, go install ./cmd/diffclip or go test", line)
}

func plausibleSubcommand(args []string) error {
	help, err := diffclip("help", args[0])
	if err != nil {
		return fmt.Errorf("diffclip help %s: %w\n%s", args[0], err, help)
	}
	for _, a := range args[1:] {
		if strings.HasPrefix(a, "-") && a != "-h" && !strings.Contains(help, "\n  "+a+" ") && !strings.Contains(help, "\n  "+a+"\n") {
			return fmt.Errorf("diffclip %s has no flag %s", args[0], a)
		}
	}
	return nil
}

// plausibleTest looks for the folder of a go test and for a test, example or
// benchmark that its -run or -bench would take.
func plausibleTest(src *source, args []string) error {
	folder := args[len(args)-1]
	files, err := filepath.Glob(filepath.Join("../..", folder, "*_test.go"))
	if err != nil || len(files) == 0 {
		return fmt.Errorf("go test %s: no tests there (%v)", folder, err)
	}
	for i, a := range args {
		if (a == "-run" || a == "-bench") && args[i+1] != "'^$'" {
			pattern, _, _ := strings.Cut(args[i+1], "/")
			if err := matches(src, files, pattern); err != nil {
				return fmt.Errorf("go test %s %s: %w", a, args[i+1], err)
			}
		}
	}
	return nil
}

func matches(src *source, files []string, pattern string) error {
	re, err := regexp.Compile(pattern)
	if err != nil {
		return err
	}
	tests := regexp.MustCompile(`^(Test|Example|Benchmark)`)
	for _, file := range files {
		if _, err := src.declaration(file, ""); src.files[file] == nil {
			return err
		}
		for name := range src.files[file] {
			if tests.MatchString(name) && re.MatchString(name) {
				return nil
			}
		}
	}
	return fmt.Errorf("nothing of that name")
}

// build is where the command is built, once, if a chapter needs it.
var build struct {
	once sync.Once
	dir  string
	err  error
}

func TestMain(m *testing.M) {
	code := m.Run()
	if build.dir != "" {
		if err := os.RemoveAll(build.dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}
	os.Exit(code)
}

// diffclip runs the command and returns all that it writes.
func diffclip(args ...string) (string, error) {
	build.once.Do(func() {
		if build.dir, build.err = os.MkdirTemp("", "tour"); build.err != nil {
			return
		}
		out, err := exec.Command("go", "build", "-o", build.dir+"/diffclip", "diffclip/cmd/diffclip").CombinedOutput()
		if err != nil {
			build.err = fmt.Errorf("building the command: %w\n%s", err, out)
		}
	})
	if build.err != nil {
		return "", build.err
	}
	out, err := exec.Command(build.dir+"/diffclip", args...).CombinedOutput()
	return string(out), err
}
