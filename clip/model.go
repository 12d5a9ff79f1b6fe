package clip

import (
	"fmt"
	"math"

	"diffclip/autograd"
	"diffclip/internal/resident"
	"diffclip/nn"
	"diffclip/rsdata"
	"diffclip/tensor"
	"diffclip/vit"
)

// Targets says what counts as a match in the contrastive loss.
type Targets string

// The kinds of target.
const (
	TargetsOwn   Targets = "own"   // each sample its own text, Eq. (16); same-class pairs are negatives
	TargetsClass Targets = "class" // same-class pairs share the target
)

// Head says what an image feature is compared with.
type Head string

// The kinds of head.
const (
	HeadText   Head = "text"   // the features of the classes' texts, Eq. (12)-(16)
	HeadLinear Head = "linear" // a learned vector per class: a fully connected layer and cross-entropy, no text
)

// Config sizes the language-driven classifier.
type Config struct {
	Encoder     vit.Config `json:"encoder"`
	Head        Head       `json:"head"` // "" is HeadText
	Text        TextConfig `json:"text"`
	Pool        Pool       `json:"pool"`
	Targets     Targets    `json:"targets"`
	Temperature float64    `json:"temperature"` // τ at the start; it is learned
	HeadStd     float64    `json:"head_std"`    // standard deviation of the head's initial weights
	// RandomTimestep draws a timestep per window in training and in evaluation,
	// as the published code does, instead of index 0.
	RandomTimestep bool `json:"random_timestep"`
	// Views is how many views of a window are averaged in use: 1 (or 0), the window as
	// it is, or 8, with its mirror images and turns. Training sees one at a time.
	Views int `json:"views,omitempty"`
	// Classes is the number of classes, which a linear head alone has to know.
	Classes int `json:"classes,omitempty"`
}

// Default returns the published sizes: class-token features, τ = 0.7, head
// weights of standard deviation 2e-5.
func Default(encoder vit.Config, vocabulary int) Config {
	encoder.TrainPositions = true
	return Config{Encoder: encoder, Head: HeadText, Text: DefaultText(vocabulary), Pool: PoolClass, Targets: TargetsOwn, Temperature: 0.7, HeadStd: 2e-5}
}

// Check returns an error that names what is wrong.
func (c Config) Check() error {
	if err := c.Encoder.Check(); err != nil {
		return err
	}
	switch {
	case c.Head == HeadLinear && (c.Classes < 1 || c.Classes > rsdata.MaxClasses):
		return fmt.Errorf("clip: a linear head for %d classes: want 1 to %d", c.Classes, rsdata.MaxClasses)
	case c.Head == HeadLinear: // has no text encoder
	case c.Head != HeadText && c.Head != "":
		return fmt.Errorf("clip: head %q: want %q or %q", c.Head, HeadText, HeadLinear)
	case c.Text.Vocabulary < 1 || c.Text.Context < 1 || c.Text.Depth < 1 || c.Text.Heads < 1 || c.Text.Dim < 1 || c.Text.MLPRatio < 1 || c.Text.Dim%c.Text.Heads != 0:
		return fmt.Errorf("clip: text encoder sizes %+v must be at least 1, the width a multiple of the heads", c.Text)
	}
	switch {
	case c.Pool != PoolClass && c.Pool != PoolMean && c.Pool != PoolCentre:
		return fmt.Errorf("clip: pooling %q: want %q, %q or %q", c.Pool, PoolClass, PoolMean, PoolCentre)
	case c.Targets != TargetsOwn && c.Targets != TargetsClass:
		return fmt.Errorf("clip: targets %q: want %q or %q", c.Targets, TargetsOwn, TargetsClass)
	case !(c.Temperature > 0) || math.IsInf(c.Temperature, 0):
		return fmt.Errorf("clip: temperature %v must be positive", c.Temperature)
	case c.Views != 0 && c.Views != 1 && c.Views != allViews:
		return fmt.Errorf("clip: %d views of a window: want 1 or %d", c.Views, allViews)
	case !(c.HeadStd > 0) || math.IsInf(c.HeadStd, 0): // a feature of length 0 has no direction
		return fmt.Errorf("clip: standard deviation %v of the head's weights must be positive", c.HeadStd)
	}
	return nil
}

