package reproduce

import (
	"fmt"
	"strings"

	"diffclip/internal/figure"
	"diffclip/internal/run"
)

// Study is one table or figure of the paper.
type Study struct {
	Name    string   // on the command line
	Title   string   // "Table 1: few-shot accuracy"
	About   []string // what the paper shows, and how it is done here; paragraphs
	Caution []string // what cannot be compared, and why
	Metrics []string // figures of merit, in the order of the columns; the first one is tested and drawn
	// Reference is the method that the others of a setting are tested against,
	// "" for no tests.
	Reference string
	// Mean adds a panel with means over scenes, nil for none.
	Mean *meanOver
	// Exams says that samples are knee exams, not places of a scene.
	Exams bool
	// Maps keeps the classified scene of the first seed.
	Maps bool
	// Plane keeps where t-SNE puts the features of the first seed.
	Plane bool
	// Arms lists what is compared; quick wants a selection that takes a minute.
	Arms func(quick bool) []Arm
	// Charts draws a panel, nil for nothing.
	Charts func(p *Panel) []figure.Figure
}

// meanOver is what a panel of means is taken over, and what the paper calls it.
type meanOver struct {
	data   string   // in the paper's tables
	name   string   // for people
	labels []string // of the scenes
}

// overScenes is the paper's "on three datasets".
var overScenes = &meanOver{data: "mean", name: "Mean of the paper's three scenes", labels: []string{"Houston", "MUUFL", "Trento"}}

// FindScenes finds what the study runs on: see FindScenes for scenes; for exams it
// is MRNet, or made-up exams where there is none.
func (s *Study) FindScenes(dir string, only []string) (*Scenes, error) {
	if s.Exams {
		return findExams(dir, only)
	}
	return FindScenes(dir, only)
}

// Arm is one row of a study: a method in a setting.
type Arm struct {
	Setting string            // "2-shot"; "" where the study has one alone
	Method  string            // the name of the row
	Paper   string            // the paper's name for it, "" for Method
	X       float64           // what a sweep varies
	Train   trainer           // how it learns
	Change  func(*run.Config) // what it changes of the configuration, nil for nothing
}

// printedAs is the paper's name for the arm's method.
func (a *Arm) printedAs() string {
	if a.Paper != "" {
		return a.Paper
	}
	return a.Method
}

// sceneMetrics are the figures of merit for scenes, in the paper's order.
var sceneMetrics = []string{"OA", "AA", "kappa"}

// studies lists every study, in the order of the paper.
var studies = []*Study{&table1, &table2, &table3, &table4, &table5, &table6, &figure3, &figure4, &figure5}

// Studies lists every study, in the order of the paper.
func Studies() []*Study { return studies }

// Find returns the study of a name; the error lists all names.
func Find(name string) (*Study, error) {
	for _, s := range studies {
		if s.Name == name {
			return s, nil
		}
	}
	return nil, fmt.Errorf("no table or figure is called %q: want %s", name, strings.Join(Names(), ", "))
}

// Names lists the names of the studies.
func Names() []string {
	var names []string
	for _, s := range studies {
		names = append(names, s.Name)
	}
	return names
}

// shots returns a change that sets the training samples per class.
func shots(n int) func(*run.Config) {
	return func(c *run.Config) { c.Split.Shots = n }
}

// with makes one change of several, of which some may be nil.
func with(changes ...func(*run.Config)) func(*run.Config) {
	return func(c *run.Config) {
		for _, change := range changes {
			if change != nil {
				change(c)
			}
		}
	}
}
