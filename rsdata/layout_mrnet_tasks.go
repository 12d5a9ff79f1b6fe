package rsdata

import (
	"fmt"
	"path/filepath"
)

// OpenTasks opens MRNet, in a folder or one that holds it, once for each of its tasks, or for the one that an option of
// the path names. The datasets are those of Open with the option ?task; what was measured they share, and it is read once.
func OpenTasks(path string) ([]*Dataset, error) {
	path, options, err := splitOptions(path)
	if err != nil {
		return nil, err
	}
	files, ok := findMRNet(path)
	if !ok {
		return nil, fmt.Errorf("%s: expected the folders of MRNet, such as %s", path, filepath.Join("train", "axial"))
	}
	tasks := mrnetTasks
	if options.mrnet.task != "" {
		tasks = nil // the one that is named
	}
	all, err := files.open(options.mrnet, tasks...)
	if err != nil {
		return nil, err
	}
	for i := range all {
		if all[i], err = options.apply(path, all[i]); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// open reads the middle slices of every exam. Each exam is a scene of one sample, its planes are the modalities and the
// slices their bands. Of each volume only these slices are read, and kept at the reduced size. There is a dataset for each
// of some tasks, or for the one of the options.
func (f mrnet) open(o mrnetOptions, tasks ...mrnetTask) ([]*Dataset, error) {
	task, err := o.fill()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.root, err)
	}
	if tasks == nil {
		tasks = []mrnetTask{task}
	}
	var exams []mrnetExam
	labels := make([][]uint8, len(tasks)) // of each exam
	for _, part := range mrnetParts {
		ids, err := f.exams(part)
		if err != nil {
			return nil, err
		}
		for _, id := range ids {
			exams = append(exams, mrnetExam{part, id})
		}
		for t, task := range tasks {
			table, err := f.labels(part, task.name, ids)
			if err != nil {
				return nil, err
			}
			for _, id := range ids {
				labels[t] = append(labels[t], table[id])
			}
		}
	}
	if len(exams) == 0 {
		return nil, fmt.Errorf("%s: the folders of the planes hold no volume: expected files such as %s", f.root, filepath.Join("train", "axial", "0000.npy"))
	}
	scenes, err := f.readExams(exams, o)
	if err != nil {
		return nil, err
	}
	var all []*Dataset
	for t, task := range tasks {
		all = append(all, f.dataset(task, o, exams, scenes, labels[t]))
	}
	return all, nil
}

// dataset has the exams ask for one task. It shares the rasters of the scenes.
func (f mrnet) dataset(task mrnetTask, o mrnetOptions, exams []mrnetExam, scenes []*Scene, labels []uint8) *Dataset {
	d := &Dataset{Name: "MRNet " + task.name, Whole: true}
	for _, plane := range mrnetPlanes {
		d.Modalities = append(d.Modalities, Modality{Name: plane, Bands: o.slices})
	}
	unlabelled := 0
	for i, s := range scenes {
		c := *s
		c.mark(exams[i].part, labels[i])
		d.Scenes = append(d.Scenes, &c)
		if labels[i] == 0 {
			unlabelled++
		}
	}
	d.notef("task %s (others: ?task=%s); the planes of an exam are taken for its modalities, which is an assumption", task.name, otherTasks(task.name))
	d.notef("%d slices around the middle of each volume are its bands; the middle %.0f %% of a picture is reduced to %d x %d pixels", o.slices, 100*mrnetShare, o.side, o.side)
	if unlabelled == len(exams) {
		d.Missing = append(d.Missing, fmt.Sprintf("labels: tables %s and %s of exam and 0 or 1, expected in %s", tableName("train", task.name), tableName("valid", task.name), f.root))
		return d
	}
	if unlabelled > 0 {
		d.notef("%d exams are without a label of this task", unlabelled)
	}
	d.Classes = []Class{{task.negative, autoColors[0]}, {task.positive, autoColors[1]}}
	d.Positive = 2
	return d
}

// fill sets what the path does not say, and finds the task.
func (o *mrnetOptions) fill() (mrnetTask, error) {
	if o.task == "" {
		o.task = mrnetTasks[0].name
	}
	if o.slices == 0 {
		o.slices = mrnetSlices
	}
	if o.side == 0 {
		o.side = mrnetSide
	}
	if o.side%2 == 0 || o.side > 255 || o.slices > 64 {
		return mrnetTask{}, fmt.Errorf("%d slices of %d x %d pixels: want at most 64, and an odd side of at most 255, so that a window has a centre", o.slices, o.side, o.side)
	}
	for _, t := range mrnetTasks {
		if t.name == o.task {
			return t, nil
		}
	}
	return mrnetTask{}, fmt.Errorf("task %q: want %s", o.task, otherTasks(""))
}
