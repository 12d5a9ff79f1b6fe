package clip

import (
	"diffclip/autograd"
	"diffclip/internal/rng"
	"diffclip/tensor"
	"diffclip/vit"
)

// spectral is a random change of the spectra of a batch's windows, the same for
// all pixels of a window: x becomes gain·x + offset.
type spectral struct {
	gain, offset []*tensor.Tensor // per modality (B, bands)
	window       []int32          // of each pixel of the batch
	draws        []float32
}

// draw makes the change of n windows. With standard normal g, h and e_j, drawn for
// each window and modality, band j of bands becomes
//
//	(1 + size·g)·x_j + size·(h·p_j + e_j),  p_j from -1 for the first band to 1 for the last:
//
// another brightness, a slope over the bands, and an error of each band. Bands are
// the model's inputs, after scaling; so size is a share of their deviation, or of
// their range.
func (s *spectral) draw(e vit.Config, n int, size float64, seed, step uint64) {
	for len(s.window) < n*e.Window*e.Window {
		s.window = append(s.window, int32(len(s.window)/(e.Window*e.Window)))
	}
	s.window = s.window[:n*e.Window*e.Window]
	for k, mod := range e.Modalities {
		if len(s.gain) <= k {
			s.gain, s.offset = append(s.gain, nil), append(s.offset, nil)
		}
		if s.gain[k] == nil || s.gain[k].Rows() != n {
			s.gain[k], s.offset[k] = tensor.New(n, mod.Bands), tensor.New(n, mod.Bands)
		}
		s.drawModality(k, mod, size, rng.New(seed, "stage 2/spectral/"+mod.Name, step))
	}
}

func (s *spectral) drawModality(k int, mod vit.Modality, size float64, stream rng.Stream) {
	width := mod.Bands + 2
	if len(s.draws) < width {
		s.draws = make([]float32, width)
	}
	z := s.draws[:width]
	gain, offset := s.gain[k], s.offset[k]
	for i := range gain.Rows() {
		stream.Normal(z, uint64(i*width))
		for j := range mod.Bands {
			place := 0.0
			if mod.Bands > 1 {
				place = 2*float64(j)/float64(mod.Bands-1) - 1
			}
			gain.Data[i*mod.Bands+j] = float32(1 + size*float64(z[0]))
			offset.Data[i*mod.Bands+j] = float32(size * (float64(z[1])*place + float64(z[2+j])))
		}
	}
}

// apply changes the pixels of modality k, (B·L·p², bands).
func (s *spectral) apply(t *autograd.Tape, k int, x *autograd.Var) *autograd.Var {
	x = t.Mul(x, t.GatherRows(t.Input(s.gain[k]), nil, tensor.IDs(s.window)))
	return t.Add(x, t.GatherRows(t.Input(s.offset[k]), nil, tensor.IDs(s.window)))
}
