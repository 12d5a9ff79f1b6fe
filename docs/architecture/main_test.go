package main

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"diffclip/internal/moduleroot"
)

func root(t *testing.T) string {
	t.Helper()
	dir, err := moduleroot.Find()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestFilesAreCurrent(t *testing.T) {
	dir := root(t)
	svg, page, err := render(dir)
	if err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string][]byte{pictureFile: svg, pageFile: page} {
		got, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is stale: run go generate ./docs/architecture", file)
		}
	}
}

// elements returns the elements of an SVG file.
func elements(t *testing.T, path string) []xml.StartElement {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var all []xml.StartElement
	for d := xml.NewDecoder(f); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if e, ok := token.(xml.StartElement); ok {
			all = append(all, e.Copy())
		}
	}
}

func attribute(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// TestArrowsAreImports follows the drawn arrows and wants to arrive where the
// imports that go list reports lead, no more and no less.
func TestArrowsAreImports(t *testing.T) {
	dir := root(t)
	drawn := map[string][]string{}
	for _, e := range elements(t, filepath.Join(dir, pictureFile)) {
		if from := attribute(e, "data-from"); from != "" {
			drawn[from] = append(drawn[from], attribute(e, "data-to"))
		}
	}
	all, err := packages(dir)
	if err != nil {
		t.Fatal(err)
	}
	for from, want := range reach(all) {
		got := map[string]bool{}
		var follow func(string)
		follow = func(box string) {
			for _, to := range drawn[box] {
				got[to] = true
				follow(to)
			}
		}
		follow(from)
		if !maps.Equal(got, want) {
			t.Errorf("the arrows from %s lead to %v, its imports to %v", from, slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)))
		}
	}
}

func TestPicturesSpeak(t *testing.T) {
	for _, name := range []string{"packages.svg", "data.svg"} {
		found := map[string]bool{}
		for _, e := range elements(t, name) {
			found[e.Name.Local] = true
		}
		if !found["title"] || !found["desc"] {
			t.Errorf("%s has no title or no description", name)
		}
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(raw), style) {
			t.Errorf("%s does not have the style of both pictures", name)
		}
	}
}

func TestArrows(t *testing.T) {
	all := []pkg{
		{ImportPath: "a", Imports: []string{"b", "c", "internal/x", "fmt"}},
		{ImportPath: "b", Imports: []string{"c"}},
		{ImportPath: "c"}, {ImportPath: "d"},
		{ImportPath: "internal/x", Imports: []string{"d"}},
		{ImportPath: "b/tool", Imports: []string{"d"}},
	}
	reached := reach(all)
	edges := arrows(reached)
	if want := []arrow{{"a", "b"}, {"a", "d"}, {"b", "c"}}; !slices.Equal(edges, want) {
		t.Errorf("arrows %v, want %v: a-c follows from a-b-c, a-d goes by internal/x", edges, want)
	}
	got := layers(reached, edges)
	if want := [][]string{{"a"}, {"b", "d"}, {"c"}}; !slices.EqualFunc(got, want, slices.Equal) {
		t.Errorf("layers %v, want %v", got, want)
	}
}

// Every package's sentence is whole: what cuts it out of the documentation ends it
// at a full stop, be it that of an abbreviation, or at the end of a paragraph.
func TestSentencesAreWhole(t *testing.T) {
	all, err := packages("../..")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(list(all))) {
		if says, row := strings.CutSuffix(line, " |\n"); row && strings.HasPrefix(line, "| [") {
			if !strings.HasSuffix(says, ".") || strings.Count(says, "(") != strings.Count(says, ")") {
				t.Errorf("broken off: %s", says)
			}
		}
	}
}

// TestDocsSayWhatToReadNext wants a reading order from the bottom to the command.
func TestDocsSayWhatToReadNext(t *testing.T) {
	dir := root(t)
	for _, name := range []string{"tensor", "autograd", "nn", "optim", "rsdata", "vit", "diffusion", "clip"} {
		files, err := filepath.Glob(filepath.Join(dir, name, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(files, func(file string) bool {
			src, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			doc, _, ok := strings.Cut(string(src), "\npackage "+name+"\n")
			return ok && strings.Contains(doc, "// Package "+name+" ") && strings.Contains(doc, "// Read next: ")
		}) {
			t.Errorf("the documentation of package %s does not say what to read next", name)
		}
	}
}
