package reproduce

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"

	"diffclip/internal/atomicfile"
	"diffclip/internal/run"
	"diffclip/rsdata"
)

// cellFormat is the version of the files of cells. It changes where methods change
// in a way that their settings do not show.
const cellFormat = 1

// cell is one method in one setting on one scene from one seed.
type cell struct {
	scene    *Scene
	arm      *Arm
	seed     uint64
	config   run.Config
	keep     kept
	identity []byte // JSON of everything that the result depends on
	key      string // names the file
}

// identity is what the result of a cell depends on.
type identity struct {
	Format    int        `json:"format"`
	Method    string     `json:"method"`
	Data      string     `json:"data"`                // fingerprint of the scene
	Texts     []string   `json:"texts,omitempty"`     // of the classes
	Tokenizer string     `json:"tokenizer,omitempty"` // hash of its vocabulary
	Config    run.Config `json:"config"`
	Keep      kept       `json:"keep"`
}

// kept says what a cell keeps beside its scores.
type kept struct {
	Maps  bool `json:"maps"`  // the label of every pixel
	Plane bool `json:"plane"` // where t-SNE puts test windows
}

// newCell completes a configuration and names the cell.
func newCell(s *Scene, a *Arm, cfg run.Config, keep kept) (*cell, error) {
	cfg.Data = s.Path
	id := identity{Format: cellFormat, Method: a.Train.name(), Data: s.fingerprint, Config: a.Train.settings(cfg), Keep: keep}
	if id.Config.Text.Tokenizer != "" {
		t, err := s.text(cfg.Text)
		if err != nil {
			return nil, err
		}
		id.Texts, id.Tokenizer = t.Texts, t.Hash
	}
	text, key, err := keyOf(id)
	return &cell{scene: s, arm: a, seed: cfg.Split.Seed, config: cfg, keep: keep, identity: text, key: key}, err
}

// keyOf names a value by its content.
func keyOf(v any) (text []byte, key string, err error) {
	if text, err = json.Marshal(v); err != nil {
		return nil, "", fmt.Errorf("reproduce: %w", err)
	}
	return text, fmt.Sprintf("%x", sha256.Sum256(text))[:24], nil
}

// String names the cell for people.
func (c *cell) String() string {
	name := c.scene.Label + ", " + c.arm.Method
	if c.arm.Setting != "" {
		name = c.scene.Label + ", " + c.arm.Setting + ", " + c.arm.Method
	}
	return fmt.Sprintf("%s, seed %d", name, c.seed)
}

// Result is what a cell gave.
type Result struct {
	Identity    json.RawMessage    `json:"identity"`
	Values      map[string]float64 `json:"values"` // figures of merit, as fractions of 1; undefined ones are left out
	Confusion   *rsdata.Confusion  `json:"confusion,omitempty"`
	Correct     []byte             `json:"correct,omitempty"` // a bit per test sample in the order of the split, lowest bit first
	Split       run.SplitFacts     `json:"split"`
	SplitFile   string             `json:"split_file"`               // in the folder splits
	Seconds     float64            `json:"seconds"`                  // of training and testing, stage 1 left out
	Stage1      float64            `json:"seconds_stage1,omitempty"` // of the stage 1 that it starts from, which cells share; 0 without one
	Maps        [][]byte           `json:"maps,omitempty"`           // label of every pixel, by scene
	Plane       *Plane             `json:"plane,omitempty"`
	Note        string             `json:"note,omitempty"` // what there is to say about the cell
	Environment run.Environment    `json:"environment"`
}

// score fills in what follows from the labels given to the test samples.
func (r *Result) score(test []rsdata.Sample, predicted []uint8, classes int) {
	r.Confusion = rsdata.NewConfusion(classes)
	r.Correct = make([]byte, (len(test)+7)/8)
	for i, s := range test {
		r.Confusion.Add(int(s.Label)-1, int(predicted[i])-1)
		if s.Label == predicted[i] {
			r.Correct[i/8] |= 1 << (i % 8)
		}
	}
	r.set(map[string]float64{"OA": r.Confusion.OA(), "AA": r.Confusion.AA(), "kappa": r.Confusion.Kappa()})
}

// scoreBinary adds the figures of merit of a yes-or-no task.
func (r *Result) scoreBinary(s rsdata.BinaryScores) {
	r.set(map[string]float64{"ACC": s.ACC, "AUC": s.AUC, "SE": s.SE, "SP": s.SP})
}

// set adds the figures of merit that are defined.
func (r *Result) set(values map[string]float64) {
	if r.Values == nil {
		r.Values = map[string]float64{}
	}
	for name, v := range values {
		if !math.IsNaN(v) {
			r.Values[name] = v
		}
	}
}

// value returns a figure of merit, NaN where it is not defined.
func (r *Result) value(metric string) float64 {
	if v, ok := r.Values[metric]; ok {
		return v
	}
	return math.NaN()
}

// rights tells of each test sample whether it was given its class.
func (r *Result) rights() []bool {
	out := make([]bool, r.Split.Test)
	for i := range out {
		out[i] = r.Correct[i/8]>>(i%8)&1 == 1
	}
	return out
}

// maxResult bounds the size of a cell's file.
const maxResult = 1 << 28

// store keeps the results of cells in a folder.
type store struct{ dir string }

func (s store) path(c *cell) string { return filepath.Join(s.dir, "cells", c.key+".json") }

// load returns the result of a cell, nil where there is none. An unreadable file,
// or one of another identity, is reported by problem and counts as none.
func (s store) load(c *cell) (r *Result, problem error) {
	info, err := os.Stat(s.path(c))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err == nil && info.Size() > maxResult {
		err = fmt.Errorf("%d bytes, at most %d are read", info.Size(), maxResult)
	}
	var text []byte
	if err == nil {
		text, err = os.ReadFile(s.path(c))
	}
	r = &Result{}
	if err == nil {
		err = json.Unmarshal(text, r)
	}
	if err != nil {
		return nil, fmt.Errorf("%s cannot be used and is computed anew: %w", s.path(c), err)
	}
	var same bytes.Buffer
	if err := json.Compact(&same, r.Identity); err != nil || !bytes.Equal(same.Bytes(), c.identity) {
		return nil, fmt.Errorf("%s holds another cell than its name says and is computed anew", s.path(c))
	}
	return r, nil
}

// save writes the result of a cell, whole or not at all.
func (s store) save(c *cell, r *Result) error {
	r.Identity = c.identity
	text, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("%s: %w", s.path(c), err)
	}
	return atomicfile.WriteFile(s.path(c), append(text, '\n'))
}
