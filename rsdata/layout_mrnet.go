package rsdata

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"

	"diffclip/internal/npy"
	"diffclip/internal/numeric"
	"diffclip/internal/par"
	"diffclip/internal/table"
)

// mrnetTask is one of the questions that MRNet asks of each exam.
type mrnetTask struct{ name, negative, positive string }

var mrnetTasks = []mrnetTask{
	{"abnormal", "Normal knee", "Abnormal knee"},
	{"acl", "No ACL tear", "ACL tear"},
	{"meniscus", "No meniscal tear", "Meniscal tear"},
}

// mrnetPlanes are the series of an exam, and here its modalities.
var mrnetPlanes = []string{"axial", "coronal", "sagittal"}

// mrnetParts are the folders of MRNet, the official training and test exams.
var mrnetParts = []string{"train", "valid"}

// What is taken of an exam where the path does not say. 55 pixels are the middle
// 220 of 256, four by four, and make 121 patches of 5 x 5, as many as a window of
// the paper has; no series of MRNet has fewer than 17 slices.
const (
	mrnetSide   = 55
	mrnetSlices = 16
	mrnetShare  = 220. / 256
)

// mrnet is the folder of MRNet, knee exams by magnetic resonance: a volume of
// slices for each exam and plane, and a table for each part and task.
type mrnet struct{ root string }

// mrnetOptions say what to take of an exam.
type mrnetOptions struct {
	task         string
	slices, side int
}

// findMRNet recognises the folder, or the one that holds it; false where it is
// something else.
func findMRNet(dir string) (mrnet, bool) {
	for _, root := range []string{dir, filepath.Join(dir, "MRNet-v1.0")} {
		for _, part := range mrnetParts {
			planes := 0
			for _, plane := range mrnetPlanes {
				if info, err := os.Stat(filepath.Join(root, part, plane)); err == nil && info.IsDir() {
					planes++
				}
			}
			if planes > 1 {
				return mrnet{root}, true
			}
		}
	}
	return mrnet{}, false
}

// IsMRNet reports whether a folder is laid out as MRNet, or holds MRNet-v1.0, which
// is. Open, which reads all of its volumes, takes it for that.
func IsMRNet(dir string) bool {
	_, ok := findMRNet(dir)
	return ok
}

// otherTasks lists the names of the tasks but for one.
func otherTasks(but string) string {
	var names []string
	for _, t := range mrnetTasks {
		if t.name != but {
			names = append(names, t.name)
		}
	}
	return strings.Join(names, ", ")
}

func tableName(part, task string) string { return part + "-" + task + ".csv" }

// exams lists the exams of a part, in the order of their names; nil where there is
// no such part. Each must have a volume of every plane.
func (f mrnet) exams(part string) ([]string, error) {
	if !exists(filepath.Join(f.root, part)) {
		return nil, nil
	}
	planes := map[string][]string{} // that an exam has
	for _, plane := range mrnetPlanes {
		list, err := os.ReadDir(filepath.Join(f.root, part, plane))
		if err != nil {
			return nil, fmt.Errorf("%w: expected a folder of volumes for each of %s", err, strings.Join(mrnetPlanes, ", "))
		}
		for _, e := range list {
			if id, ok := strings.CutSuffix(e.Name(), ".npy"); ok && !strings.HasPrefix(id, ".") {
				planes[id] = append(planes[id], plane)
			}
		}
	}
	var ids []string
	for id := range planes {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		for _, plane := range mrnetPlanes {
			if !slices.Contains(planes[id], plane) {
				return nil, fmt.Errorf("%s: not there, but exam %s has a volume of %s: every exam needs all of %s; fetch it again, or take the exam's other files away",
					filepath.Join(f.root, part, plane, id+".npy"), id, strings.Join(planes[id], " and "), strings.Join(mrnetPlanes, ", "))
			}
		}
	}
	return ids, nil
}

// labels reads a table without header, of exam and 0 or 1, and returns the label of
// each exam: 1 for negative, 2 for positive. No table gives no labels.
func (f mrnet) labels(part, task string, exams []string) (map[string]uint8, error) {
	name := tableName(part, task)
	path := filepath.Join(f.root, name)
	if exams == nil {
		return nil, nil
	}
	t, err := table.Open(os.DirFS(f.root), name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("%s: %w", f.root, err)
	case len(t.Rows[0]) != 2:
		return nil, fmt.Errorf("%s: %d columns, expected two: exam and 0 or 1", path, len(t.Rows[0]))
	}
	labels := map[string]uint8{}
	for i, row := range t.Rows {
		id := row[0]
		if n, err := strconv.ParseUint(id, 10, 32); err == nil {
			id = fmt.Sprintf("%04d", n) // spreadsheets drop the zeros in front
		}
		switch {
		case !slices.Contains(exams, id):
			return nil, fmt.Errorf("%s: line %d: exam %s has no volume %s: fetch it again, or take the line away", path, t.Line(i), row[0], filepath.Join(f.root, part, mrnetPlanes[0], id+".npy"))
		case labels[id] != 0:
			return nil, fmt.Errorf("%s: line %d: exam %s is there twice", path, t.Line(i), row[0])
		case row[1] != "0" && row[1] != "1":
			return nil, fmt.Errorf("%s: line %d: label %q, expected 0 or 1", path, t.Line(i), row[1])
		}
		labels[id] = row[1][0] - '0' + 1
	}
	return labels, nil
}

