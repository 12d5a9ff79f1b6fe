package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"diffclip/clip"
	"diffclip/internal/envi"
	"diffclip/internal/georef"
	"diffclip/internal/progress"
	"diffclip/internal/run"
	"diffclip/internal/tiff"
	"diffclip/rsdata"
)

func declareMap(a *app, f *flags) func() error {
	f.purpose = "Classifies every pixel of a scene with a trained run: map.tif with colours and class\nnames, the same as an ENVI pair, confidence.tif and map.png."
	f.usage = "-from RUN -data SCENE -out DIR [flags]"
	f.example = []string{"-from runs/houston -data Houston2013 -out houston-map", "-from runs/houston -data scene.mat -georef scene.tif -out map"}
	var o mapOptions
	f.group("flags", func() {
		f.StringVar(&o.from, "from", "", "`run` folder, or its stage2.safetensors alone")
		f.StringVar(&o.data, "data", "", "`folder` or file with the scene, or \"synthetic\"")
		f.StringVar(&o.out, "out", "", "`folder` for the map")
		f.StringVar(&o.georef, "georef", "", "GeoTIFF or ENVI `file` of the same size that lends its georeferencing")
		viewsFlag(f, &o.views)
		f.BoolVar(&o.probabilities, "probabilities", false, "write the probability of every class too")
		f.BoolVar(&o.force, "force", false, "write over a map that is there already")
	})
	o.computer.declare(f)
	return func() error { return mapCommand(a, &o) }
}

type mapOptions struct {
	computer
	from, data, out, georef string
	probabilities, force    bool
	views                   int // 0 for those of the run
}

func mapCommand(a *app, o *mapOptions) error {
	for _, need := range [][2]string{{"-from", o.from}, {"-data", o.data}, {"-out", o.out}} {
		if need[1] == "" {
			return misuse("%s is missing", need[0])
		}
	}
	s, err := openClassifier(o.from)
	if err != nil {
		return err
	}
	if o.views > 0 {
		s.Model.Config.Views = o.views
	}
	data, err := run.OpenData(o.data)
	if err != nil {
		return err
	}
	if data.Whole {
		return fmt.Errorf("%s: its samples are pictures, not pixels, and there is nothing to map; see diffclip eval", o.data)
	}
	windows, err := s.Windows(data)
	if err != nil {
		return run.NotAlike(o.data, err)
	}
	var lent *georef.Grid
	if o.georef != "" {
		if lent, err = readGrid(o.georef, data); err != nil {
			return err
		}
	}
	be, err := o.open(a)
	if err != nil {
		return err
	}
	classifier := s.Classifier(be)
	for i, scene := range data.Scenes {
		dir, err := o.folder(data, i)
		if err != nil {
			return err
		}
		job := mapJob{scene: i, dir: dir, classes: s.Classes, grid: scene.Grid, probabilities: o.probabilities}
		if lent != nil {
			job.grid = lent
		}
		_, err = mapScene(a, classifier, data, windows, job)
		if errors.Is(err, context.Canceled) && i > 0 {
			return interruptedError{fmt.Sprintf("interrupted; %d of %d maps are whole, and -force makes all anew", i, len(data.Scenes))}
		}
		if err != nil {
			return err
		}
		fmt.Fprintln(a.stdout, filepath.Join(dir, "map.tif"))
	}
	return nil
}

// openClassifier reads the weights of stage 2 from a run or a file.
func openClassifier(from string) (*clip.Trained, error) {
	info, err := os.Stat(from)
	if err != nil {
		return nil, fmt.Errorf("no run: %w", err)
	}
	if !info.IsDir() {
		return clip.Open(from)
	}
	folder := run.Folder{Dir: from}
	if !folder.Has(run.Stage2File) {
		return nil, fmt.Errorf("%s has no %s: its stage 2 has not been run or is not finished; see `diffclip finetune`", from, run.Stage2File)
	}
	return clip.Open(folder.Path(run.Stage2File))
}

// folder makes the folder for the map of scene i: that of -out or, where there
// are many scenes, one in it.
func (o *mapOptions) folder(d *rsdata.Dataset, i int) (string, error) {
	dir := o.out
	if len(d.Scenes) > 1 {
		dir = filepath.Join(dir, sceneFolders(d)[i])
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return "", fmt.Errorf("cannot make the folder of the map: %w", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "map.tif")); !errors.Is(err, fs.ErrNotExist) && !o.force {
		return "", fmt.Errorf("%s is there already: write over it by -force, or choose another folder", filepath.Join(dir, "map.tif"))
	}
	return dir, nil
}

// sceneFolders names a folder for the map of each scene: by the scene's name, as far as
// every system takes it, and by its number where that says nothing or is another's.
func sceneFolders(d *rsdata.Dataset) []string {
	var folders []string
	taken := map[string]bool{} // in lower case, since not every disk tells cases apart
	for i, s := range d.Scenes {
		name := safeName(s.Name)
		for name == "" || taken[strings.ToLower(name)] {
			name = strings.TrimPrefix(fmt.Sprintf("%s-scene-%d", name, i+1), "-")
		}
		taken[strings.ToLower(name)] = true
		folders = append(folders, name)
	}
	return folders
}

