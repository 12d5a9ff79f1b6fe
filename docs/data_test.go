package docs_test

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"diffclip/clip"
	"diffclip/rsdata"
)

// TestOwnScenePage: the scene.json and the texts that data.md shows are taken as
// they stand, and it names every field that there is.
func TestOwnScenePage(t *testing.T) {
	page, err := os.ReadFile("data.md")
	if err != nil {
		t.Fatal(err)
	}
	shown := regexp.MustCompile("(?ms)^```json\n(.*?)^```").FindAllStringSubmatch(string(page), -1)
	if len(shown) != 2 {
		t.Fatalf("%d pieces of JSON, want a scene.json and texts", len(shown))
	}
	dir := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	const rows, cols = 6, 5
	for name, bands := range map[string]int{"flight": 12, "surface": 1, "survey": 1} {
		data := make([]byte, rows*cols*bands)
		for i := range data {
			data[i] = byte(i % 4)
		}
		write(name+".dat", string(data))
		write(name+".hdr", fmt.Sprintf("ENVI\nsamples = %d\nlines = %d\nbands = %d\nheader offset = 0\ndata type = 1\ninterleave = bip\nbyte order = 0\n", cols, rows, bands))
	}
	write("scene.json", shown[0][1])
	d, err := rsdata.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if d.Name != "Rur valley" || len(d.Classes) != 3 || len(d.Modalities) != 2 || d.Scenes[0].Labels == nil || *d.Scenes[0].Rasters[1].NoData != -9999 {
		t.Errorf("the scene.json makes %+v", d)
	}
	texts, err := clip.OpenDescriptions(write("texts.json", shown[1][1]))
	if err != nil {
		t.Fatal(err)
	}
	var classes []string
	for _, c := range d.Classes {
		classes = append(classes, c.Name)
	}
	if got, err := clip.Texts(clip.DescriptionPrompt, d.Name, classes, texts); err != nil || len(got) != 3 {
		t.Errorf("the texts make %q (%v)", got, err)
	}
	if usual, err := clip.Texts("p4", d.Name, classes, nil); err != nil || !strings.Contains(strings.ReplaceAll(string(page), "\n", " "), "`"+usual[2]+"`") {
		t.Errorf("the page does not show the usual text %q (%v)", usual, err)
	}
	for _, field := range jsonNames(reflect.TypeFor[rsdata.Description]()) {
		if !strings.Contains(string(page), "`"+field+"`") {
			t.Errorf("the page does not explain the field %q", field)
		}
	}
}

// jsonNames lists the names that a type has in JSON, and those of its parts.
func jsonNames(t reflect.Type) []string {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice || t.Kind() == reflect.Array {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return nil
	}
	var out []string
	for i := range t.NumField() {
		if name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ","); name != "" {
			out = append(out, name)
		}
		out = append(out, jsonNames(t.Field(i).Type)...)
	}
	return out
}
