package diffusion

import (
	"diffclip/autograd"
	"diffclip/nn"
	"diffclip/vit"
)

// shardSamples is how many windows go through the transformers together on a
// processor: few enough that what one thread works on stays in its cache, enough
// that matrix products are large.
const shardSamples = 4

// Model is the mask-diffusion model: a shared encoder and a decoder per modality.
type Model struct {
	Set      *nn.Set
	Encoder  *vit.Encoder
	Decoders []*Decoder
	Config   Config
	// Classifier maps the class tokens of all modalities, side by side, to classes;
	// nil where Config.ClassWeight is 0.
	Classifier *nn.Linear

	batch *Corrupted // of the step in progress
	body  func(t *autograd.Tape, lo, hi int, in []*autograd.Var) *autograd.Var
	in    []*autograd.Var
	clean []*autograd.Var // the batch's windows
}

// New makes a model with initial values drawn from seed.
func New(c Config, seed uint64) (*Model, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	set := nn.NewSet(seed)
	m := &Model{Set: set, Encoder: vit.NewEncoder(set.Root().Sub("encoder"), c.Encoder), Config: c}
	for i, mod := range c.Encoder.Modalities {
		m.Decoders = append(m.Decoders, newDecoder(set.Root().Sub("decoders").Index(i), c, mod.Bands))
	}
	if c.ClassWeight > 0 {
		m.Classifier = nn.NewLinear(set.Root().Sub("classifier"), len(c.Encoder.Modalities)*c.Encoder.Dim, c.Classes)
	}
	m.body = m.shardLoss
	return m, nil
}

// sequences embeds the visible tokens of every modality, (B, 1+k, Dim) each, leaves
// the windows in m.clean, and prepares the decoders.
func (m *Model) sequences(t *autograd.Tape, c *Corrupted, seqs []*autograd.Var) []*autograd.Var {
	for _, d := range m.Decoders {
		d.share(t)
	}
	m.clean = m.clean[:0]
	for i, stem := range m.Encoder.Stems {
		in := &c.Inputs[i]
		x, clean := c.pixels(t, i, m.Config)
		m.clean = append(m.clean, clean)
		if m.Config.ReferenceOrder {
			seqs = append(seqs, stem.VisibleOfAll(t, x, in.from, c.Steps))
		} else {
			seqs = append(seqs, stem.Visible(t, x, in.rows, c.Steps))
		}
	}
	return seqs
}

// begin sets the batch of the step to come and cuts it as the backend wants.
func (m *Model) begin(t *autograd.Tape, c *Corrupted) {
	m.batch = c
	c.cut(m.Config, t.Backend().Grain(shardSamples, c.batch))
}

// Loss is the denoising restoration loss of a corrupted batch, a scalar. The
// batch must stay unchanged until the tape's backward pass.
//
// Eq. (6): E ‖x_0 - f(x_T, t)‖², and Eq. (9): L_UMD = E ‖x_0 - x̂‖², summed over
// the modalities, with the weights of Config.
func (m *Model) Loss(t *autograd.Tape, c *Corrupted) *autograd.Var {
	m.begin(t, c)
	m.in = m.sequences(t, c, m.in[:0])
	for i := range c.Inputs {
		m.in = append(m.in, m.clean[i], t.Input(c.Inputs[i].Weight))
	}
	return t.ShardSum(c.shard, m.body, m.in...)
}

// shardLoss is the loss of samples lo..hi: encode, decode and compare; and
// classify, if the model does.
func (m *Model) shardLoss(t *autograd.Tape, lo, hi int, in []*autograd.Var) *autograd.Var {
	n := len(m.Decoders)
	var loss *autograd.Var
	var tokens [4]*autograd.Var
	class := tokens[:0]
	for i := range n {
		target, weight := in[n+2*i].Value, in[n+2*i+1].Value
		encoded := m.Encoder.Forward(t, in[i]) // (B', 1+k, D)
		if m.Classifier != nil {
			class = append(class, t.Slice(encoded, 1, 0, 1))
		}
		l := t.WeightedMSE(m.decode(t, i, lo, hi, encoded), target, weight)
		if loss == nil {
			loss = l
		} else {
			loss = t.Add(loss, l)
		}
	}
	if m.Classifier != nil {
		loss = t.Add(loss, m.classLoss(t, lo, hi, class))
	}
	return loss
}

// classLoss is the part of samples lo..hi in the weighted mean cross-entropy of the
// batch, from their class tokens, (B', 1, D) of each modality.
func (m *Model) classLoss(t *autograd.Tape, lo, hi int, class []*autograd.Var) *autograd.Var {
	x := class[0]
	if len(class) > 1 {
		x = t.Concat(2, class...)
	}
	logits := m.Classifier.Forward(t, t.Reshape(x, hi-lo, x.Dim(2))) // (B', Classes)
	share := float64(hi-lo) / float64(m.batch.batch)
	return t.Scale(t.CrossEntropy(logits, m.batch.Labels[lo:hi]), float32(m.Config.ClassWeight*share))
}

// decode restores modality i of samples lo..hi from encoded tokens: (B', L, P).
func (m *Model) decode(t *autograd.Tape, i, lo, hi int, encoded *autograd.Var) *autograd.Var {
	in := &m.batch.Inputs[i]
	width, visible := 1+m.Config.Encoder.Tokens(), encoded.Dim(1)
	return m.Decoders[i].Forward(t, encoded, in.places.Part(lo*visible, hi*visible), in.restore.Part(lo*width, hi*width))
}

// Restore returns the model's x̂_0 of a corrupted batch, per modality (B, L, P).
func (m *Model) Restore(t *autograd.Tape, c *Corrupted) []*autograd.Var {
	m.begin(t, c)
	seqs := m.sequences(t, c, nil)
	out := make([]*autograd.Var, len(seqs))
	for i, seq := range seqs {
		out[i] = t.Shards(c.shard, func(t *autograd.Tape, lo, hi int, in []*autograd.Var) *autograd.Var {
			return m.decode(t, i, lo, hi, m.Encoder.Forward(t, in[0])) // f(x_t, t)
		}, seq)
	}
	return out
}
