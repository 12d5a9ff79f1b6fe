package nn

import (
	"fmt"
	"sort"
	"strings"

	"diffclip/tensor"
)

// State returns every parameter and buffer by name. The tensors are the model's
// own, not copies.
func (s *Set) State() map[string]*tensor.Tensor {
	m := make(map[string]*tensor.Tensor, len(s.params)+len(s.buffers))
	for _, p := range s.params {
		m[p.Name] = p.Value
	}
	for _, b := range s.buffers {
		m[b.Name] = b.Value
	}
	return m
}

// LoadReport lists what did not match when a state dict was loaded, each list
// sorted by name.
type LoadReport struct {
	Loaded     int
	Missing    []string // in the model but not in the state
	Unexpected []string // in the state but not in the model
	Misshaped  []string // in both, with different shapes: "name: model (..), state (..)"
}

// Err returns an error that lists every mismatch, or nil if there was none.
func (r *LoadReport) Err() error {
	var parts []string
	add := func(what string, names []string) {
		if len(names) > 0 {
			parts = append(parts, fmt.Sprintf("%d %s: %s", len(names), what, abridge(names)))
		}
	}
	add("missing", r.Missing)
	add("unexpected", r.Unexpected)
	add("of another shape", r.Misshaped)
	if parts == nil {
		return nil
	}
	return fmt.Errorf("weights do not fit the model: %s", strings.Join(parts, "; "))
}

func abridge(names []string) string {
	const most = 8
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}

// Load copies the tensors of state whose names and shapes match into the model
// and reports the others. A shape that differs only by trailing dimensions of
// one matches: a 1x1 convolution's weight fits a linear layer. A model that
// needs every name checks the report's Err.
func (s *Set) Load(state map[string]*tensor.Tensor) *LoadReport {
	r := &LoadReport{}
	for name, dst := range s.State() {
		src, ok := state[name]
		switch {
		case !ok:
			r.Missing = append(r.Missing, name)
		case !sameShape(dst.Shape, src.Shape):
			r.Misshaped = append(r.Misshaped, fmt.Sprintf("%s: model %v, state %v", name, dst.Shape, src.Shape))
		default:
			dst.Write(src.Host())
			r.Loaded++
		}
	}
	for name := range state {
		if !s.names[name] {
			r.Unexpected = append(r.Unexpected, name)
		}
	}
	for _, p := range s.params {
		p.Changed()
	}
	sort.Strings(r.Missing)
	sort.Strings(r.Unexpected)
	sort.Strings(r.Misshaped)
	return r
}

func sameShape(a, b tensor.Shape) bool { return trim(a) == trim(b) }

func trim(s tensor.Shape) tensor.Shape {
	d := s.Dims()
	for len(d) > 0 && d[len(d)-1] == 1 {
		d = d[:len(d)-1]
	}
	return tensor.Of(d...)
}