// mrnetExam is an exam of a part.
type mrnetExam struct{ part, id string }

// readExams reads exams, some at the same time. The error is that of the first one
// that has any.
func (f mrnet) readExams(exams []mrnetExam, o mrnetOptions) ([]*Scene, error) {
	scenes, errs := make([]*Scene, len(exams)), make([]error, len(exams))
	var failed atomic.Bool
	pool := par.New(0)
	defer pool.Close()
	pool.For(len(exams), 1, func(i, _, _ int) {
		if failed.Load() {
			return // exams before one that failed have begun already
		}
		if scenes[i], errs[i] = f.readExam(exams[i], o); errs[i] != nil {
			failed.Store(true)
		}
	})
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return scenes, nil
}

// readExam reads the three volumes of an exam, which has no label yet.
func (f mrnet) readExam(e mrnetExam, o mrnetOptions) (*Scene, error) {
	s := &Scene{Name: e.part + "/" + e.id, H: o.side, W: o.side}
	for _, plane := range mrnetPlanes {
		a, err := readVolume(filepath.Join(f.root, e.part, plane, e.id+".npy"), o)
		if err != nil {
			return nil, err
		}
		s.Rasters = append(s.Rasters, Raster{Array: a})
	}
	return s, nil
}

// mark labels an exam at its centre: as official training or test sample too.
func (s *Scene) mark(part string, label uint8) {
	s.Labels = make([]uint8, s.H*s.W)
	s.Labels[s.H/2*s.W+s.W/2] = label
	s.Train, s.Test = s.Labels, make([]uint8, s.H*s.W)
	if part == "valid" {
		s.Train, s.Test = s.Test, s.Train
	}
}

// readVolume reads the middle slices of a volume and reduces them: (side, side,
// slices).
func readVolume(path string, o mrnetOptions) (*numeric.Array, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	volume, err := npy.Open(file, info.Size(), path)
	if err != nil {
		return nil, err
	}
	about, err := volume.Info("")
	if err != nil {
		return nil, err
	}
	shape := about.Shape
	switch {
	case about.Type != numeric.Uint8 || len(shape) != 3:
		return nil, fmt.Errorf("%s: %v of shape %s, expected uint8 of slices x rows x columns", path, about.Type, dims(shape))
	case shape[0] < o.slices:
		return nil, fmt.Errorf("%s: %d slices, expected at least %d: ask for fewer with ?slices=%d", path, shape[0], o.slices, max(shape[0], 1))
	case float64(min(shape[1], shape[2]))*mrnetShare < float64(o.side) || max(shape[1], shape[2]) > maxPicture:
		return nil, fmt.Errorf("%s: pictures of %d x %d pixels, of which the middle is to be reduced to %d: expected larger ones, of at most %d; MRNet has 256 x 256", path, shape[1], shape[2], o.side, maxPicture)
	}
	first := (shape[0] - o.slices) / 2
	a, err := volume.ReadRows("", first, first+o.slices)
	if err != nil {
		return nil, err
	}
	raw, out := a.Data.([]uint8), numeric.New(numeric.Uint8, []int{o.side, o.side, o.slices})
	shrink := newShrinker(shape[1], shape[2], o.side, mrnetShare)
	for k := range o.slices {
		shrink.shrink(out.Data.([]uint8)[k:], o.slices, raw[k*shape[1]*shape[2]:(k+1)*shape[1]*shape[2]])
	}
	return out, nil
}

// maxPicture bounds the side of a slice.
const maxPicture = 4096

// examples returns files that show what an exam looks like, and the tables: a
// thousand volumes say no more.
func (f mrnet) examples() []string {
	var out []string
	for _, part := range mrnetParts {
		for _, plane := range mrnetPlanes {
			if found, err := filesEnding(filepath.Join(f.root, part, plane), ".npy"); err == nil && len(found) > 0 {
				out = append(out, found[0])
			}
		}
	}
	return out
}
