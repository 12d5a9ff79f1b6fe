package rsdata

import (
	"fmt"
	"iter"

	"diffclip/internal/rng"
)

// Protocol says how labelled samples are divided into training, validation and test.
type Protocol string

// The protocols.
const (
	// Official takes training samples from the scene's own training map and tests on its own test map.
	Official Protocol = "official"
	// Random draws training samples per class at random from all labelled ones, as the paper does. Test windows
	// overlap training windows then, which flatters the result; Split.OverlapTrainTest says by how much.
	Random Protocol = "random"
	// Disjoint keeps whole scenes, or blocks of a single scene, apart and drops test windows near training windows.
	Disjoint Protocol = "disjoint"
)

// SplitConfig is everything a split depends on beside the dataset.
type SplitConfig struct {
	Protocol           Protocol `json:"protocol"`
	Shots              int      `json:"shots"`                // training samples per class, 0 for all that may train
	PerClassValidation int      `json:"per_class_validation"` // validation samples per class, never in test
	PerClassTest       int      `json:"per_class_test"`       // test samples per class at most, 0 for all
	Unlabelled         int      `json:"unlabelled"`           // windows for unsupervised training, -1 for every pixel
	Inductive          bool     `json:"inductive"`            // keep unlabelled windows clear of every test window
	Seed               uint64   `json:"seed"`
	Window             int      `json:"window"`      // side of a window in pixels, odd
	Block              int      `json:"block"`       // disjoint, single scene: about the side of a block in pixels, 0 for 2*Window
	Guard              int      `json:"guard"`       // disjoint: pixels kept free between a training and a test window
	TrainShare         float64  `json:"train_share"` // disjoint: share of the scenes or blocks that may train
}

// DefaultSplit returns the paper's protocol with 8 shots and no validation.
func DefaultSplit() SplitConfig {
	return SplitConfig{Protocol: Random, Shots: 8, Unlabelled: 700, Window: 11, TrainShare: 0.5}
}

// Split is a division of a dataset's samples. Every list is in the order of class, then of the random draw, so that,
// without validation, the first k training samples of a class for n > k shots are those for k shots.
type Split struct {
	Train, Validation, Test []Sample
	Unlabelled              []Pixel
	OverlapTrainTest        int // test windows that share at least one pixel with a training window
	Config                  SplitConfig
}

// Split divides the labelled samples by a protocol. The result depends on the dataset and cfg alone. Errors name the
// class that is missing or has too few samples, what it has, what it needs, and what to do; and what Validate finds
// wrong with the labels.
func (d *Dataset) Split(cfg SplitConfig) (*Split, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	if err := d.eachScene(d.validateLabels); err != nil {
		return nil, err
	}
	var (
		p   pools
		err error
	)
	switch cfg.Protocol {
	case Official:
		p, err = d.officialPools(cfg)
	case Random:
		p = randomPools(d.byClass(d.labelled()), cfg)
	case Disjoint:
		p, err = d.disjointPools(cfg)
	}
	if err != nil {
		return nil, fmt.Errorf("dataset %q, protocol %s: %w", d.Name, cfg.Protocol, err)
	}
	s := &Split{Config: cfg}
	for k := range d.Classes {
		if err := d.draw(s, k, &p); err != nil {
			return nil, fmt.Errorf("dataset %q, protocol %s: %w", d.Name, cfg.Protocol, err)
		}
	}
	if cfg.Protocol == Disjoint {
		if err := d.applyGuard(s); err != nil {
			return nil, fmt.Errorf("dataset %q, protocol %s: %w", d.Name, cfg.Protocol, err)
		}
	}
	if err := d.dropSameObjects(s); err != nil {
		return nil, fmt.Errorf("dataset %q, protocol %s: %w", d.Name, cfg.Protocol, err)
	}
	s.Test = limitPerClass(s.Test, cfg.PerClassTest)
	near := d.near(Pixels(nil, s.Train), cfg.Window-1)
	for _, t := range s.Test {
		if near.at(t.Pixel) {
			s.OverlapTrainTest++
		}
	}
	if s.Unlabelled, err = d.unlabelled(s); err != nil {
		return nil, fmt.Errorf("dataset %q, protocol %s: %w", d.Name, cfg.Protocol, err)
	}
	return s, nil
}

// SplitUnlabelled draws the windows for unsupervised training alone, from all pixels: for data without labels, or with
// too few of them for Split. Labels are not looked at.
func (d *Dataset) SplitUnlabelled(cfg SplitConfig) (*Split, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	s := &Split{Config: cfg}
	var err error
	s.Unlabelled, err = d.unlabelled(s)
	return s, err
}

