package tour_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the listings and outputs of the chapters anew from the code")

const lastChapter, lastEquation = 12, 16

var (
	linkPattern     = regexp.MustCompile(`\[([^\]\n]+)\]\(([^)\n]+)\)`)
	equationPattern = regexp.MustCompile(`\\tag\{(\d+)\}`)
)

// chapters returns the files of the chapters in order.
func chapters(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("[0-9][0-9]-*.md")
	if err != nil || len(files) != lastChapter+1 {
		t.Fatalf("%d chapters (%v), want %d: %v", len(files), err, lastChapter+1, files)
	}
	return files
}

// What a chapter shows is what the code is and prints: every listing, output,
// reference to a declaration, link and command.
func TestChapters(t *testing.T) {
	src := newSource()
	files := chapters(t)
	for i, file := range files {
		t.Run(file, func(t *testing.T) {
			text := checkListings(t, src, file)
			checkLinks(t, src, text)
			checkShape(t, files, i, text)
			for _, f := range parseFences(text) {
				checkCommands(t, src, f)
			}
		})
	}
}

// checkListings holds the fences of a chapter against the code, or with -update
// writes them, and returns the chapter.
func checkListings(t *testing.T, src *source, file string) string {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	text := string(raw)
	var out strings.Builder
	at, shown, lastExample := 0, 0, ""
	for _, f := range parseFences(text) {
		want := f.body
		switch f.info {
		case "go":
			shown++
			name, path := lastLink(text[:f.open])
			d, err := src.declaration(path, name)
			if err != nil {
				t.Errorf("line %d: a listing needs a link to its declaration on the line above: %v", f.line, err)
				continue
			}
			want, lastExample = d.listing, d.output
		case "text":
			if lastExample == "" {
				t.Errorf("line %d: output without an example", f.line)
				continue
			}
			want, lastExample = lastExample, ""
		case "sh", "sh long":
		default:
			t.Errorf("line %d: a fence of kind %q: want go, text, sh or sh long", f.line, f.info)
		}
		if want != f.body && !*update {
			t.Errorf("line %d: the chapter shows\n%s\nthe code says\n%s\n(go test ./docs/tour -run TestChapters -update writes it anew)", f.line, f.body, want)
		}
		out.WriteString(text[at:f.bodyAt])
		out.WriteString(want)
		at = f.bodyAt + len(f.body)
	}
	out.WriteString(text[at:])
	if shown == 0 {
		t.Error("no listing")
	}
	if *update && out.String() != text {
		if err := os.WriteFile(file, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return out.String()
}

// lastLink returns the text and the target of the last link of the last line
// that is not blank.
func lastLink(before string) (name, path string) {
	before = strings.TrimRight(before, "\n")
	line := before[strings.LastIndexByte(before, '\n')+1:]
	for _, m := range linkPattern.FindAllStringSubmatch(line, -1) {
		name, path = strings.Trim(m[1], "`"), m[2]
	}
	return name, path
}

// checkLinks looks for the target of every link, and for what a link to a Go
// file names in it.
func checkLinks(t *testing.T, src *source, text string) {
	t.Helper()
	references := 0
	for _, m := range linkPattern.FindAllStringSubmatch(withoutFences(text), -1) {
		name, path := m[1], m[2]
		if strings.Contains(path, "://") {
			t.Errorf("[%s](%s): the tour links to nothing outside of the repository", name, path)
			continue
		}
		if _, err := os.Stat(path); err != nil {
			t.Errorf("[%s](%s): %v", name, path, err)
			continue
		}
		if !strings.HasSuffix(path, ".go") || !strings.HasPrefix(name, "`") {
			continue
		}
		if _, err := src.declaration(path, strings.Trim(name, "`")); err != nil {
			t.Error(err)
		}
		if strings.HasPrefix(path, "../../") {
			references++
		}
	}
	if references == 0 {
		t.Error("the chapter names no function of the engine")
	}
}

// checkShape wants a title with the number, an exercise, and the way on.
func checkShape(t *testing.T, files []string, i int, text string) {
	t.Helper()
	wants := []string{fmt.Sprintf("# %d. ", i), "\n## Exercise\n", fmt.Sprintf("(exercise/ch%02d_", i), "go test -v -run /"}
	if i < lastChapter {
		wants = append(wants, "]("+files[i+1]+")")
	}
	for _, want := range wants {
		if !strings.Contains(text, want) {
			t.Errorf("the chapter lacks %q", want)
		}
	}
	if !strings.HasPrefix(text, wants[0]) {
		t.Errorf("the chapter does not begin with %q", wants[0])
	}
}

// The list of chapters is complete, and leads somewhere.
func TestContents(t *testing.T) {
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	listed := 0
	for _, m := range linkPattern.FindAllStringSubmatch(string(text), -1) {
		if _, err := os.Stat(m[2]); err != nil {
			t.Error(err)
		}
		if strings.HasSuffix(m[2], ".md") {
			if want := chapters(t)[listed]; m[2] != want {
				t.Errorf("chapter %d of the list is %s, want %s", listed, m[2], want)
			}
			listed++
		}
	}
	if listed != lastChapter+1 {
		t.Errorf("%d chapters are listed, want %d", listed, lastChapter+1)
	}
}

// Every equation of the paper is printed in one chapter.
func TestEquations(t *testing.T) {
	where := map[int][]string{}
	for _, file := range chapters(t) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range equationPattern.FindAllStringSubmatch(string(text), -1) {
			n, err := strconv.Atoi(m[1])
			if err != nil || n < 1 || n > lastEquation {
				t.Errorf("%s: Eq. (%s) is not in the paper", file, m[1])
			}
			where[n] = append(where[n], file)
		}
	}
	for n := 1; n <= lastEquation; n++ {
		if len(where[n]) != 1 {
			t.Errorf("Eq. (%d) is printed in %v, want one chapter", n, where[n])
		}
	}
}

// The chapters' own checks can fail.
func TestChecksFindMistakes(t *testing.T) {
	src := newSource()
	if _, err := src.declaration("ch00_scalar_test.go", "noSuchThing"); err == nil {
		t.Error("a declaration that is not there was found")
	}
	if _, err := src.declaration("../../autograd/tape.go", "Tape.Backward"); err != nil {
		t.Error(err)
	}
	if _, err := src.declaration("../../autograd/tape.go", "tensor.Tape"); err == nil {
		t.Error("a declaration was found under another package's name")
	}
	for _, line := range []string{"diffclip trian", "diffclip pretrain -no-such-flag 1", "rm -r x", "go test -run NoSuchTest ./docs/tour", "go test ./no/such/folder"} {
		if err := plausible(src, line); err == nil {
			t.Errorf("%q passes for a command", line)
		}
	}
}