// Model is the language-driven classifier: the image encoder of stage 1 with a
// head, and the text encoder, both reaching into one space.
type Model struct {
	Set        *nn.Set
	Encoder    *vit.Encoder
	Head       *nn.Linear   // features of all modalities side by side -> text width or, where linear, classes
	Text       *TextEncoder // nil with a linear head
	LogitScale *nn.Param    // ln(1/τ), one element; nil with a linear head

	Config Config

	body       func(t *autograd.Tape, lo, hi int, in []*autograd.Var) *autograd.Var
	fromPixels tokens  // embed, bound once
	rows       []int32 // 0, T, 2T, ...: class tokens of a shard
	in         []*autograd.Var
	tokens     tokens  // how the batch in progress makes its sequences
	own        []int32 // 0, 1, 2, ...
	order      []int32 // vit.Config.PixelOrder, nil where it is row by row

	shared []float32 // (N, N) targets of TargetsClass
}

// tokens makes the sequences of modality i, (B', 1+L, D), of windows lo..hi out of
// in, their part of Model.in.
type tokens func(t *autograd.Tape, i, lo, hi int, in []*autograd.Var) *autograd.Var

// windowShard is how many windows go through the image encoder together on a
// processor.
const windowShard = 4

// New makes a model with initial values drawn from seed.
func New(c Config, seed uint64) (*Model, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	set := nn.NewSet(seed)
	root := set.Root()
	m := &Model{Set: set, Encoder: vit.NewEncoder(root.Sub("encoder"), c.Encoder), Config: c}
	width := c.Text.Dim
	if m.linear() {
		width = c.Classes
	}
	m.Head = nn.NewLinearInit(root.Sub("head"), len(c.Encoder.Modalities)*c.Encoder.Dim, width, nn.TruncNormal(c.HeadStd), nn.Zeros)
	if !m.linear() {
		m.Text = NewTextEncoder(root.Sub("text"), c.Text)
		m.LogitScale = root.Param("logit_scale", nn.Constant(float32(math.Log(1/c.Temperature))), 1)
	}
	m.body, m.fromPixels = m.encodeShard, m.embed
	if c.Encoder.Patch > 1 {
		m.order = c.Encoder.PixelOrder()
	}
	return m, nil
}

// linear reports whether the head names classes itself, without language.
func (m *Model) linear() bool { return m.Config.Head == HeadLinear }

func invSqrt(n int) float64 { return 1 / math.Sqrt(float64(n)) }

// Images encodes the windows of a batch. The result is (B, text width), not yet
// normalised, or with a linear head the logits of the classes, (B, Classes).
//
// Eq. (11): v_image = E_θ(x)
func (m *Model) Images(t *autograd.Tape, b *Batch) *autograd.Var {
	return m.Head.Forward(t, m.features(t, b))
}

// features is what the head sees of a batch's windows: (B, M·D). In training the
// batch norms want all of them at once; in evaluation a shard embeds its own.
func (m *Model) features(t *autograd.Tape, b *Batch) *autograd.Var {
	if t.Training() {
		m.in = m.in[:0]
		for i, stem := range m.Encoder.Stems {
			m.in = append(m.in, stem.All(t, m.pixels(t, b, i), b.Steps)) // (B, 1+L, D)
		}
		return m.encode(t, embedded)
	}
	m.classTokens(t, b.Steps)
	for i := range m.Encoder.Stems {
		x := m.pixels(t, b, i)
		m.in = append(m.in, t.Reshape(x, len(b.Steps), x.Value.Len()/len(b.Steps)))
	}
	return m.encode(t, m.fromPixels)
}

// embedded is tokens where in holds them.
func embedded(_ *autograd.Tape, i, _, _ int, in []*autograd.Var) *autograd.Var { return in[i] }

// classTokens makes m.in the class tokens of each modality, (B, D).
func (m *Model) classTokens(t *autograd.Tape, steps []int32) {
	m.in = m.in[:0]
	for _, stem := range m.Encoder.Stems {
		m.in = append(m.in, stem.ClassToken(t, steps))
	}
}

// embed is tokens where in holds the class tokens of all modalities and then
// their windows, (B, L·p²·bands).
func (m *Model) embed(t *autograd.Tape, i, _, _ int, in []*autograd.Var) *autograd.Var {
	stem, x := m.Encoder.Stems[i], in[len(m.Encoder.Stems)+i]
	bands := m.Config.Encoder.Modalities[i].Bands
	return stem.AllOf(t, in[i], stem.Patches(t, t.Reshape(x, x.Value.Len()/bands, bands)))
}