func (c *SplitConfig) check() error {
	switch {
	case c.Protocol != Official && c.Protocol != Random && c.Protocol != Disjoint:
		return fmt.Errorf("split: unknown protocol %q, want %s, %s or %s", c.Protocol, Official, Random, Disjoint)
	case c.Shots < 0 || c.PerClassValidation < 0 || c.PerClassTest < 0 || c.Unlabelled < -1 || c.Block < 0 || c.Guard < 0:
		return fmt.Errorf("split: a negative number among shots %d, per-class validation %d, per-class test %d, unlabelled %d, block %d, guard %d",
			c.Shots, c.PerClassValidation, c.PerClassTest, c.Unlabelled, c.Block, c.Guard)
	case c.Window < 1 || c.Window%2 == 0:
		return fmt.Errorf("split: window %d, want an odd number of pixels from 1", c.Window)
	case c.Protocol == Random && c.Shots == 0:
		return fmt.Errorf("split: 0 shots means all samples that may train, which leaves none to test under protocol %s: give a number of shots", Random)
	case c.Protocol != Disjoint && c.Block+c.Guard > 0:
		return fmt.Errorf("split: a block of %d and a guard of %d pixels are for protocol %s, not for %s: leave them out", c.Block, c.Guard, Disjoint, c.Protocol)
	case c.Protocol == Disjoint && !(c.TrainShare > 0 && c.TrainShare < 1):
		return fmt.Errorf("split: train share %v, want a number between 0 and 1", c.TrainShare)
	}
	return nil
}

// pools holds, per class, the samples that may train or validate and those that may test, in random order. Where
// shared is set they are the same samples, and what is drawn for training and validation does not test.
type pools struct {
	train, test [][]Sample
	shared      bool
}

// draw moves the samples of class index k from the pools to s.
func (d *Dataset) draw(s *Split, k int, p *pools) error {
	cfg, pool := s.Config, p.train[k]
	shots := cfg.Shots
	if shots == 0 {
		shots = max(1, len(pool)-cfg.PerClassValidation)
	}
	need := shots + cfg.PerClassValidation
	spare := ""
	if p.shared {
		need++
		spare = " + 1 test"
	}
	if len(pool) < need {
		if len(pool) == 0 && len(p.test[k]) == 0 {
			return fmt.Errorf("class %d (%s) has no labelled sample: leave it out by ?min=1 after the path of the data, or check the label file",
				k+1, d.Classes[k].Name)
		}
		return fmt.Errorf("class %d (%s) has %d samples to draw from, needs %d training + %d validation%s: ask for fewer shots, or leave out classes with few labels by ?min=%d after the path of the data",
			k+1, d.Classes[k].Name, len(pool), shots, cfg.PerClassValidation, spare, need)
	}
	s.Train = append(s.Train, pool[:shots]...)
	s.Validation = append(s.Validation, pool[shots:shots+cfg.PerClassValidation]...)
	rest := p.test[k]
	if p.shared {
		rest = pool[shots+cfg.PerClassValidation:]
	}
	if len(rest) == 0 {
		return fmt.Errorf("class %d (%s) has no sample to test on: choose another protocol, or leave out classes with few labels by ?min=N after the path of the data",
			k+1, d.Classes[k].Name)
	}
	s.Test = append(s.Test, rest...)
	return nil
}

// dropSameObjects drops the test samples that show an object which trains or validates: a tree whose crown was drawn
// in two plots has one identifier.
func (d *Dataset) dropSameObjects(s *Split) error {
	if !d.HasObjects() {
		return nil
	}
	seen := map[string]bool{"": false}
	for _, list := range [][]Sample{s.Train, s.Validation} {
		for _, x := range list {
			if id := d.Scenes[x.Scene].Objects[x.Object].ID; id != "" {
				seen[id] = true
			}
		}
	}
	return d.dropTest(s, func(x Sample) bool { return seen[d.Scenes[x.Scene].Objects[x.Object].ID] },
		"show an object that trains: ask for fewer shots")
}

// dropTest drops the test samples for which near returns true; no class may lose all of them.
func (d *Dataset) dropTest(s *Split, near func(Sample) bool, why string) error {
	var had, left [MaxClasses + 1]int
	kept := s.Test[:0]
	for _, t := range s.Test {
		had[t.Label]++
		if !near(t) {
			left[t.Label]++
			kept = append(kept, t)
		}
	}
	s.Test = kept
	for k, c := range d.Classes {
		if left[k+1] == 0 {
			return fmt.Errorf("class %d (%s): all %d test samples %s, or leave out classes with few labels by ?min=N after the path of the data", k+1, c.Name, had[k+1], why)
		}
	}
	return nil
}

