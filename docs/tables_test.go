package docs_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"diffclip/internal/table"
)

//go:generate go test -run ^Test(Tables|Charts|Numbers)$ . -update

var update = flag.Bool("update", false, "write the tables of the pages anew from the raw files in results and performance")

// A table lies between these lines, the first of which names a view and what it
// shows: <!-- table: accuracy results/learned-pines-random.json -->
var tablePattern = regexp.MustCompile(`(?ms)^<!-- table: ([^\n]+) -->\n(.*?)^<!-- end of table -->\n`)

// tablesOfWords, by their headers: what they say is not measured, or other tests hold it.
var tablesOfWords = map[string]bool{
	"| package | what it holds |":            true, // README.md
	"| package | in a sentence |":            true, // architecture.md, generated
	"| part | what it shows |":               true, // explorer.md
	"| what | how |":                         true, // gpu.md
	"| file | what it is |":                  true, // reproduce.md
	"| name | what the paper shows | here |": true, // reproduce.md
	"| name | classifier |":                  true, // results.md
	"| field | what it says |":               true, // data.md
	"| what it says | what to do |":          true, // data.md
}

// pages are the README and the pages beside this file.
func pages(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("*.md")
	if err != nil || len(files) < 8 {
		t.Fatalf("%d pages: %v", len(files), err)
	}
	return append(files, "../README.md")
}

// TestTables: every table of numbers is what its raw file gives, and every raw file
// is behind a table. With -update both are written: the tables anew, and
// files of scores without what no table uses.
func TestTables(t *testing.T) {
	r := newRaw()
	for _, page := range pages(t) {
		old, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		current, err := withTables(r, string(old))
		if err != nil {
			t.Errorf("%s: %v", page, err)
			continue
		}
		keep(t, page, old, []byte(current))
	}
	for name, f := range r.scored {
		old, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		current, err := f.text()
		if err != nil {
			t.Fatal(err)
		}
		keep(t, name, old, current)
	}
	for _, pattern := range []string{"results/*", "performance/*"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: no raw files: %v", pattern, err)
		}
		for _, name := range files {
			if !r.used(name) && filepath.Base(name) != "notes.json" { // notes are behind sentences

				t.Errorf("%s is behind no table", name)
			}
		}
	}
}

// keep holds a file to what it should be, or with -update makes it that.
func keep(t *testing.T, name string, old, current []byte) {
	t.Helper()
	switch {
	case bytes.Equal(old, current):
	case !*update:
		t.Errorf("%s is not what the raw files give: go generate ./docs writes it anew; first difference:\n%s", name, firstDifference(string(old), string(current)))
	default:
		if err := os.WriteFile(name, current, 0o644); err != nil {
			t.Error(err)
		}
	}
}

func firstDifference(old, current string) string {
	a, b := strings.Split(old, "\n"), strings.Split(current, "\n")
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return fmt.Sprintf("line %d has   %.200s\nshould be %.200s", i+1, a[i], b[i])
		}
	}
	return fmt.Sprintf("%d lines, should be %d", len(a), len(b))
}

// withTables returns a page with its tables made anew from the raw files.
func withTables(r *raw, page string) (string, error) {
	var out strings.Builder
	at := 0
	for _, m := range tablePattern.FindAllStringSubmatchIndex(page, -1) {
		if err := onlyWords(page[at:m[0]]); err != nil {
			return "", err
		}
		text, err := makeTable(r, page[m[2]:m[3]])
		if err != nil {
			return "", fmt.Errorf("table %q: %w", page[m[2]:m[3]], err)
		}
		out.WriteString(page[at:m[4]])
		out.WriteString(text)
		at = m[5]
	}
	out.WriteString(page[at:])
	return out.String(), onlyWords(page[at:])
}

// makeTable returns the table that a page asks for.
func makeTable(r *raw, words string) (string, error) {
	name, args, _ := strings.Cut(words, " ")
	view := views[name]
	if view == nil {
		return "", fmt.Errorf("no view is called %q", name)
	}
	rows, err := view(r, strings.Fields(args))
	if err != nil {
		return "", err
	}
	if len(rows) < 2 {
		return "", fmt.Errorf("no rows")
	}
	var b strings.Builder
	err = table.WriteMarkdown(&b, rows)
	return b.String(), err
}

// onlyWords returns an error if text outside of marked tables has a table of numbers.
func onlyWords(text string) error {
	lines := strings.Split(text, "\n")
	for i, line := range lines[:len(lines)-1] {
		if !strings.HasPrefix(lines[i+1], "|--") {
			continue
		}
		head := strings.Join(strings.Fields(line), " ")
		if !tablesOfWords[head] && !strings.HasSuffix(head, "| switch |") { // the latter of paper-vs-code.md
			return fmt.Errorf("no raw file is behind the table that begins with %q: keep its numbers in a file, such as performance/tiers.json, and put it between <!-- table: as-printed performance/NAME.json --> and <!-- end of table -->", line)
		}
	}
	return nil
}

// The checks of pages can fail.
func TestTablesFindMistakes(t *testing.T) {
	const bare = "text\n| a | b |\n|---|---|\n| 1 | 2 |\n"
	marked := func(view string) string {
		return "<!-- table: " + view + " -->\n" + bare[5:] + "<!-- end of table -->\n"
	}
	for _, c := range []struct{ page, want string }{
		{bare, "no raw file is behind the table"},
		{marked("differences") + bare, "no raw file is behind the table"},
		{marked("guesses results/features.json"), `no view is called "guesses"`},
		{marked("as-printed results/none.json"), "results/none.json"},
		{marked("accuracy results/features.json"), "results/features.json"},
		{marked("peers performance/peers.json training 1"), "no rows"},
	} {
		if _, err := withTables(newRaw(), c.page); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: error %v, want %q", c.page, err, c.want)
		}
	}
	if now, err := withTables(newRaw(), marked("as-printed performance/tiers.json")); err != nil || strings.Contains(now, "| 1 ") {
		t.Errorf("a wrong table stays as it was, %v:\n%s", err, now)
	}
}
