package bench

import (
	"fmt"

	"diffclip/autograd"
	"diffclip/clip"
	"diffclip/diffusion"
	"diffclip/internal/rng"
	"diffclip/nn"
	"diffclip/optim"
	"diffclip/tensor"
	"diffclip/vit"
)

// Workload is a job of a known size, repeated step by step.
type Workload struct {
	Name   string
	Batch  int     // windows of a step
	GFLOP  float64 // matrix products of a step of the plain network; see GFLOP
	Params int     // trained values
	Ahead  int     // steps that are best made before Loss is asked for

	// Step does the work once. A device may still be at it.
	Step func()
	// Loss waits for the last step and returns its loss, or for inference a checksum.
	Loss func() float64
	// Close gives the workload's memory back to its backend.
	Close func()
}

// Batches and sizes at which the workloads are quoted.
const (
	PretrainBatch = 256
	FewShotBatch  = 64
	InferBatch    = 256

	hsiBands, lidarBands = 144, 1
	classes              = 15
	vocabulary           = 49408
	promptTokens         = 12
)

// sizes is the published encoder for a scene of 144 hyperspectral bands and a
// height, with every position embedding trained.
func sizes() vit.Config {
	c := vit.Default(vit.Modality{Name: "hsi", Bands: hsiBands}, vit.Modality{Name: "lidar", Bands: lidarBands})
	c.TrainPositions = true
	return c
}

// Pretrain is W1: a step of mask-diffusion pre-training. Only visible pixels
// are noised, reduced and embedded, which is stage 1 as this project runs it.
func Pretrain(be tensor.Backend, batch int) *Workload {
	return pretrain("pretrain", be, batch, false)
}

// PretrainReference is W1 in the published code's order: every pixel is noised,
// reduced and embedded, then most are masked. It is the plain network that
// GFLOP counts.
func PretrainReference(be tensor.Backend, batch int) *Workload {
	return pretrain("pretrain-reference", be, batch, true)
}

func pretrain(name string, be tensor.Backend, batch int, referenceOrder bool) *Workload {
	cfg := diffusion.Default(sizes())
	cfg.ReferenceOrder = referenceOrder
	m, err := diffusion.New(cfg, 1)
	if err != nil {
		panic(err)
	}
	corruptor, source := diffusion.NewCorruptor(cfg, 1), newSource(be, cfg.Encoder, batch)
	var corrupted *diffusion.Corrupted
	t := newTrainer(be, m.Set, func(tape *autograd.Tape) *autograd.Var { return m.Loss(tape, corrupted) })
	next, stop := source.ahead(corruptor)
	return &Workload{
		Name: name, Batch: batch, GFLOP: pretrainGFLOP(cfg, batch), Params: m.Set.Count(), Ahead: be.Ahead(),
		Step: func() {
			corrupted = next()
			t.step()
		},
		Loss: t.last,
		Close: func() {
			stop()
			t.tape.Reset()
		},
	}
}

// FewShot is W2: a step of few-shot training against prompts of 12 tokens, one
// for each of 15 classes.
func FewShot(be tensor.Backend, batch int) *Workload {
	m := classifier()
	e := m.Config.Encoder
	b := newSource(be, e, batch).classified()
	b.Steps, b.Prompts = randomSteps(e, batch), randomPrompts()
	for i := range batch {
		b.Prompt = append(b.Prompt, int32(i%classes))
	}
	t := newTrainer(be, m.Set, func(tape *autograd.Tape) *autograd.Var { return m.Loss(tape, b) })
	return &Workload{
		Name: "fewshot", Batch: batch, GFLOP: fewShotGFLOP(m.Config, batch), Params: m.Set.Count(), Ahead: be.Ahead(),
		Step:  t.step,
		Loss:  t.last,
		Close: t.tape.Reset,
	}
}

