package reproduce

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"diffclip/internal/run"
	"diffclip/rsdata"
)

// Result is what a cell gave.
type Result struct {
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

// check returns an error unless the result can be that of a cell, so that one from a
// damaged file is not counted or drawn.
func (r *Result) check(c *cell) error {
	if r.Split.Test < 1 || len(r.Correct) != (r.Split.Test+7)/8 {
		return fmt.Errorf("%d bytes say which of %d test samples are right", len(r.Correct), r.Split.Test)
	}
	right := 0
	for _, ok := range r.rights() {
		if ok {
			right++
		}
	}
	if oa, ok := r.Values["OA"]; !ok || math.Abs(oa-float64(right)/float64(r.Split.Test)) > 1e-9 {
		return fmt.Errorf("OA is %v, and %d of %d test samples are right", oa, right, r.Split.Test)
	}
	for name, v := range r.Values {
		if !(math.Abs(v) <= 1) {
			return fmt.Errorf("%s is %v, want a fraction of 1", name, v)
		}
	}
	if r.Split.Train < 0 || r.Split.Overlap < 0 || r.Split.Overlap > r.Split.Test || r.Seconds < 0 || r.Stage1 < 0 {
		return fmt.Errorf("%d training windows, %d of %d test windows that overlap, %v and %v seconds", r.Split.Train, r.Split.Overlap, r.Split.Test, r.Seconds, r.Stage1)
	}
	if r.SplitFile != splitFile(r.Split) || strings.ContainsAny(r.SplitFile, `/\`) {
		return fmt.Errorf("the split is in %q, want %q", r.SplitFile, splitFile(r.Split))
	}
	if err := r.checkMaps(c.scene.Data, c.keep.Maps); err != nil {
		return err
	}
	return r.Plane.check(c.scene.Data)
}

// checkMaps wants a map of each scene of the dataset, where maps are kept.
func (r *Result) checkMaps(d *rsdata.Dataset, kept bool) error {
	want := 0
	if kept {
		want = len(d.Scenes)
	}
	if len(r.Maps) != want {
		return fmt.Errorf("maps of %d scenes, want %d", len(r.Maps), want)
	}
	for i, labels := range r.Maps {
		if s := d.Scenes[i]; len(labels) != s.H*s.W {
			return fmt.Errorf("a map of %d pixels, want %d x %d", len(labels), s.H, s.W)
		}
		if k := int(slices.Max(labels)); k > len(d.Classes) {
			return fmt.Errorf("a map with label %d of %d classes", k, len(d.Classes))
		}
	}
	return nil
}
