package reproduce

import (
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"diffclip/internal/mrnettest"
	"diffclip/internal/run"
	"diffclip/rsdata"
)

// TestTable6 goes from a folder in MRNet's layout to the table. The exams of the
// test are told apart by a bright square, which few epochs may miss.
func TestTable6(t *testing.T) {
	root := mrnettest.Write(t, 24)
	out := t.TempDir()
	o := optionsFor(t, out, 1)
	scenes, err := table6.FindScenes(filepath.Dir(root)+"?slices=5&side=15", nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(scenes.Found) != 3 || scenes.Found[1].Label != "MRNet acl" {
		t.Fatalf("found %d tasks", len(scenes.Found))
	}
	o.Scenes, o.Quick = scenes, true
	Quick(&o.Config)
	o.Config.Encoder(patchOfExams)
	outcome, err := Run(t.Context(), &table6, o)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(outcome.Panels); n != 4 || outcome.Panels[3].Data != "MRNet" || outcome.Panels[3].Partial {
		t.Fatalf("%d panels, the last for %q", n, outcome.Panels[n-1].Data)
	}
	mean := outcome.Panels[3]
	for _, row := range mean.Rows {
		if row.Method != "DiffCLIP" {
			continue
		}
		auc := 0.0
		for _, p := range outcome.Panels[:3] {
			for _, r := range p.Rows {
				if r.Method == "DiffCLIP" {
					auc += r.value("AUC") / 3
				}
			}
		}
		if v := row.value("AUC"); math.Abs(v-auc) > 1e-12 || !(v >= 0 && v <= 1) || math.Abs(mean.difference(row, "AUC")-(v-0.787)) > 1e-12 {
			t.Errorf("mean AUC %v of tasks %v, difference %v", v, auc, mean.difference(row, "AUC"))
		}
	}
	text := read(t, filepath.Join(out, "table6-quick.csv"))
	for _, want := range []string{"table6,MRNet,,ELNet,ACC,0,,,63.9000,", "table6,MRNet meniscus,,DiffCLIP,SP,1,"} {
		if !strings.Contains(text, want) {
			t.Errorf("the table lacks %q:\n%s", want, text)
		}
	}
}

// The sides of crops follow the pictures, up to where a crop has no number for its side.
func TestCropsOfPictures(t *testing.T) {
	for side, want := range map[int][]uint8{55: {45, 55}, 255: {208, 255}, 301: nil} {
		c, err := run.Preset("mrnet")
		if err != nil {
			t.Fatal(err)
		}
		if fitPicture(&c, side); !slices.Equal(c.Pretrain.Crops, want) || c.Split.Window != side {
			t.Errorf("pictures of %d pixels: windows of %d, crops %v, want %v", side, c.Split.Window, c.Pretrain.Crops, want)
		}
	}
}

// The tasks share the exams and what follows from them, and have the fingerprints by
// which cells of each alone are found.
func TestTasksShareExams(t *testing.T) {
	root := mrnettest.Write(t, 8)
	s, err := table6.FindScenes(root+"?slices=3&side=11", nil)
	if err != nil || len(s.Found) != 3 {
		t.Fatalf("%d tasks, %v", len(s.Found), err)
	}
	for i, task := range []string{"abnormal", "acl", "meniscus"} {
		got := s.Found[i]
		if got.measured != s.Found[0].measured || got.Data.Scenes[7].Rasters[2].Array != s.Found[0].Data.Scenes[7].Rasters[2].Array {
			t.Errorf("%s was read for itself", task)
		}
		d, err := rsdata.Open(got.Path)
		if err != nil {
			t.Fatal(err)
		}
		if alone := newScene(got.Label, got.Path, d, nil); got.Label != "MRNet "+task || got.fingerprint != alone.fingerprint || got.values != alone.values {
			t.Errorf("%s: fingerprints %s, %s, alone %s, %s", got.Label, got.fingerprint, got.values, alone.fingerprint, alone.values)
		}
	}
	if one, err := table6.FindScenes(root+"?task=acl&slices=3&side=11", nil); err != nil || len(one.Found) != 1 || one.Found[0].Label != "MRNet acl" {
		t.Errorf("a task that is named: %v, %v", one, err)
	}
}

func TestNoExams(t *testing.T) {
	s, err := table6.FindScenes("", nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Found) != 1 || s.Found[0].Label != madeUp || len(s.Notes) != 1 || !strings.Contains(s.Notes[0], "MRNet is missing") || !strings.Contains(s.Notes[0], "train-abnormal.csv") {
		t.Errorf("%d scenes, notes %q", len(s.Found), s.Notes)
	}
	d := s.Found[0].Data
	if err := d.Validate(); err != nil {
		t.Error(err)
	}
	if n := d.Counts(); n[0] != madeUpCount/2 || n[1] != madeUpCount/2 {
		t.Errorf("%v exams of each answer", n)
	}
	if _, err := table6.FindScenes(filepath.Join(t.TempDir(), "none"), nil); err == nil {
		t.Error("a folder that is not there is taken")
	}
}

// TestScenesBesideExams: a folder that holds MRNet too is searched for scenes, and
// the exams are left out.
func TestScenesBesideExams(t *testing.T) {
	dir := filepath.Dir(mrnettest.Write(t, 4))
	if !rsdata.IsMRNet(dir) {
		t.Fatal("not recognised")
	}
	s, err := FindScenes(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Found) != 1 || s.Found[0].Label != embedded || len(s.Notes) != len(paperScenes) {
		t.Errorf("%d scenes, the first %q, notes %q", len(s.Found), s.Found[0].Label, s.Notes)
	}
}
