package nn

import (
	"fmt"

	"diffclip/internal/safetensors"
	"diffclip/tensor"
)

// WriteState writes tensors by name, such as Set.State gives them, and metadata (nil
// for none) to a safetensors file, whole or not at all. PyTorch and NumPy read
// it: see examples/python.
func WriteState(path string, state map[string]*tensor.Tensor, meta map[string]string) error {
	list := make([]safetensors.Tensor, 0, len(state))
	for name, t := range state {
		list = append(list, safetensors.Tensor{Name: name, Shape: t.Dims(), Data: t.Host()})
	}
	return safetensors.WriteFile(path, list, meta)
}

// ReadState returns every tensor of a safetensors file by name, for Set.Load, and its
// metadata. Values of other types than float32 are converted. It is an error
// where the file is damaged or a tensor has more than tensor.MaxRank dimensions.
func ReadState(path string) (state map[string]*tensor.Tensor, meta map[string]string, err error) {
	r, err := safetensors.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer r.Close()
	state = map[string]*tensor.Tensor{}
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
		state[name] = tensor.FromSlice(data, info.Shape...)
	}
	return state, r.Metadata(), nil
}