// encode is the encoder for what m.in holds: (B, M·D).
func (m *Model) encode(t *autograd.Tape, tokens tokens) *autograd.Var {
	m.tokens = tokens
	together := t.Backend().Grain(windowShard, m.in[0].Dim(0))
	for len(m.rows) < together {
		m.rows = append(m.rows, int32(len(m.rows)*(1+m.Config.Encoder.Tokens())))
	}
	return t.Shards(together, m.body, m.in...)
}

// encodeShard returns the features of all modalities side by side, (B', M·D).
func (m *Model) encodeShard(t *autograd.Tape, lo, hi int, in []*autograd.Var) *autograd.Var {
	var features [4]*autograd.Var
	all := features[:0]
	for i := range m.Encoder.Stems {
		x := m.tokens(t, i, lo, hi, in)
		all = append(all, m.Config.Pool.Forward(t, m.Encoder, x, m.rows[:hi-lo]))
		t.Drop(x)
	}
	if len(all) == 1 {
		return all[0]
	}
	return t.Concat(1, all...)
}

// Batch is one step of few-shot training.
type Batch struct {
	Windows []*tensor.Tensor // per modality (B·L·p², bands), pixels in the order of vit.Config.PixelOrder
	// Scene, if set, lies on a device, where the windows are cut out at At; Windows
	// is nil then. Train and Classifier set it, nobody else needs to.
	Scene   *resident.Windows
	At      []tensor.Window
	spectra *spectral // a change of their spectra, nil for none
	Steps   []int32   // timestep index of each window
	Prompts [][]int32 // the distinct prompts of the classes in the batch, as token ids
	Prompt  []int32   // which of them each window has
	Class   []int32   // the class of each window, from 0
}

// Loss is the symmetric contrastive loss of a batch, a scalar; with a linear head
// it is the cross-entropy of the classes. The batch must stay unchanged until the
// tape's backward pass.
//
// Each distinct prompt is encoded once and its feature repeated: the same
// numbers as encoding it for every sample.
//
// Eq. (10), (11): z = v/‖v‖. Eq. (12)-(15): p(x|y) and p(y|x) are softmaxes of
// z_text·z_image/τ over the images and over the texts of the batch. Eq. (16):
// L_FLC = 1/(2N) Σ_i (H(p(y|x_i), e_i) + H(p(x|y_i), e_i)).
func (m *Model) Loss(t *autograd.Tape, b *Batch) *autograd.Var {
	if m.linear() {
		return t.CrossEntropy(m.Images(t, b), b.Class)
	}
	text := t.L2Normalize(m.Text.Forward(t, b.Prompts))                   // (P, D), Eq. (10)
	image := t.L2Normalize(m.Images(t, b))                                // (N, D), Eq. (11)
	pairs := t.GatherRows(text, nil, tensor.IDs(b.Prompt))                // (N, D)
	scale := t.Exp(t.Param(m.LogitScale))                                 // 1/τ
	logits := t.ScaleByScalar(t.MatMul(image, pairs, false, true), scale) // (N, N): Eq. (13), Eq. (15) by rows
	back := t.Transpose(logits)                                           // Eq. (12), Eq. (14) by rows
	var rows, cols *autograd.Var
	if m.Config.Targets == TargetsClass {
		y := m.sharedTargets(t, b.Prompt)
		rows, cols = t.SoftCrossEntropy(logits, y), t.SoftCrossEntropy(back, y)
	} else {
		for len(m.own) < len(b.Prompt) {
			m.own = append(m.own, int32(len(m.own)))
		}
		y := m.own[:len(b.Prompt)]
		rows, cols = t.CrossEntropy(logits, y), t.CrossEntropy(back, y)
	}
	return t.Scale(t.Add(rows, cols), 0.5) // Eq. (16)
}

// sharedTargets spreads each row's target evenly over the samples of its class;
// the matrix is symmetric.
func (m *Model) sharedTargets(t *autograd.Tape, class []int32) *tensor.Tensor {
	n := len(class)
	if cap(m.shared) < n*n {
		m.shared = make([]float32, n*n)
	}
	y := m.shared[:n*n]
	clear(y)
	for i, a := range class {
		same := 0
		for _, b := range class {
			if a == b {
				same++
			}
		}
		for j, b := range class {
			if a == b {
				y[i*n+j] = 1 / float32(same)
			}
		}
	}
	out := t.Const(0, n, n).Value
	out.Write(y)
	return out
}
