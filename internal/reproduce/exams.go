package reproduce

import (
	"fmt"
	"math"
	"path/filepath"
	"strings"

	"diffclip/internal/numeric"
	"diffclip/internal/rng"
	"diffclip/internal/run"
	"diffclip/rsdata"
	"diffclip/vit"
)

// mrnetFolder is how the folder of MRNet is called when it is unpacked.
const mrnetFolder = "MRNet-v1.0"

// madeUp is the label of the exams that stand in for MRNet.
const madeUp = "made-up exams"

// findExams opens MRNet, which is dir or lies in it, once for each task. Options
// after a question mark are those of rsdata.Open. Made-up exams stand in for it.
func findExams(dir string, only []string) (*Scenes, error) {
	s := &Scenes{}
	folder, options := rsdata.CutOptions(dir)
	if dir != "" {
		if err := checkFolder(folder); err != nil {
			return nil, err
		}
	}
	if dir != "" && rsdata.IsMRNet(folder) {
		tasks, err := rsdata.OpenTasks(dir)
		if err != nil {
			return nil, err
		}
		m := measure(tasks[0]) // of the same exams for all
		for _, d := range tasks {
			name, _ := strings.CutPrefix(d.Name, "MRNet ")
			s.take(strings.TrimSuffix(folder+"?task="+name+"&"+options, "&"), d, m)
		}
	} else {
		where := filepath.Join(folder, mrnetFolder)
		if dir == "" {
			where = "DIR/" + mrnetFolder + ", with -data DIR"
		}
		s.Notes = append(s.Notes, fmt.Sprintf("MRNet is missing. Put into %s: train/axial/0000.npy and so on for every exam, the planes axial, coronal and sagittal, and the folders train and valid; train-abnormal.csv, valid-abnormal.csv and the same for acl and meniscus", where))
	}
	if len(s.Found) == 0 {
		s.Found = append(s.Found, newScene(madeUp, madeUp, madeUpExams(), nil))
	}
	return s, s.keep(only)
}

// patchOfExams makes 11 x 11 patches of a picture of the usual size.
func patchOfExams(e *vit.Config) { e.Patch = 5 }

// fitPicture sets windows and crops to the side of the pictures of a dataset. Crops
// are at most 255 pixels; larger pictures are not cropped.
func fitPicture(c *run.Config, side int) {
	c.SetWindow(side)
	switch {
	case c.Pretrain.Crops == nil:
	case side > math.MaxUint8:
		c.Pretrain.Crops = nil
	default:
		c.Pretrain.Crops = []uint8{uint8(side * 9 / 11), uint8(side)}
	}
}

// Sizes of the made-up exams.
const (
	madeUpCount  = 60
	madeUpSide   = 55
	madeUpSlices = 4
)

// madeUpExams draws pictures of noise, in which every other exam has a bright spot
// near the middle of its planes. They show that the study works, and nothing else.
func madeUpExams() *rsdata.Dataset {
	d := &rsdata.Dataset{Name: "MRNet, made up", Whole: true, Positive: 2, Classes: []rsdata.Class{{Name: "No ACL tear"}, {Name: "ACL tear"}},
		Notes: []string{"made-up exams, not measured: noise, with a bright spot where the answer is yes"}}
	for i, c := range rsdata.ColorBlindSafe(d.Classes) {
		d.Classes[i].Color = c.Color
	}
	for _, plane := range []string{"axial", "coronal", "sagittal"} {
		d.Modalities = append(d.Modalities, rsdata.Modality{Name: plane, Bands: madeUpSlices})
	}
	for i := range madeUpCount {
		s := &rsdata.Scene{Name: fmt.Sprintf("exam %d", i+1), H: madeUpSide, W: madeUpSide, Labels: make([]uint8, madeUpSide*madeUpSide)}
		s.Labels[madeUpSide/2*madeUpSide+madeUpSide/2] = uint8(1 + i%2)
		for plane := range d.Modalities {
			s.Rasters = append(s.Rasters, rsdata.Raster{Array: madeUpPlane(uint64(i), uint64(plane), i%2 == 1)})
		}
		d.Scenes = append(d.Scenes, s)
	}
	return d
}

// madeUpPlane draws the slices of a plane.
func madeUpPlane(exam, plane uint64, spot bool) *numeric.Array {
	a := numeric.New(numeric.Uint8, []int{madeUpSide, madeUpSide, madeUpSlices})
	noise := rng.New(exam, "made-up exams", plane)
	row, col := 22+noise.Intn(1<<20, 11), 22+noise.Intn(1<<20+1, 11)
	for i, values := 0, a.Data.([]uint8); i < len(values); i++ {
		v := 60 + noise.Intn(uint64(i), 40)
		r, c := i/madeUpSlices/madeUpSide, i/madeUpSlices%madeUpSide
		if spot && (r-row)*(r-row)+(c-col)*(c-col) < 64 {
			v += 80
		}
		values[i] = uint8(v)
	}
	return a
}