// Infer is W3: windows against the known text features of 15 classes.
func Infer(be tensor.Backend, batch int) *Workload {
	m := classifier()
	e := m.Config.Encoder
	m.Set.Place(be)
	scores := make([]float32, batch*classes)
	b := newSource(be, e, batch).classified()
	b.Steps = randomSteps(e, batch)
	text := tensor.New(classes, m.Config.Text.Dim)
	rng.New(1, "bench/text", 0).Normal(text.Data, 0)
	be.Place(text)
	tape := autograd.NewTape(be, autograd.Eval)
	return &Workload{
		Name: "infer", Batch: batch, GFLOP: inferGFLOP(m.Config, batch), Params: m.Set.Count(), Ahead: 1,
		Step: func() {
			tape.Reset()
			z := tape.L2Normalize(m.Images(tape, b))
			logits := tape.MatMul(z, tape.Input(text), false, true).Value
			logits.Read(scores)
		},
		Loss: func() float64 {
			sum := 0
			for i := range batch {
				sum += clip.Best(scores[i*classes : (i+1)*classes])
			}
			return float64(sum)
		},
		Close: tape.Reset,
	}
}

// New returns the workload called name, with its quoted batch if batch is 0.
func New(name string, be tensor.Backend, batch int) (*Workload, error) {
	or := func(quoted int) int {
		if batch > 0 {
			return batch
		}
		return quoted
	}
	switch name {
	case "pretrain":
		return Pretrain(be, or(PretrainBatch)), nil
	case "pretrain-reference":
		return PretrainReference(be, or(PretrainBatch)), nil
	case "fewshot":
		return FewShot(be, or(FewShotBatch)), nil
	case "infer":
		return Infer(be, or(InferBatch)), nil
	case "scene":
		return Scene(be, or(ScenePixels)), nil
	}
	return nil, fmt.Errorf("bench: no workload is called %q: want pretrain, pretrain-reference, fewshot, infer or scene", name)
}

func classifier() *clip.Model {
	m, err := clip.New(clip.Default(sizes(), vocabulary), 1)
	if err != nil {
		panic(err)
	}
	return m
}

// trainer makes updates as the training loop does.
type trainer struct {
	be   tensor.Backend
	set  *nn.Set
	opt  optim.Optimizer
	tape *autograd.Tape
	loss func(*autograd.Tape) *autograd.Var

	log   *optim.Log
	value float64 // of the loss that was read last
}

func newTrainer(be tensor.Backend, set *nn.Set, loss func(*autograd.Tape) *autograd.Var) *trainer {
	set.Place(be)
	cfg := optim.DefaultAdam()
	cfg.WeightDecay = 1e-4
	return &trainer{be: be, set: set, opt: optim.NewAdam(set, cfg), tape: autograd.NewTape(be, autograd.Train), loss: loss, log: optim.NewLog(be)}
}

func (t *trainer) step() {
	t.tape.Reset()
	t.set.ZeroGrad()
	l := t.loss(t.tape)
	t.tape.Backward(l)
	t.opt.Step(t.be, 1e-4, t.log.Note(t.be, t.opt, l.Value, 0))
	t.be.NextStep()
	if t.log.Full() {
		t.last()
	}
}

// last reads the losses of the steps that were made, and returns the last.
func (t *trainer) last() float64 {
	for _, noted := range t.log.Read() {
		t.value = noted.Loss
	}
	return t.value
}

func randomSteps(c vit.Config, batch int) []int32 {
	s, out := rng.New(1, "bench/steps", 0), make([]int32, batch)
	for i := range out {
		out[i] = int32(s.Intn(uint64(i), c.Timesteps))
	}
	return out
}

// randomPrompts are one prompt a class, between CLIP's start and end tokens.
func randomPrompts() clip.Prompts {
	s := rng.New(1, "bench/prompts", 0)
	var out clip.Prompts
	for i := range classes {
		p := make([]int32, promptTokens)
		for j := range p {
			p[j] = int32(s.Intn(uint64(i*promptTokens+j), vocabulary-2))
		}
		p[0], p[promptTokens-1] = vocabulary-2, vocabulary-1
		out = append(out, p)
	}
	return out
}
