// Package golden gives tests the values that PyTorch computed for small inputs. README.md lists every case.
package golden

import (
	"bytes"
	"embed"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"diffclip/internal/safetensors"
)

//go:embed data/*.safetensors
var files embed.FS

// Family is one file of cases.
type Family struct {
	name   string
	reader *safetensors.Reader
}

// Load reads the file data/<family>.safetensors, for instance "ops". It fails the test if there is none.
func Load(t testing.TB, family string) *Family {
	t.Helper()
	path := "data/" + family + ".safetensors"
	raw, err := files.ReadFile(path)
	if err != nil {
		t.Fatalf("golden: no family %q: %v", family, err)
	}
	reader, err := safetensors.NewReader(path, bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		t.Fatal(err)
	}
	return &Family{family, reader}
}

// Cases returns the names of all cases in increasing order.
func (f *Family) Cases() []string {
	names := map[string]bool{}
	for _, tensor := range f.reader.Names() {
		name, _, _ := strings.Cut(tensor, "/")
		names[name] = true
	}
	return slices.Sorted(maps.Keys(names))
}

// Case returns a case by name, for the test t, which it fails if there is none.
func (f *Family) Case(t testing.TB, name string) Case {
	t.Helper()
	if !slices.Contains(f.Cases(), name) {
		t.Fatalf("golden: no case %q in family %q", name, f.name)
	}
	attrs := map[string]float64{}
	if err := json.Unmarshal([]byte(f.reader.Metadata()[name]), &attrs); err != nil {
		t.Fatalf("golden: attributes of %s/%s: %v", f.name, name, err)
	}
	return Case{t, f.reader, name, attrs}
}

// Case is one computation: its inputs, its output and its gradients. Asking for a part or an attribute that it
// does not have fails the test.
type Case struct {
	t      testing.TB
	reader *safetensors.Reader
	name   string
	attrs  map[string]float64
}

// Parts returns the names of the case's tensors in increasing order.
func (c Case) Parts() []string {
	var parts []string
	for _, tensor := range c.reader.Names() {
		if part, ok := strings.CutPrefix(tensor, c.name+"/"); ok {
			parts = append(parts, part)
		}
	}
	return parts
}

// Has reports whether the case has a part.
func (c Case) Has(part string) bool { return slices.Contains(c.Parts(), part) }

// Shape returns the shape of a part, empty for a scalar.
func (c Case) Shape(part string) []int {
	c.t.Helper()
	info, err := c.reader.Info(c.name + "/" + part)
	return must(c.t, info.Shape, err)
}

// Float32s returns the elements of a part in row-major order.
func (c Case) Float32s(part string) []float32 {
	c.t.Helper()
	x, err := c.reader.Float32s(c.name + "/" + part)
	return must(c.t, x, err)
}

// Float64s returns the elements of an F64 part, which the schedules have.
func (c Case) Float64s(part string) []float64 {
	c.t.Helper()
	x, err := c.reader.Float64s(c.name + "/" + part)
	return must(c.t, x, err)
}

// Int64s returns the elements of an I64 part: indices, ids, targets.
func (c Case) Int64s(part string) []int64 {
	c.t.Helper()
	x, err := c.reader.Int64s(c.name + "/" + part)
	return must(c.t, x, err)
}

// Attr returns an attribute, for instance "eps".
func (c Case) Attr(name string) float64 {
	c.t.Helper()
	v, ok := c.attrs[name]
	if !ok {
		c.t.Fatalf("golden: case %q has no attribute %q", c.name, name)
	}
	return v
}

// Int returns an attribute that is an integer, for instance "heads".
func (c Case) Int(name string) int {
	c.t.Helper()
	v := c.Attr(name)
	if v != float64(int(v)) {
		c.t.Fatalf("golden: attribute %q of case %q is %v, want an integer", name, c.name, v)
	}
	return int(v)
}

func must[T any](t testing.TB, value T, err error) T {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return value
}
