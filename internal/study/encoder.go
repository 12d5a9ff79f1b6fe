package study

import (
	"context"
	"fmt"

	"diffclip/autograd"
	"diffclip/clip"
	"diffclip/rsdata"
	"diffclip/tensor"
	"diffclip/vit"
)

// Encoder looks into an image encoder. It is used by one goroutine.
type Encoder struct {
	model   *vit.Encoder
	windows *rsdata.Windows
	tape    *autograd.Tape
}

// NewEncoder returns an error where the windows are not what the encoder reads.
func NewEncoder(be tensor.Backend, e *vit.Encoder, w *rsdata.Windows) (*Encoder, error) {
	if err := e.Config.Fits(w); err != nil {
		return nil, err
	}
	return &Encoder{e, w, autograd.NewTape(be, autograd.Eval)}, nil
}

// encoderBatch is how many windows are encoded at a time.
const encoderBatch = 64

// each gathers windows batch by batch, makes their sequences (B, 1+L, D) at
// timestep index 0 and hands over that of each modality.
func (s *Encoder) each(ctx context.Context, pixels []rsdata.Pixel, use func(first, modality int, sequence *autograd.Var)) error {
	e := s.model.Config
	buffers := s.windows.NewBuffers(min(encoderBatch, len(pixels)))
	for lo := 0; lo < len(pixels); lo += encoderBatch {
		if err := ctx.Err(); err != nil {
			return err
		}
		part := pixels[lo:min(lo+encoderBatch, len(pixels))]
		s.windows.Gather(buffers, part)
		for i, m := range e.Modalities {
			x := tensor.New(len(part)*e.Window*e.Window, m.Bands)
			e.Arrange(x.Data, buffers[i], m.Bands)
			use(lo, i, s.model.Stems[i].All(s.tape, s.tape.Input(x), make([]int32, len(part))))
		}
		s.tape.Reset()
	}
	return nil
}

// rows returns the row of a token of each sample among those of all samples.
func (s *Encoder) rows(batch, token int) []int32 {
	rows := make([]int32, batch)
	for b := range rows {
		rows[b] = int32(b*(1+s.model.Config.Tokens()) + token)
	}
	return rows
}

// Attention returns, per modality, how a token of each window shares its attention
// in a block of the encoder, (n, heads, 1+L). Token 0 is the class token, token
// 1+i patch i.
func (s *Encoder) Attention(ctx context.Context, pixels []rsdata.Pixel, block, token int) ([]*tensor.Tensor, error) {
	e := s.model.Config
	if block < 0 || block >= e.Depth || token < 0 || token > e.Tokens() {
		return nil, fmt.Errorf("block %d and token %d: the encoder has %d blocks, a window %d tokens", block, token, e.Depth, 1+e.Tokens())
	}
	out := make([]*tensor.Tensor, len(e.Modalities))
	for i := range out {
		out[i] = tensor.New(len(pixels), e.Heads, 1+e.Tokens())
	}
	err := s.each(ctx, pixels, func(first, modality int, x *autograd.Var) {
		p := s.model.Attention(s.tape, x, block, s.rows(x.Dim(0), token))
		at := first * e.Heads * (1 + e.Tokens())
		p.Value.Read(out[modality].Data[at : at+p.Value.Len()])
	})
	return out, err
}

// Features returns, per modality, what the encoder makes of each window, (n, D),
// pooled as a classifier pools it.
func (s *Encoder) Features(ctx context.Context, pixels []rsdata.Pixel, pool clip.Pool) ([][][]float64, error) {
	out := make([][][]float64, len(s.model.Config.Modalities))
	err := s.each(ctx, pixels, func(_, modality int, x *autograd.Var) {
		v := pool.Forward(s.tape, s.model, x, s.rows(x.Dim(0), 0))
		values := v.Value.Host()
		for b := range v.Dim(0) {
			row := make([]float64, v.Dim(1))
			for i := range row {
				row[i] = float64(values[b*len(row)+i])
			}
			out[modality] = append(out[modality], row)
		}
	})
	return out, err
}

// Shares returns the attention of window n in one head, or with head -1 the mean
// over the heads, (1+L), from what Attention returned for a modality.
func Shares(maps *tensor.Tensor, n, head int) []float32 {
	heads, tokens := maps.Dim(1), maps.Dim(2)
	of := func(h int) []float32 { return maps.Data[(n*heads+h)*tokens : (n*heads+h+1)*tokens] }
	if head >= 0 {
		return of(head)
	}
	mean := make([]float32, tokens)
	for h := range heads {
		for i, v := range of(h) {
			mean[i] += v / float32(heads)
		}
	}
	return mean
}
