package train

import (
	"encoding/json"
	"fmt"

	"diffclip/internal/safetensors"
	"diffclip/nn"
	"diffclip/tensor"
)

// state is where a run is.
type state struct {
	Epoch   int     `json:"epoch"` // to be done next
	Step    int     `json:"step"`  // of that epoch, to be done next
	LossSum float64 `json:"loss_sum"`
	Updates int     `json:"updates"`
	History []Epoch `json:"history"`
}

const (
	stateKey    = "diffclip.state"
	identityKey = "diffclip.identity"
	optimPrefix = "optimizer."
)

// save writes the checkpoint, whole or not at all.
func (l *Loop) save(at *state) error {
	if l.Checkpoint == "" {
		return nil
	}
	at.Updates = l.Opt.Steps()
	text, err := json.Marshal(at)
	if err != nil {
		return err
	}
	tensors := Tensors("", l.Set.State())
	tensors = append(tensors, Tensors(optimPrefix, l.Opt.State())...)
	meta := map[string]string{stateKey: string(text), identityKey: l.Identity}
	if err := safetensors.WriteFile(l.Checkpoint, tensors, meta); err != nil {
		return fmt.Errorf("%s: saving the checkpoint: %w", l.Name, err)
	}
	return nil
}

// load restores model, optimiser and place from the checkpoint.
func (l *Loop) load(at *state) error {
	tensors, meta, err := Read(l.Checkpoint)
	if err != nil {
		return fmt.Errorf("%s: resuming: %w", l.Name, err)
	}
	if meta[identityKey] != l.Identity {
		return fmt.Errorf("%s: %s was made by a run with another configuration; resume with the same options, or start anew in another folder", l.Name, l.Checkpoint)
	}
	if err := json.Unmarshal([]byte(meta[stateKey]), at); err != nil {
		return fmt.Errorf("%s: %s: its state cannot be read: %w", l.Name, l.Checkpoint, err)
	}
	if at.Epoch < 0 || at.Epoch > l.Epochs || at.Step < 0 || at.Step > l.Batches.Steps() || at.Updates < 0 || len(at.History) != at.Epoch {
		return fmt.Errorf("%s: %s: its state is damaged: epoch %d of %d, step %d of %d, %d epochs of history; start anew in another folder",
			l.Name, l.Checkpoint, at.Epoch, l.Epochs, at.Step, l.Batches.Steps(), len(at.History))
	}
	model, opt := map[string]*tensor.Tensor{}, map[string]*tensor.Tensor{}
	for name, t := range tensors {
		if len(name) > len(optimPrefix) && name[:len(optimPrefix)] == optimPrefix {
			opt[name[len(optimPrefix):]] = t
		} else {
			model[name] = t
		}
	}
	if err := l.Set.Load(model).Err(); err != nil {
		return fmt.Errorf("%s: %s: %w", l.Name, l.Checkpoint, err)
	}
	if err := l.Opt.SetState(opt, at.Updates); err != nil {
		return fmt.Errorf("%s: %s: %w", l.Name, l.Checkpoint, err)
	}
	return nil
}

// Tensors lists a state dict for writing, every name with prefix in front.
func Tensors(prefix string, state map[string]*tensor.Tensor) []safetensors.Tensor {
	out := make([]safetensors.Tensor, 0, len(state))
	for name, t := range state {
		out = append(out, safetensors.Tensor{Name: prefix + name, Shape: t.Dims(), Data: t.Host()})
	}
	return out
}

// Read returns every tensor of a safetensors file, and its metadata.
func Read(path string) (map[string]*tensor.Tensor, map[string]string, error) {
	r, err := safetensors.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer r.Close()
	out := map[string]*tensor.Tensor{}
	for _, name := range r.Names() {
		info, err := r.Info(name)
		if err != nil {
			return nil, nil, err
		}
		if len(info.Shape) > tensor.MaxRank {
			return nil, nil, fmt.Errorf("%s: tensor %q has %d dimensions, at most %d are supported", path, name, len(info.Shape), tensor.MaxRank)
		}
		data, err := r.Float32s(name)
		if err != nil {
			return nil, nil, err
		}
		out[name] = tensor.FromSlice(data, info.Shape...)
	}
	return out, r.Metadata(), nil
}

// SaveModel writes a model's state dict with the given metadata.
func SaveModel(path string, set *nn.Set, meta map[string]string) error {
	return safetensors.WriteFile(path, Tensors("", set.State()), meta)
}
