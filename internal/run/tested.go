package run

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"maps"
	"math"
	"slices"

	"diffclip/clip"
	"diffclip/internal/cells"
	"diffclip/rsdata"
	"diffclip/tensor"
)

// Tested is what a method made of the test samples of a split, as a cell keeps it.
type Tested struct {
	Samples string               `json:"samples"` // hash of those that train and those that test
	Counts  [][]int64            `json:"counts"`  // of the confusion
	Binary  *rsdata.BinaryScores `json:"binary,omitempty"`
}

// NewTested makes a confusion one that a cell can keep.
func NewTested(split *rsdata.Split, c *rsdata.Confusion) Tested {
	return Tested{samplesHash(split), c.Counts, c.Binary}
}

// Confusion returns what was kept; an error unless it can be that of the split.
func (t *Tested) Confusion(d *rsdata.Dataset, split *rsdata.Split) (*rsdata.Confusion, error) {
	if now := samplesHash(split); t.Samples != now {
		return nil, fmt.Errorf("its samples are %q, and those drawn now are %q", t.Samples, now)
	}
	of := make([]int64, len(d.Classes)) // test samples of each class
	for _, s := range split.Test {
		of[s.Label-1]++
	}
	if len(t.Counts) != len(of) {
		return nil, fmt.Errorf("a confusion of %d classes, want %d", len(t.Counts), len(of))
	}
	for k, row := range t.Counts {
		sum := int64(0)
		for _, n := range row {
			if n < 0 || n > of[k] {
				return nil, fmt.Errorf("a count of %d of the %d test samples of class %d", n, of[k], k+1)
			}
			sum += n
		}
		if len(row) != len(of) || sum != of[k] {
			return nil, fmt.Errorf("class %d has %d test samples in %d columns, want %d in %d", k+1, sum, len(row), of[k], len(of))
		}
	}
	if (t.Binary != nil) != (d.Positive > 0) {
		return nil, errors.New("the figures of a yes-or-no task are missing, or are those of another task")
	}
	if b := t.Binary; b != nil {
		for _, v := range []float64{b.ACC, b.AUC, b.SE, b.SP} {
			if v < 0 || v > 1 {
				return nil, fmt.Errorf("a figure of a yes-or-no task is %v, want a fraction of 1", v)
			}
		}
	}
	return &rsdata.Confusion{Counts: t.Counts, Binary: t.Binary}, nil
}

// testedIdentity is what the confusion of a method depends on. What it leaves out does not matter.
type testedIdentity struct {
	Format    int      `json:"format"`
	Kind      string   `json:"kind"` // tells these cells from others in the same folder
	Method    string   `json:"method"`
	Data      string   `json:"data"`                // fingerprint
	Device    string   `json:"device,omitempty"`    // whose arithmetic may differ in the last bits
	Texts     []string `json:"texts,omitempty"`     // of the classes
	Tokenizer string   `json:"tokenizer,omitempty"` // hash of its vocabulary
	Scaling   string   `json:"scaling,omitempty"`   // hash
	Stage1    string   `json:"stage1,omitempty"`    // fingerprint of the weights that stage 2 starts from
	Pretrain  *Config  `json:"pretrain,omitempty"`  // or, where they are trained for it, what they are trained by
	Config    Config   `json:"config"`
}

const testedKind = "confusion"

// ClassicalCell names the confusion of a classical method on a split of data of a fingerprint.
func ClassicalCell(method, data string, split rsdata.SplitConfig) (cells.Identity, error) {
	return cells.Identify(testedIdentity{Format: cells.Format, Kind: testedKind, Method: method, Data: data, Config: Config{Split: split}})
}

// Stage2Cell names the confusion of the experiment's stage 2 on data of a fingerprint. It starts from weights of a
// fingerprint or, where pretrain is not nil, from those of a stage 1 that is trained by this configuration.
func (x *Experiment) Stage2Cell(data, stage1 string, pretrain *Config) (cells.Identity, error) {
	scaling, err := json.Marshal(x.Scaling)
	if err != nil {
		return cells.Identity{}, err
	}
	id := testedIdentity{Format: cells.Format, Kind: testedKind, Method: Stage2Name, Data: data, Device: x.Backend.Name(), Texts: x.Text.Texts, Tokenizer: x.Text.Hash,
		Scaling: fmt.Sprintf("%x", sha256.Sum256(scaling)), Stage1: stage1, Config: x.Config.Stage2()}
	if pretrain != nil {
		c := pretrain.Nameless()
		id.Pretrain = &c
	}
	return cells.Identify(id)
}

// Nameless returns the configuration without the names of what counts by itself, wherever it lies and whatever it is
// called: the preset, the data, the texts, the vocabulary.
func (c Config) Nameless() Config {
	c.Preset, c.Data, c.Text.Prompts, c.Text.BPE, c.Scene = "", "", "", "", rsdata.SyntheticConfig{}
	return c
}

// Stage2 returns the part of Nameless that stage 2 depends on, whatever weights it starts from.
func (c Config) Stage2() Config {
	c = c.Nameless()
	out := Config{Split: c.Split, Scaling: c.Scaling, Text: c.Text, Classifier: c.Classifier, Finetune: c.Finetune}
	out.Split.Unlabelled = 0
	if c.Finetune.HeadFit == clip.HeadEM {
		out.Pretrain.Seed = c.Pretrain.Seed // which draws the windows that refine the head
	}
	return out
}

// Fingerprint tells weights of stage 1 apart; it is "" for a nil stage 1.
func (s *Stage1) Fingerprint() string { return fingerprint(s.Weights()) }

func fingerprint(state map[string]*tensor.Tensor) string {
	if state == nil {
		return ""
	}
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(state)) {
		putTensor(h, name, state[name])
	}
	return fmt.Sprintf("%x", h.Sum(nil)[:16])
}

// putTensor adds a tensor to a hash.
func putTensor(h hash.Hash, name string, t *tensor.Tensor) {
	fmt.Fprintf(h, "%q %v\n", name, t.Shape)
	var word [4]byte
	for _, v := range t.Host() {
		binary.LittleEndian.PutUint32(word[:], math.Float32bits(v))
		h.Write(word[:])
	}
}
