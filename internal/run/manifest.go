package run

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"diffclip/rsdata"
)

// manifestFormat is the version of run.json.
const manifestFormat = 1

// Manifest is run.json.
type Manifest struct {
	Format      int                `json:"format"`
	Config      Config             `json:"config"`
	Data        DataFacts          `json:"data"`
	Split       SplitFacts         `json:"split"`
	Environment Environment        `json:"environment"`
	Parameters  map[string]int     `json:"parameters,omitempty"` // trained values, by stage
	Seconds     map[string]float64 `json:"seconds,omitempty"`    // wall-clock time, by phase
}

// DataFacts says what the data were, so that a run cannot be taken up with
// others unnoticed.
type DataFacts struct {
	Name       string            `json:"name"`
	Modalities []rsdata.Modality `json:"modalities"`
	Levels     []Level           `json:"levels,omitempty"` // of the modalities; nil in runs that were begun before levels were kept
	Classes    []string          `json:"classes"`
	Scenes     []SceneFacts      `json:"scenes"`
	Notes      []string          `json:"notes,omitempty"`
}

// SceneFacts is one scene's name and size.
type SceneFacts struct {
	Name string `json:"name"`
	H    int    `json:"height"`
	W    int    `json:"width"`
}

// SplitFacts counts a split's samples, with the windows that stage 1 has learned from;
// split.json lists them. Overlap is how many
// test windows share a pixel with a training window.
type SplitFacts struct {
	Train      int    `json:"train"`
	Validation int    `json:"validation"`
	Test       int    `json:"test"`
	Unlabelled int    `json:"unlabelled"`
	Overlap    int    `json:"overlap_train_test"`
	Hash       string `json:"hash"` // of the training and test samples
}

// NewManifest describes an experiment.
func NewManifest(x *Experiment) *Manifest {
	m := &Manifest{Format: manifestFormat, Config: x.Config, Environment: CurrentEnvironment(),
		Parameters: map[string]int{}, Seconds: map[string]float64{}}
	m.Environment.Threads, m.Environment.Device = x.threads(), x.Backend.Name()
	m.Data = x.dataFacts()
	m.Split = x.splitFacts()
	return m
}

func (x *Experiment) dataFacts() DataFacts {
	facts := DataFacts{Name: x.Data.Name, Modalities: x.Data.Modalities, Levels: levelsOf(x.Data), Classes: x.ClassNames(), Notes: slices.Concat(x.Data.Notes, x.Scaling.Notes())}
	for _, s := range x.Data.Scenes {
		facts.Scenes = append(facts.Scenes, SceneFacts{s.Name, s.H, s.W})
	}
	return facts
}

func (x *Experiment) splitFacts() SplitFacts {
	s := x.Split
	return SplitFacts{len(s.Train), len(s.Validation), len(s.Test), len(s.Unlabelled), s.OverlapTrainTest, samplesHash(s)}
}

// samplesHash tells splits apart by the samples that train and those that test.
func samplesHash(s *rsdata.Split) string {
	return fmt.Sprintf("%016x-%016x", rsdata.HashSamples(s.Train), rsdata.HashSamples(s.Test))
}

func (x *Experiment) threads() int {
	if b, ok := x.Backend.(interface{ Threads() int }); ok {
		return b.Threads()
	}
	return 0
}

// Same returns an error unless the experiment's data, their scaling and the split are
// those of the manifest.
func (m *Manifest) Same(x *Experiment) error {
	if began, asked := m.Config.Scaling, x.Config.Scaling; began != asked {
		return fmt.Errorf("the run began with %s and keeps its inputs as they are: %s is for another run, in a folder of its own", scalingFlags(began), scalingFlags(asked))
	}
	now := x.splitFacts()
	if now.Hash != m.Split.Hash {
		if began, asked := drawFlags(m.Config.Split), drawFlags(x.Config.Split); began != asked {
			return fmt.Errorf("the run began with %s and keeps these samples: %s is for another run, in a folder of its own", began, asked)
		}
		return fmt.Errorf("%s: the run was made with %d training and %d test samples of %q, and these files give another split of %d and %d: they have changed, or are others; give the right ones with -data",
			x.Config.Data, m.Split.Train, m.Split.Test, m.Data.Name, now.Train, now.Test)
	}
	for i, l := range levelsOf(x.Data) {
		if i < len(m.Data.Levels) && !l.same(m.Data.Levels[i]) {
			return fmt.Errorf("%s: the run was made with %s of mean %.6g and deviation %.6g, and these files have %.6g and %.6g: their values have changed, or are others; give the right ones with -data, or train anew in another folder",
				x.Config.Data, x.Data.Modalities[i].Name, m.Data.Levels[i].Mean, m.Data.Levels[i].Deviation, l.Mean, l.Deviation)
		}
	}
	return nil
}

// scalingFlags are the flags that decide how values are scaled.
func scalingFlags(c rsdata.ScalingConfig) string {
	return fmt.Sprintf("-scaling %s -pca %d -mnf %d -drop-water %s", c.Method, c.PCA, c.MNF, switched[c.DropWater])
}

// drawFlags are the flags that decide which samples train and test.
func drawFlags(c rsdata.SplitConfig) string {
	return fmt.Sprintf("-protocol %s -block %d -guard %d -shots %d -max-test %d -seed %d", c.Protocol, c.Block, c.Guard, c.Shots, c.PerClassTest, c.Seed)
}

// Relabelled reports whether the run began without labels enough for stage 2, and the experiment, of the same rasters
// scaled as before, has them.
func (m *Manifest) Relabelled(x *Experiment) bool {
	now := x.dataFacts()
	return m.Split.Train == 0 && m.Split.Test == 0 && x.NoTest == nil && m.Config.Scaling == x.Config.Scaling && slices.Equal(m.Data.sizes(), now.sizes()) &&
		(m.Data.Levels == nil || slices.EqualFunc(m.Data.Levels, now.Levels, Level.same))
}

// sizes lists the bands of the modalities, and the rows and columns of the scenes.
func (d *DataFacts) sizes() []int {
	var out []int
	for _, m := range d.Modalities {
		out = append(out, m.Bands)
	}
	for _, s := range d.Scenes {
		out = append(out, s.H, s.W)
	}
	return out
}

// Open reads the manifest of an existing run.
func Open(dir string) (Folder, *Manifest, error) {
	f := Folder{dir}
	info, err := os.Stat(dir)
	switch {
	case err != nil:
		return f, nil, fmt.Errorf("no run: %w", err)
	case !info.IsDir():
		return f, nil, fmt.Errorf("%s is a file: want the folder of a run", dir)
	}
	m := &Manifest{}
	err = readJSON(f.Path(manifestFile), maxManifest, m)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return f, nil, fmt.Errorf("%s holds no run: it has no %s", dir, manifestFile)
	case err != nil:
		return f, nil, err
	case m.Format != manifestFormat:
		return f, nil, fmt.Errorf("%s: another version of diffclip wrote it (format %d, this one reads %d): use that version, or train anew in another folder", f.Path(manifestFile), m.Format, manifestFormat)
	}
	if err := m.Config.Check(); err != nil {
		return f, nil, fmt.Errorf("%s: %w", f.Path(manifestFile), err)
	}
	if m.Seconds == nil {
		m.Seconds = map[string]float64{}
	}
	if m.Parameters == nil {
		m.Parameters = map[string]int{}
	}
	return f, m, nil
}

// SaveManifest writes run.json.
func (f Folder) SaveManifest(m *Manifest) error { return f.WriteJSON(manifestFile, m) }