// reserved are the names of devices on Windows, which no file can have.
var reserved = regexp.MustCompile(`(?i)^(con|prn|aux|nul|com[0-9]|lpt[0-9])$`)

// safeName makes a scene's name the name of a folder, "" where nothing is left of it.
func safeName(name string) string {
	safe := strings.Map(func(r rune) rune {
		if r == '-' || r == '_' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' {
			return r
		}
		return '-'
	}, name)
	if strings.Trim(safe, "-") == "" || reserved.MatchString(safe) {
		return ""
	}
	return safe
}

// readGrid reads the georeferencing of a raster of the size of the data's scene.
func readGrid(path string, d *rsdata.Dataset) (*georef.Grid, error) {
	if len(d.Scenes) != 1 {
		return nil, misuse("-georef lends one grid, and %q has %d scenes", d.Name, len(d.Scenes))
	}
	var grid georef.Grid
	var width, height int
	if ext := strings.ToLower(filepath.Ext(path)); ext == ".tif" || ext == ".tiff" {
		f, c, err := tiff.OpenFile(path)
		if err != nil {
			return nil, err
		}
		defer c.Close()
		grid, width, height = f.Grid, f.Width, f.Height
	} else {
		f, c, err := envi.OpenFile(path)
		if err != nil {
			return nil, fmt.Errorf("-georef reads GeoTIFF and ENVI files: %w", err)
		}
		defer c.Close()
		grid, width, height = f.Grid, f.Width, f.Height
	}
	if s := d.Scenes[0]; width != s.W || height != s.H {
		return nil, fmt.Errorf("%s has %d x %d pixels (rows x columns), the scene %d x %d: want a raster of the same pixels", path, height, width, s.H, s.W)
	}
	if !grid.Placed() {
		return nil, fmt.Errorf("%s does not say where it lies, so it has no georeferencing to lend: name another file", path)
	}
	return &grid, nil
}

// mapJob is one scene to classify into one folder.
type mapJob struct {
	scene         int
	dir           string
	classes       []rsdata.Class
	grid          *georef.Grid
	probabilities bool
}

// headerNote says what of a grid the header of map.img cannot tell, "" where nothing is missing.
func headerNote(g *georef.Grid) string {
	switch {
	case g == nil:
		return ""
	case g.Placed() && !envi.CanPlace(*g):
		return "the header of map.img cannot tell where the map lies, as map.tif does: its pixels are sheared or its rows go upwards"
	case g.CRS.Known() && g.CRS.ESRI() == "":
		return fmt.Sprintf("the header of map.img cannot tell the coordinate system, %s, as map.tif does; gdal_translate -of ENVI map.tif other.img makes a pair that can", g.CRS)
	}
	return ""
}

// mapScene classifies a scene strip by strip into files and returns its labels.
func mapScene(a *app, c *clip.Classifier, d *rsdata.Dataset, w *rsdata.Windows, job mapJob) ([]uint8, error) {
	scene := d.Scenes[job.scene]
	out, err := rsdata.CreateMap(job.dir, rsdata.MapSpec{Name: scene.Name, Width: scene.W, Height: scene.H, Classes: job.classes, Grid: job.grid, Probabilities: job.probabilities})
	if err != nil {
		return nil, err
	}
	defer out.Close()
	if note := headerNote(job.grid); note != "" {
		fmt.Fprintf(a.stderr, "note: %s\n", note)
	}
	labels, err := classifyScene(a, c, d, w, job.scene, func(labels []uint8, confidence, probabilities []float32) error {
		if !job.probabilities {
			probabilities = nil
		}
		return out.WriteRows(labels, confidence, probabilities)
	})
	if err != nil {
		return nil, err
	}
	return labels, out.Commit()
}

// classifyScene classifies scene i of the data, hands over row after row, and
// returns all labels. Pixels at which nothing was measured stay unclassified.
func classifyScene(a *app, c *clip.Classifier, d *rsdata.Dataset, w *rsdata.Windows, i int, write func(labels []uint8, confidence, probabilities []float32) error) ([]uint8, error) {
	scene := d.Scenes[i]
	p := progress.New(a.stderr, fmt.Sprintf("map of %s", scene.Name), scene.H)
	defer p.Close()
	var all []uint8
	err := clip.MapScene(a.ctx, c, d, w, i, func(row int, labels []uint8, confidence, probabilities []float32) error {
		for col := range labels {
			if !scene.Measured(row, col) {
				labels[col] = 0
			}
		}
		all = append(all, labels...)
		p.Step(row+1, "")
		return write(labels, confidence, probabilities)
	})
	if err == nil {
		p.Done(fmt.Sprintf("%d pixels", scene.H*scene.W))
	}
	return all, err
}
