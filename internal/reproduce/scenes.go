package reproduce

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"diffclip/internal/run"
	"diffclip/rsdata"
)

// paperScene is a scene of the paper.
type paperScene struct{ label, name, folder string }

// paperScenes are the scenes of the paper, as its tables, rsdata.Open and the
// usual folders call them.
var paperScenes = []paperScene{
	{"Houston", "Houston 2013", "Houston2013"},
	{"MUUFL", "MUUFL Gulfport", "MUUFL"},
	{"Trento", "Trento", "Trento"},
}

// embedded is the label of the embedded scene.
const embedded = "embedded scene"

// Scenes are the scenes that studies run on, and what there is to say about those
// that are not there.
type Scenes struct {
	Found []*Scene
	Notes []string // which of the paper's scenes are missing and which files go where; what was passed over
}

// FindScenes opens the scenes in a folder and in the folders below it, which it
// recognises by content. "" stands for no folder. Where only names some, by the
// beginnings of their labels, others are left out. The embedded scene is there
// where it is named or nothing else is.
func FindScenes(dir string, only []string) (*Scenes, error) {
	s := &Scenes{}
	if dir != "" {
		if err := s.search(dir); err != nil {
			return nil, err
		}
	}
	s.tellMissing(dir)
	wantsEmbedded := slices.ContainsFunc(only, func(o string) bool { return matches(embedded, o) || strings.EqualFold(o, run.Synthetic) })
	if len(s.Found) == 0 || wantsEmbedded {
		d, err := run.OpenData(run.Synthetic)
		if err != nil {
			return nil, err
		}
		s.Found = append(s.Found, newScene(embedded, run.Synthetic, d, nil))
	}
	return s, s.keep(only)
}

// search opens the folder itself, where it is a scene, else those below it.
func (s *Scenes) search(dir string) error {
	if err := checkFolder(dir); err != nil {
		return err
	}
	if !rsdata.IsMRNet(dir) {
		if d, err := rsdata.Open(dir); err == nil {
			s.take(dir, d, nil)
			return nil
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		if info, err := os.Stat(path); err != nil || !info.IsDir() || strings.HasPrefix(e.Name(), ".") || rsdata.IsMRNet(path) {
			continue
		}
		d, err := rsdata.Open(path)
		if err != nil {
			s.Notes = append(s.Notes, fmt.Sprintf("%s is passed over: %v", path, err))
			continue
		}
		s.take(path, d, nil)
	}
	return nil
}

// checkFolder returns an error unless dir is a folder.
func checkFolder(dir string) error {
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s: no such folder: -data names the folder that holds the scenes", dir)
	case err == nil && !info.IsDir():
		return fmt.Errorf("%s is a file: -data names the folder that holds the scenes", dir)
	}
	return err
}

// take adds a dataset, unless something is missing for a comparison. What was measured
// is nil where no other scene has it.
func (s *Scenes) take(path string, d *rsdata.Dataset, m *measured) {
	switch {
	case len(d.Missing) > 0:
		s.Notes = append(s.Notes, fmt.Sprintf("%s (%s) is passed over; it lacks %s", path, d.Name, strings.Join(d.Missing, "; ")))
		return
	case len(d.Classes) < 2:
		s.Notes = append(s.Notes, fmt.Sprintf("%s (%s) is passed over: it has no two classes to tell apart", path, d.Name))
		return
	}
	if len(d.Modalities) == 1 && d.Modalities[0].Bands > 1 {
		halved, err := d.SplitSpectrum(d.Modalities[0].Bands / 2)
		if err != nil {
			s.Notes = append(s.Notes, fmt.Sprintf("%s (%s) is passed over: %v", path, d.Name, err))
			return
		}
		d, path, m = halved, path+"?halves", nil
	}
	label := d.Name
	if i := slices.IndexFunc(paperScenes, func(p paperScene) bool { return p.name == d.Name }); i >= 0 {
		label = paperScenes[i].label
	}
	if other := s.find(label); other != nil {
		s.Notes = append(s.Notes, fmt.Sprintf("%s is passed over: %s was found in %s already", path, label, other.Path))
		return
	}
	s.Found = append(s.Found, newScene(label, path, d, m))
}

func (s *Scenes) find(label string) *Scene {
	for _, f := range s.Found {
		if f.Label == label {
			return f
		}
	}
	return nil
}

// tellMissing says which of the paper's scenes are not there and which files they
// want, and puts those that are first.
func (s *Scenes) tellMissing(dir string) {
	var first []*Scene
	for _, p := range paperScenes {
		if f := s.find(p.label); f != nil {
			first = append(first, f)
			continue
		}
		where := filepath.Join(dir, p.folder)
		if dir == "" {
			where = "DIR/" + p.folder + ", with -data DIR"
		}
		s.Notes = append(s.Notes, fmt.Sprintf("%s is missing. Put into %s: %s", p.name, where, strings.Join(rsdata.UsualFiles(p.name), "; ")))
	}
	for _, f := range s.Found {
		if !slices.Contains(first, f) {
			first = append(first, f)
		}
	}
	s.Found = first
}

// keep leaves the scenes that only names; an error where a name fits none.
func (s *Scenes) keep(only []string) error {
	if len(only) == 0 {
		return nil
	}
	var labels []string
	for _, f := range s.Found {
		labels = append(labels, f.Label)
	}
	var kept []*Scene
	for _, o := range only {
		found := false
		for _, f := range s.Found {
			if matches(f.Label, o) || f.Path == run.Synthetic && strings.EqualFold(o, run.Synthetic) {
				found = true
				if !slices.Contains(kept, f) {
					kept = append(kept, f)
				}
			}
		}
		if !found {
			return fmt.Errorf("no scene that is there is called %q: there are %s", o, strings.Join(labels, ", "))
		}
	}
	s.Found = kept
	return nil
}

// matches reports whether a label begins with a name, letters being equal in both
// cases.
func matches(label, name string) bool {
	return len(name) > 0 && len(name) <= len(label) && strings.EqualFold(label[:len(name)], name)
}