// labelled goes through every labelled sample, in scene and row order: the objects where there are any, else the pixels
// of Labels and, where a scene has none, of Train and Test.
func (d *Dataset) labelled() iter.Seq[Sample] {
	objects := d.HasObjects()
	return func(yield func(Sample) bool) {
		for i, s := range d.Scenes {
			if !objects {
				labels := s.Labels
				if labels == nil {
					labels = unionMaps(s.Train, s.Test)
				}
				for p := range ofMap(i, s.W, labels) {
					if !yield(p) {
						return
					}
				}
				continue
			}
			for j, o := range s.Objects {
				if !yield(Sample{Pixel{int32(i), o.Row, o.Col}, o.Label, int32(j)}) {
					return
				}
			}
		}
	}
}

// ofMap goes through the labelled pixels of a label map of width w.
func ofMap(scene, w int, labels []uint8) iter.Seq[Sample] {
	return func(yield func(Sample) bool) {
		for i, l := range labels {
			if l != 0 && !yield(Sample{Pixel{int32(scene), int32(i / w), int32(i % w)}, l, -1}) {
				return
			}
		}
	}
}

// unionMaps returns the labels of a and, where a has none, of b. Either may be nil.
func unionMaps(a, b []uint8) []uint8 {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	}
	u := append([]uint8(nil), a...)
	for i, l := range b {
		if u[i] == 0 {
			u[i] = l
		}
	}
	return u
}

// byClass sorts samples into one list per class.
func (d *Dataset) byClass(all iter.Seq[Sample]) [][]Sample {
	lists := make([][]Sample, len(d.Classes))
	for s := range all {
		put(lists, s)
	}
	return lists
}

func put(lists [][]Sample, s Sample) { lists[s.Label-1] = append(lists[s.Label-1], s) }

// shuffle puts each class's samples in a random order that depends on the seed, the purpose and the class alone.
func shuffle(lists [][]Sample, seed uint64, purpose string) {
	for k, list := range lists {
		permuteBy(list, rng.New(seed, purpose, uint64(k)))
	}
}

// permuteBy is a Fisher-Yates shuffle that reads one number of the stream per element.
func permuteBy[T any](list []T, s rng.Stream) {
	for i := len(list) - 1; i > 0; i-- {
		j := s.Intn(uint64(i), i+1)
		list[i], list[j] = list[j], list[i]
	}
}

func randomPools(lists [][]Sample, cfg SplitConfig) pools {
	shuffle(lists, cfg.Seed, "split/train")
	return pools{train: lists, test: lists, shared: true}
}

// officialPools takes the files' own maps. Without a test map, every labelled pixel outside the training map tests.
func (d *Dataset) officialPools(cfg SplitConfig) (pools, error) {
	if d.HasObjects() {
		return pools{}, fmt.Errorf("the samples are objects, which maps of pixels do not divide: use protocol %s or %s", Random, Disjoint)
	}
	p := pools{train: make([][]Sample, len(d.Classes)), test: make([][]Sample, len(d.Classes))}
	for i, s := range d.Scenes {
		if s.Train == nil {
			return pools{}, fmt.Errorf("scene %q brings no training map: use protocol %s or %s, or add one", s.Name, Random, Disjoint)
		}
		held := s.Test
		if held == nil {
			if s.Labels == nil {
				return pools{}, fmt.Errorf("scene %q brings a training map but neither a test map nor full labels: add one of them", s.Name)
			}
			held = s.Labels
		}
		for x := range ofMap(i, s.W, s.Train) {
			put(p.train, x)
		}
		for x := range ofMap(i, s.W, held) {
			if s.Train[int(x.Row)*s.W+int(x.Col)] == 0 {
				put(p.test, x)
			}
		}
	}
	shuffle(p.train, cfg.Seed, "split/train")
	shuffle(p.test, cfg.Seed, "split/test")
	return p, nil
}

// limitPerClass keeps the first n samples of each class, all where n is 0. Samples are grouped by class.
func limitPerClass(samples []Sample, n int) []Sample {
	if n == 0 {
		return samples
	}
	var count [MaxClasses + 1]int
	kept := samples[:0]
	for _, s := range samples {
		if count[s.Label]++; count[s.Label] <= n {
			kept = append(kept, s)
		}
	}
	return kept
}
