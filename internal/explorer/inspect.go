package explorer

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/png"
	"math"
	"net/http"
	"strconv"
	"strings"

	"diffclip/internal/study"
	"diffclip/rsdata"
)

// dataURI is a picture for an <img>.
func dataURI(im image.Image) string {
	var b bytes.Buffer
	png.Encode(&b, im) // to memory, and of a size that is possible
	return "data:image/png;base64," + base64.StdEncoding.EncodeToString(b.Bytes())
}

// pixelAnswer is what the classifier says of a pixel.
type pixelAnswer struct {
	Truth         int       `json:"truth"` // label, 0 for none known
	Probabilities []float32 `json:"probabilities"`
	// Unseen lists, per text, the pieces of words that no text in training had.
	Unseen [][]string `json:"unseen,omitempty"`
}

func (e *Explorer) pixel(w http.ResponseWriter, r *http.Request) error {
	var a pixelAnswer
	err := e.with(r.Context(), func(l *loaded) error {
		q, err := l.question(r)
		if err != nil {
			return err
		}
		c, err := l.classifier(q)
		if err != nil {
			return err
		}
		s := l.x.Data.Scenes[q.Scene]
		if s.Labels != nil {
			a.Truth = int(s.Labels[q.Row*s.W+q.Col])
		}
		a.Probabilities = make([]float32, c.Classes())
		a.Unseen = l.unseen(q.Texts)
		return c.Probabilities(r.Context(), l.x.Windows, []rsdata.Pixel{{Scene: int32(q.Scene), Row: int32(q.Row), Col: int32(q.Col)}}, a.Probabilities)
	})
	if err != nil {
		return err
	}
	return writeJSON(w, a)
}

// unseen returns the pieces of each text, which can be encoded, that no text in
// training had: their vectors have learnt nothing.
func (l *loaded) unseen(texts []string) [][]string {
	out := make([][]string, len(texts))
	for i, text := range texts {
		ids, _ := l.texts.Encode(text)
		for _, id := range ids {
			if !l.seen[id] {
				out[i] = append(out[i], strings.TrimSpace(l.texts.Decode([]int32{id})))
			}
		}
	}
	return out
}

// attentionAnswer is how a token shares its attention, per modality.
type attentionAnswer struct {
	Modalities []modalityAttention `json:"modalities"`
}

type modalityAttention struct {
	Name   string          `json:"name"`
	Window string          `json:"window"` // picture
	Heads  []headAttention `json:"heads"`  // the mean, then each head
}

type headAttention struct {
	Name  string  `json:"name"`
	Image string  `json:"image"`
	Class float64 `json:"class"` // share of the class token
	Top   float64 `json:"top"`   // largest share of a patch
}

func (e *Explorer) attention(w http.ResponseWriter, r *http.Request) error {
	var a attentionAnswer
	err := e.with(r.Context(), func(l *loaded) error {
		looker, v, err := l.looker(r)
		if err != nil {
			return err
		}
		p, err := l.place(r)
		if err != nil {
			return err
		}
		block, err := number(r, "block", 0, v.Depth-1)
		if err != nil {
			return err
		}
		token, err := number(r, "token", 0, v.Tokens())
		if err != nil {
			return err
		}
		maps, err := looker.Attention(r.Context(), []rsdata.Pixel{p}, block, token)
		if err != nil {
			return err
		}
		for i, m := range v.Modalities {
			out := modalityAttention{Name: m.Name, Window: dataURI(l.painters[i].Window(l.window(p, i), nil))}
			for head := -1; head < v.Heads; head++ {
				shares := study.Shares(maps[i], 0, head)
				name := "mean"
				if head >= 0 {
					name = "head " + strconv.Itoa(head+1)
				}
				top := float32(0)
				for _, s := range shares[1:] {
					top = max(top, s)
				}
				out.Heads = append(out.Heads, headAttention{name, dataURI(study.AttentionImage(v, shares[1:])), float64(shares[0]), float64(top)})
			}
			a.Modalities = append(a.Modalities, out)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return writeJSON(w, a)
}

// window gathers one window of a modality in the encoder's order.
func (l *loaded) window(p rsdata.Pixel, modality int) []float32 {
	buffers := l.x.Windows.NewBuffers(1)
	l.x.Windows.Gather(buffers, []rsdata.Pixel{p})
	out := make([]float32, len(buffers[modality]))
	l.encoderConfig().Arrange(out, buffers[modality], l.x.Windows.Bands(modality))
	return out
}

// restoreAnswer is what stage 1 makes of a window, per modality.
type restoreAnswer struct {
	Modalities []modalityRestored `json:"modalities"`
}

type modalityRestored struct {
	Name     string   `json:"name"`
	Clean    string   `json:"clean"`
	Noised   string   `json:"noised"`
	Restored string   `json:"restored"`
	Masked   *float64 `json:"maskedError"` // root mean square, null where nothing is masked
	Visible  *float64 `json:"visibleError"`
}

func (e *Explorer) restore(w http.ResponseWriter, r *http.Request) error {
	var a restoreAnswer
	err := e.with(r.Context(), func(l *loaded) error {
		if err := l.needs(true, false); err != nil {
			return err
		}
		p, err := l.place(r)
		if err != nil {
			return err
		}
		t, err := number(r, "t", 1, l.stage1.Model.Config.Encoder.Timesteps)
		if err != nil {
			return err
		}
		ratio, err := strconv.ParseFloat(r.URL.Query().Get("ratio"), 64)
		if err != nil {
			return refuse(http.StatusBadRequest, "ratio is %q: want a number from 0 to below 1", r.URL.Query().Get("ratio"))
		}
		restored, err := l.restorer.At([]rsdata.Pixel{p}, t-1, ratio)
		if err != nil {
			return failure{http.StatusBadRequest, err}
		}
		for i, m := range l.stage1.Model.Config.Encoder.Modalities {
			v, paint := restored[i], l.painters[i]
			a.Modalities = append(a.Modalities, modalityRestored{m.Name, dataURI(paint.Window(v.Clean, nil)),
				dataURI(paint.Window(v.Noised, v.Visible)), dataURI(paint.Window(v.Restored, nil)), finite(v.MaskedError), finite(v.VisibleError)})
		}
		return nil
	})
	if err != nil {
		return err
	}
	return writeJSON(w, a)
}

// finite is nil for what JSON cannot write.
func finite(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}
