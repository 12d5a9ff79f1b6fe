// Package weights reads and writes the files of trained models: safetensors whose
// metadata say what the tensors are and all that is needed beside them.
//
// Read next: diffusion.Open and clip.Open.
package weights

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"diffclip/nn"
	"diffclip/rsdata"
	"diffclip/tensor"
	"diffclip/vit"
)

// Keys of the metadata of a weights file.
const (
	Kind    = "diffclip.kind" // Stage1 or Stage2
	Config  = "diffclip.config"
	Scaling = "diffclip.scaling"
	Classes = "diffclip.classes"
	Text    = "diffclip.text"
)

// The kinds of file.
const (
	Stage1 = "stage 1"
	Stage2 = "stage 2"
)

// Write writes a file of the given kind, whole or not at all: the state of set, and
// the facts, by their keys, as JSON. It is an error where Read would refuse the state.
func Write(path, kind string, set *nn.Set, facts map[string]any) error {
	state := set.State()
	if err := finite(state); err != nil {
		return fmt.Errorf("%s: not written: %w", path, err)
	}
	meta := map[string]string{Kind: kind}
	for key, v := range facts {
		text, err := json.Marshal(v)
		if err != nil {
			return fmt.Errorf("%s: %s: %w", path, key, err)
		}
		meta[key] = string(text)
	}
	return nn.WriteState(path, state, meta)
}

// Read reads a file of the given kind: its facts into the values they are given,
// then its tensors, with which build makes the model.
func Read(path, kind string, facts map[string]any, build func(map[string]*tensor.Tensor) error) error {
	state, meta, err := nn.ReadState(path)
	if err != nil {
		return err
	}
	if meta[Kind] != kind {
		return fmt.Errorf("%s: not the weights of %s: it says %q", path, kind, meta[Kind])
	}
	for _, key := range slices.Sorted(maps.Keys(facts)) { // of several errors always the same
		if err := json.Unmarshal([]byte(meta[key]), facts[key]); err != nil {
			return fmt.Errorf("%s: %s in its metadata cannot be read: %w", path, key, err)
		}
	}
	if err := finite(state); err != nil {
		return fmt.Errorf("%s: %w: the file is damaged", path, err)
	}
	if err := build(state); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// finite wants every weight to be a number, which those of a finished training are.
func finite(state map[string]*tensor.Tensor) error {
	for _, name := range slices.Sorted(maps.Keys(state)) { // of several errors always the same
		for i, v := range state[name].Host() {
			if v-v != 0 {
				return fmt.Errorf("value %d of tensor %q is %v", i, name, v)
			}
		}
	}
	return nil
}

// Hold returns an error unless a file's tensors have as many values as its
// configuration needs at least, so that no file can ask for more memory than it holds.
func Hold(need float64, state map[string]*tensor.Tensor) error {
	held := 0
	for _, t := range state {
		held += t.Len()
	}
	if need > float64(held) {
		return fmt.Errorf("its configuration describes a model of at least %.0f values, the file holds %d", need, held)
	}
	return nil
}

// Fit returns an error unless windows of a dataset, which have a pixel in the middle and
// the values that a scaling makes, are what an encoder reads.
func Fit(e vit.Config, s *rsdata.Scaling) error {
	if e.Window%2 == 0 {
		return fmt.Errorf("the model reads windows of %d pixels, want an odd number", e.Window)
	}
	if len(s.Modalities) != len(e.Modalities) {
		return fmt.Errorf("the model reads %d modalities, the scaling makes %d", len(e.Modalities), len(s.Modalities))
	}
	for i, m := range e.Modalities {
		if made := s.Modalities[i].OutBands(); made != m.Bands {
			return fmt.Errorf("the model reads %d values per pixel of modality %q, the scaling makes %d", m.Bands, m.Name, made)
		}
	}
	return nil
}

// OfEncoder is a lower bound on an encoder's parameters.
func OfEncoder(e vit.Config) float64 {
	n := OfBlocks(e.Depth, e.Dim, e.MLPRatio)
	for _, m := range e.Modalities {
		n += float64(e.Dim) * (float64(m.Bands) + float64(e.Tokens()) + float64(e.PatchPixels())*float64(e.Dim))
	}
	return n
}

// OfBlocks is a lower bound on the parameters of depth transformer blocks.
func OfBlocks(depth, dim, ratio int) float64 {
	return float64(depth) * (4 + 2*float64(ratio)) * float64(dim) * float64(dim)
}
