package run

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"diffclip/clip"
	"diffclip/rsdata"
	"diffclip/tensor"
)

// What a cell keeps of a confusion is all of it, and no other split's.
func TestTestedIsTheConfusion(t *testing.T) {
	x := small(t)
	want := rsdata.NewConfusion(len(x.Data.Classes))
	for i, s := range x.Split.Test {
		want.Add(int(s.Label)-1, i%len(x.Data.Classes))
	}
	want.Binary = &rsdata.BinaryScores{ACC: 1. / 3, AUC: math.NaN(), SE: 0.1, SP: 1}
	text, err := json.Marshal(NewTested(x.Split, want))
	if err != nil {
		t.Fatal(err)
	}
	read := func(change func(*Tested)) (*rsdata.Confusion, error) {
		t.Helper()
		var kept Tested
		if err := json.Unmarshal(text, &kept); err != nil {
			t.Fatal(err)
		}
		change(&kept)
		return kept.Confusion(x.Data, x.Split)
	}
	if _, err := read(func(*Tested) {}); err == nil || !strings.Contains(err.Error(), "yes-or-no") {
		t.Errorf("figures of a yes-or-no task of many classes: %v", err)
	}
	x.Data.Positive = 1
	got, err := read(func(*Tested) {})
	if err != nil {
		t.Fatal(err)
	}
	a, err1 := json.Marshal(want.Scores())
	b, err2 := json.Marshal(got.Scores())
	if err1 != nil || err2 != nil || string(a) != string(b) || !math.IsNaN(got.Binary.AUC) {
		t.Errorf("scores %s, want %s", b, a)
	}
	for want, change := range map[string]func(*Tested){
		"is 1.5":        func(k *Tested) { k.Binary.SP = 1.5 },
		"are missing":   func(k *Tested) { k.Binary = nil },
		"a count of -1": func(k *Tested) { k.Counts[0][0] = -1 },
		"has ":          func(k *Tested) { k.Counts[1][k.most(1)]-- },
	} {
		if _, err := read(change); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	y, err := x.Resplit(x.Config.Split.Seed + 1)
	if err != nil {
		t.Fatal(err)
	}
	x.Split = y.Split
	if _, err := read(func(*Tested) {}); err == nil || !strings.Contains(err.Error(), "its samples are") {
		t.Errorf("another draw: %v", err)
	}
}

// most is the column of a row with the largest count.
func (k *Tested) most(row int) (column int) {
	for i, n := range k.Counts[row] {
		if n > k.Counts[row][column] {
			column = i
		}
	}
	return column
}

// A stage 2 is another one where anything differs that it depends on, and no other way.
func TestStage2Cell(t *testing.T) {
	base := small(t)
	key := func(change func(x *Experiment, data, stage1 *string, own *Config)) string {
		t.Helper()
		x, data, stage1, own := *base, "data", "weights", base.Config
		change(&x, &data, &stage1, &own)
		id, err := x.Stage2Cell(data, stage1, &own)
		if err != nil {
			t.Fatal(err)
		}
		return id.Key()
	}
	same := key(func(*Experiment, *string, *string, *Config) {})
	for what, change := range map[string]func(*Experiment, *string, *string, *Config){
		"data":    func(_ *Experiment, data, _ *string, _ *Config) { *data = "other" },
		"weights": func(_ *Experiment, _, stage1 *string, _ *Config) { *stage1 = "other" },
		"stage 1": func(_ *Experiment, _, _ *string, own *Config) { own.Pretrain.LR *= 2 },
		"text": func(x *Experiment, _, _ *string, _ *Config) {
			x.Text = &clip.Text{Texts: []string{"other"}, Hash: x.Text.Hash}
		},
		"tokenizer": func(x *Experiment, _, _ *string, _ *Config) {
			x.Text = &clip.Text{Texts: x.Text.Texts, Hash: "other"}
		},
		"scaling": func(x *Experiment, _, _ *string, _ *Config) { x.Scaling = &rsdata.Scaling{} },
		"rate":    func(x *Experiment, _, _ *string, _ *Config) { x.Config.Finetune.LR *= 2 },
		"seed":    func(x *Experiment, _, _ *string, _ *Config) { *x = *x.Reseeded(9) },
		"device":  func(x *Experiment, _, _ *string, _ *Config) { x.Backend = device{x.Backend} },
	} {
		if key(change) == same {
			t.Errorf("another %s gives the same cell", what)
		}
	}
	for what, change := range map[string]func(*Config){
		"preset":          func(c *Config) { c.Preset = "other" },
		"place":           func(c *Config) { c.Data = "elsewhere" },
		"rate of stage 1": func(c *Config) { c.Pretrain.LR *= 2 },
	} {
		if key(func(x *Experiment, _, _ *string, _ *Config) { change(&x.Config) }) != same {
			t.Errorf("another %s gives another cell", what)
		}
	}
}

// device is a backend by another name.
type device struct{ tensor.Backend }

func (device) Name() string { return "another" }

// The fingerprint of weights changes with each of their values.
func TestWeightsHaveAFingerprint(t *testing.T) {
	state := func() map[string]*tensor.Tensor {
		return map[string]*tensor.Tensor{"a": tensor.New(2, 3), "b": tensor.New(1)}
	}
	of := func(change func(map[string]*tensor.Tensor)) string {
		s := state()
		change(s)
		return fingerprint(s)
	}
	same := of(func(map[string]*tensor.Tensor) {})
	if again := of(func(map[string]*tensor.Tensor) {}); again != same || same == "" {
		t.Errorf("%q and %q", again, same)
	}
	if f := (*Stage1)(nil).Fingerprint(); f != "" {
		t.Errorf("no weights: %q", f)
	}
	for what, change := range map[string]func(map[string]*tensor.Tensor){
		"value": func(s map[string]*tensor.Tensor) { s["a"].Data[5] = 1e-30 },
		"name":  func(s map[string]*tensor.Tensor) { s["c"] = s["b"]; delete(s, "b") },
		"shape": func(s map[string]*tensor.Tensor) { s["a"] = tensor.New(3, 2) },
	} {
		if of(change) == same {
			t.Errorf("another %s has the same fingerprint", what)
		}
	}
}
