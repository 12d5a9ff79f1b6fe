package run

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"diffclip/internal/atomicfile"
	"diffclip/internal/folderlock"
	"diffclip/rsdata"
)

// Names of the files in a folder.
const (
	manifestFile     = "run.json"
	splitFile        = "split.json"
	splitsFolder     = "splits" // of several draws
	seedSplit        = "seed-*.json"
	restoredPictures = "reconstruction-*.png"
	Stage1File       = "stage1.safetensors"
	Stage2File       = "stage2.safetensors"
	Checkpoint1File  = "checkpoint-stage1.safetensors"
	Checkpoint2File  = "checkpoint-stage2.safetensors"
	ReportFile       = "report.html" // written last: a run without it is not finished
)

// Folder is where a run keeps its files.
type Folder struct{ Dir string }

// Path returns the path of a file in the folder.
func (f Folder) Path(name string) string { return filepath.Join(f.Dir, name) }

// Has reports whether the folder holds a file.
func (f Folder) Has(name string) bool {
	info, err := os.Stat(f.Path(name))
	return err == nil && info.Mode().IsRegular()
}

// Create makes a folder for a new run, or, with overwrite, takes one that holds
// a run already. A folder with other people's files in it is never taken.
func Create(dir string, overwrite bool) (Folder, error) {
	f := Folder{dir}
	entries, err := os.ReadDir(dir)
	entries = slices.DeleteFunc(entries, func(e fs.DirEntry) bool { return e.Name() == folderlock.Name })
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if err := os.MkdirAll(dir, 0o777); err != nil {
			return f, fmt.Errorf("cannot make the run folder: %w", err)
		}
		return f, f.probe()
	case err != nil:
		return f, fmt.Errorf("cannot use %s as a run folder: %w", dir, err)
	case len(entries) > 0 && !f.Has(manifestFile):
		return f, fmt.Errorf("%s holds files but no run: choose a new or an empty folder", dir)
	case len(entries) > 0 && !overwrite:
		return f, fmt.Errorf("%s holds a run already: go on with it by -resume, write over it by -force, or choose another folder", dir)
	}
	return f, f.probe()
}

// probe fails now, not after an hour of training, where the folder cannot be
// written to.
func (f Folder) probe() error {
	file, err := atomicfile.Create(f.Path(manifestFile))
	if err != nil {
		return err
	}
	return file.Close()
}

// Take locks the folder and clears away what programs that were killed have left half
// written; where the disk has no locks nobody knows whether they were.
func (f Folder) Take() (*folderlock.Lock, error) {
	lock, err := folderlock.Take(f.Dir)
	if err != nil {
		return nil, err
	}
	if lock.Exclusive() {
		if err := f.sweep(); err != nil {
			lock.Release()
			return nil, err
		}
	}
	return lock, nil
}

func (f Folder) sweep() error {
	if err := atomicfile.SweepFolder(f.Dir); err != nil {
		return err
	}
	for _, weights := range []string{Stage1File, Stage2File, Checkpoint1File, Checkpoint2File} { // which may be links to a larger disk
		if err := atomicfile.Sweep(f.Path(weights)); err != nil {
			return err
		}
	}
	if err := atomicfile.SweepFolder(f.Path(splitsFolder)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// Clear removes what an earlier run left of both stages and of its results, or,
// with stage2 alone, what depends on stage 2: a map in the folder too, as a demo makes one.
func (f Folder) Clear(stage2Alone bool) error {
	names := []string{Stage2File, Checkpoint2File, "metrics.json", "confusion.csv", "confusion.png", "classes.csv", "row.tex", ReportFile, "seeds.json"}
	if f.Has(Stage2File) {
		names = append(rsdata.MapFiles(), names...)
	}
	numbered := [][2]string{{splitsFolder, seedSplit}} // folder and pattern
	if !stage2Alone {
		names = append(names, Stage1File, Checkpoint1File, HistoryFile, StepsFile, "losses.png", splitFile)
		numbered = append(numbered, [2]string{"", restoredPictures})
	}
	for _, n := range numbered {
		entries, err := os.ReadDir(f.Path(n[0]))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		for _, e := range entries {
			if ours, _ := filepath.Match(n[1], e.Name()); ours {
				names = append(names, filepath.Join(n[0], e.Name()))
			}
		}
	}
	for _, name := range names {
		if err := os.Remove(f.Path(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// RestoredPicture names the picture of what stage 1 restores of modality i.
func RestoredPicture(i int) string { return numberedName(restoredPictures, uint64(i)+1) }

// numberedName puts a number in the place of a pattern's star.
func numberedName(pattern string, n uint64) string {
	return strings.Replace(pattern, "*", strconv.FormatUint(n, 10), 1)
}

// HasStage2 reports whether the folder holds a stage 2, whole or begun.
func (f Folder) HasStage2() bool { return f.Has(Stage2File) || f.Has(Checkpoint2File) }

// VacantStage2 returns an error where the folder holds a stage 2 already, whole
// or begun, unless it may be written over.
func (f Folder) VacantStage2(overwrite bool) error {
	if overwrite {
		return nil
	}
	for _, name := range []string{Stage2File, Checkpoint2File} {
		if f.Has(name) {
			return fmt.Errorf("%s is there already: go on with it by -resume, write over it by -force, or name another folder with -out", f.Path(name))
		}
	}
	return nil
}

// CopyFrom copies a file of another run into the folder.
func (f Folder) CopyFrom(other Folder, name string) error {
	in, err := os.Open(other.Path(name))
	if err != nil {
		return err
	}
	defer in.Close()
	return f.Write(name, func(w io.Writer) error {
		_, err := io.Copy(w, in)
		return err
	})
}

// WriteJSON writes a value, indented.
func (f Folder) WriteJSON(name string, v any) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("%s: %w", f.Path(name), err)
	}
	return atomicfile.WriteFile(f.Path(name), append(text, '\n'))
}

// Write writes a file that fill produces.
func (f Folder) Write(name string, fill func(io.Writer) error) error {
	file, err := atomicfile.Create(f.Path(name))
	if err != nil {
		return err
	}
	defer file.Close()
	if err := fill(file); err != nil {
		return fmt.Errorf("cannot write %s: %w", f.Path(name), err)
	}
	return file.Commit()
}

// maxManifest bounds a run.json, which holds no samples.
const maxManifest = 16 << 20

// readJSON reads a JSON file of at most limit bytes, strictly.
func readJSON(path string, limit int64, v any) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, limit+1))
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if int64(len(text)) > limit {
		return fmt.Errorf("%s: more than %d bytes: this is not a file that diffclip wrote", path, limit)
	}
	d := json.NewDecoder(strings.NewReader(string(text)))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return fmt.Errorf("%s: not a file that this version of diffclip wrote: %w", path, err)
	}
	return nil
}
