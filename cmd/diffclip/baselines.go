package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"diffclip/internal/baseline"
	"diffclip/internal/cells"
	"diffclip/internal/progress"
	"diffclip/internal/run"
	"diffclip/internal/table"
	"diffclip/rsdata"
)

func declareBaselines(a *app, f *flags) func() error {
	f.purpose = "The accuracy of classical classifiers on the mean spectrum around each sample and,\nwith -from, of DiffCLIP and variants of it. Protocol, shots, window and seed being\nequal, the splits are those of eval -seeds. Prints a Markdown table: mean and\nstandard deviation over seeds, in percent; where it is interrupted, over those that are\ncomplete. A seed whose samples cannot be drawn is left out, and told of. With -from or\n-out, what is finished is kept at once: the same command goes on after an interruption\nor a kill, and more seeds, shots or methods add to what is there.\n\n" +
		strings.Join(baselineLines(), "\n") + "\n\nvariants, which learn from the settings of the run:\n" + strings.Join(variantLines(), "\n")
	f.usage = "-data DIR [-from RUN] [flags]"
	f.example = []string{"-data idtrees2020 -protocol disjoint -shots 2,8,20", "-data idtrees2020 -from runs/idtrees -methods none -shots 2,8,20", "-data idtrees2020 -from runs/idtrees -methods lda -variants probe,lds2ae", "-data synthetic -methods svm,lda -seeds 3 -json"}
	o := baselineOptions{shots: []int{8}, methods: baseline.Methods(), seeds: 10, seed: 1, split: rsdata.DefaultSplit()}
	o.split.Unlabelled = 0
	if err := o.parseVariants(strings.Join(usualVariants, ",")); err != nil {
		panic(err)
	}
	f.group("data and place", func() {
		f.StringVar(&o.data, "data", "", "`folder` or file with the scene, or \"synthetic\"; see diffclip inspect")
		f.StringVar(&o.from, "from", "", "`folder` of a run with stage 1: adds rows for the variants")
		f.StringVar(&o.out, "out", "", "`folder` that keeps what is finished (default that of -from; without either, nothing is kept)")
		f.BoolVar(&o.force, "force", false, "compute what is finished anew")
		f.BoolVar(&o.json, "json", false, "write JSON, with the scores of every seed")
	})
	f.group("rows and columns", func() {
		f.Func("variants", "`names`, separated by commas, or all (default "+strings.Join(usualVariants, ",")+"); some train a stage 1 of their own first", o.parseVariants)
		f.Func("methods", "`names`, separated by commas, or none (default all)", o.parseMethods)
		f.Func("shots", "`numbers` of training samples per class, separated by commas, 0 for all that may train (default 8)", o.parseShots)
	})
	f.group("draws", func() {
		f.Func("protocol", "`name` of the way to divide labelled samples: official, random or disjoint (default random)", o.parseProtocol)
		count(f, "seeds", "`number` of draws of the samples (default 10)", &o.seeds)
		f.Uint64Var(&o.seed, "seed", o.seed, "`number` of the first draw; the others follow it")
		count(f, "window", fmt.Sprintf("side of the windows, in `pixels`, that the split keeps apart (default that of -from, else %d)", o.split.Window), &o.split.Window)
		f.IntVar(&o.split.PerClassTest, "max-test", 0, "largest `number` of test samples per class, 0 for all")
		f.IntVar(&o.split.Block, "block", 0, blockUsage)
		f.IntVar(&o.split.Guard, "guard", 0, guardUsage)
	})
	o.computer.declare(f)
	return func() error {
		if f.given("variants") && o.from == "" {
			return misuse("-variants train by the settings of a run: name one with -from")
		}
		o.windowGiven = f.given("window")
		o.goOn = goOn(f)
		return baselines(a, &o)
	}
}

// baselineLines describes the methods: those that see plain bands, then the names of the same on components.
func baselineLines() []string {
	var lines []string
	others := map[string][]string{}
	for _, m := range baseline.Methods() {
		if _, on, projected := strings.Cut(m.Name, "-"); projected {
			others[on] = append(others[on], m.Name)
			continue
		}
		lines = append(lines, item(m.Name, m.Summary))
	}
	for _, on := range []struct{ suffix, what string }{{"pca", "whitened principal components"}, {"mnf", "minimum noise fractions"}} {
		lines = append(lines, fmt.Sprintf("  the same on %d %s: %s", baseline.Components, on.what, strings.Join(others[on.suffix], ", ")))
	}
	return lines
}

type baselineOptions struct {
	computer
	data     string
	from     string
	methods  []baseline.Method
	variants []run.Variant
	shots    []int
	seeds    int
	seed     uint64
	split    rsdata.SplitConfig
	json     bool
	out      string // keeps what is finished
	force    bool
	goOn     string // the command line that goes on after an interruption

	windowGiven bool // else the window is that of the run
}

// next says what to do after an interruption.
func (o *baselineOptions) next(f *finished) string {
	if f.keeps() {
		return "go on with: " + o.goOn
	}
	return "with -out FOLDER what is finished is kept"
}

func (o *baselineOptions) parseMethods(value string) error {
	o.methods = nil
	if value == "none" {
		return nil
	}
	for _, name := range strings.Split(value, ",") {
		m, err := baseline.FindMethod(name)
		if err != nil {
			return err
		}
		o.methods = append(o.methods, m)
	}
	return nil
}

func (o *baselineOptions) parseVariants(value string) error {
	o.variants = nil
	if value == "all" {
		o.variants = run.Variants()
		return nil
	}
	for _, name := range strings.Split(value, ",") {
		v, err := run.FindVariant(name)
		if err != nil {
			return err
		}
		o.variants = append(o.variants, v)
	}
	return nil
}

func (o *baselineOptions) parseProtocol(value string) error {
	o.split.Protocol = rsdata.Protocol(value)
	if !slices.Contains([]rsdata.Protocol{rsdata.Official, rsdata.Random, rsdata.Disjoint}, o.split.Protocol) {
		return errors.New("want official, random or disjoint")
	}
	return nil
}

func (o *baselineOptions) parseShots(value string) error {
	o.shots = nil
	for _, s := range strings.Split(value, ",") {
		n, err := strconv.Atoi(s)
		if err != nil || n < 0 {
			return errors.New("want whole numbers from 0, such as 2,8,20")
		}
		o.shots = append(o.shots, n)
	}
	return nil
}

// baselineResult is one method at one number of shots.
type baselineResult struct {
	Method  string               `json:"method"`
	Shots   int                  `json:"shots"`
	Seeds   []uint64             `json:"seeds"`
	Scores  []rsdata.Scores      `json:"scores"` // of each seed
	Summary rsdata.ScoresSummary `json:"summary"`
}

// add takes in the outcome of a seed.
func (r *baselineResult) add(seed uint64, c *rsdata.Confusion) {
	r.Seeds = append(r.Seeds, seed)
	r.Scores = append(r.Scores, c.Scores())
	r.Summary = rsdata.SummariseScores(r.Scores)
}

func baselines(a *app, o *baselineOptions) error {
	switch {
	case o.data == "":
		return misuse("-data is missing: name a folder or file, or %q for the embedded scene", run.Synthetic)
	case o.split.Window < 1 || o.split.Window%2 == 0 || min(o.split.PerClassTest, o.split.Block, o.split.Guard) < 0:
		return misuse("window %d, largest number of test samples %d, block %d, guard %d: want an odd window from 1, and of each of the others a number from 0", o.split.Window, o.split.PerClassTest, o.split.Block, o.split.Guard)
	}
	if len(o.methods) == 0 && o.from == "" {
		return misuse("no methods and no run: name at least one of -methods and -from")
	}
	d, err := run.OpenData(o.data)
	if err != nil {
		return err
	}
	if d.Whole && len(o.methods) > 0 {
		return fmt.Errorf("%s: its samples are pictures, and the classical methods see single pixels: say -methods none, with -from", o.data)
	}
	if n := len(d.Classes); n < 2 {
		return fmt.Errorf("%s: labels of %d classes, and comparing takes at least 2: see `diffclip inspect`, or list label files in a scene.json", o.data, n)
	}
	results, err := evaluateBaselines(a, d, o)
	if err != nil && len(results) == 0 {
		return err
	}
	if o.json {
		return errors.Join(err, json.NewEncoder(a.stdout).Encode(map[string]any{"data": o.data, "split": drawing{SplitConfig: o.split}, "results": results}))
	}
	return errors.Join(err, printBaselines(a, results, o.shots))
}

// drawing is what the splits of all results have in common: shots and seeds are those of each result, and none here.
type drawing struct {
	rsdata.SplitConfig
	Shots *int    `json:"shots,omitempty"`
	Seed  *uint64 `json:"seed,omitempty"`
}

// evaluateBaselines returns the results by method, then by shots. A split is drawn once for all methods. Where it is
// interrupted the results are those of the seeds that are complete, where seeds cannot be drawn those of the others.
func evaluateBaselines(a *app, d *rsdata.Dataset, o *baselineOptions) ([]baselineResult, error) {
	net, err := openLearned(a, o)
	if err != nil {
		return nil, err
	}
	kept := finishedIn(a, cmp.Or(o.out, o.from), o.force, d)
	rows := o.rows(a, d, kept.fingerprint, net)
	if err := o.tellFinished(kept, rows); err != nil {
		return nil, err
	}
	results := make([]baselineResult, len(rows)*len(o.shots))
	bar := progress.New(a.stderr, "baselines", o.seeds*len(results))
	defer bar.Close()
	done, drawn := 0, 0
	var lost undrawn
	for i := range o.seeds {
		seed := o.seed + uint64(i)
		splits, err := o.draw(d, seed)
		if err != nil {
			lost.add(seed, err)
			done += len(results)
			continue
		}
		if drawn == 0 && !d.Whole {
			o.tellOverlap(a, splits)
		}
		confusions := make([]*rsdata.Confusion, len(results))
		for s, shots := range o.shots {
			for m, row := range rows {
				at, split := m*len(o.shots)+s, splits[s]
				id, err := row.cell(split.Config)
				if err != nil {
					return nil, err
				}
				c, there, err := kept.test(id, split, func() (*rsdata.Confusion, error) { return row.test(split) })
				if err != nil {
					if drawn == 0 {
						results = nil
					}
					return results, stopped(err, drawn, o.seeds, o.next(kept))
				}
				results[at].Method, results[at].Shots, confusions[at] = row.name, shots, c
				if done++; there {
					bar.Resume(done)
				} else {
					bar.Step(done, row.name)
				}
			}
		}
		for at := range results {
			results[at].add(seed, confusions[at])
		}
		drawn++
	}
	if drawn == 0 {
		return nil, lost.err(o.seeds)
	}
	bar.Done(run.Count(drawn, "seed"))
	return results, lost.err(o.seeds)
}

// tableRow is a method of the table.
type tableRow struct {
	name string
	cell func(rsdata.SplitConfig) (cells.Identity, error)     // of its confusion on a split
	test func(split *rsdata.Split) (*rsdata.Confusion, error) // on that
}

// rows lists the methods of the table on data of a fingerprint.
func (o *baselineOptions) rows(a *app, d *rsdata.Dataset, fingerprint string, net *learned) []tableRow {
	var rows []tableRow
	evaluator := baseline.NewEvaluator(d)
	for _, m := range o.methods {
		rows = append(rows, tableRow{m.Name,
			func(split rsdata.SplitConfig) (cells.Identity, error) {
				return run.ClassicalCell(m.Name, fingerprint, split)
			},
			func(split *rsdata.Split) (*rsdata.Confusion, error) {
				return evaluator.Evaluate(a.ctx, split, m, split.Config.Seed)
			}})
	}
	if net == nil {
		return rows
	}
	for _, v := range o.variants {
		rows = append(rows, tableRow{v.Title,
			func(split rsdata.SplitConfig) (cells.Identity, error) { return net.cell(v, fingerprint, split) },
			func(split *rsdata.Split) (*rsdata.Confusion, error) { return net.evaluate(a, v, split) }})
	}
	return rows
}

// tellFinished says how much of the table was there already.
func (o *baselineOptions) tellFinished(f *finished, rows []tableRow) error {
	return f.tell(o.seeds*len(rows)*len(o.shots), "result", func(i int) (cells.Identity, error) {
		return rows[i%len(rows)].cell(o.splitOf(o.seed+uint64(i/len(rows)/len(o.shots)), o.shots[i/len(rows)%len(o.shots)]))
	})
}

// splitOf is the split of a seed for a number of shots.
func (o *baselineOptions) splitOf(seed uint64, shots int) rsdata.SplitConfig {
	cfg := o.split
	cfg.Seed, cfg.Shots = seed, shots
	return cfg
}

// draw draws the samples of a seed for every number of shots.
func (o *baselineOptions) draw(d *rsdata.Dataset, seed uint64) ([]*rsdata.Split, error) {
	var splits []*rsdata.Split
	for _, shots := range o.shots {
		split, err := d.Split(o.splitOf(seed, shots))
		if err != nil {
			return nil, err
		}
		splits = append(splits, split)
	}
	return splits, nil
}

// tellOverlap says of each number of shots how far training and test windows share pixels.
func (o *baselineOptions) tellOverlap(a *app, splits []*rsdata.Split) {
	for i, shots := range o.shots {
		s := splits[i]
		fmt.Fprintf(a.stderr, "%d shots: %d of %d test windows share a pixel with a training window (seed %d)\n", shots, s.OverlapTrainTest, len(s.Test), s.Config.Seed)
	}
}

// printBaselines writes a Markdown table: a row for each method, a column for each number of shots.
func printBaselines(a *app, results []baselineResult, shots []int) error {
	head := []string{""}
	names, _ := results[0].Summary.Columns()
	for _, n := range shots {
		head = append(head, fmt.Sprintf("%d shots: %s", n, strings.Join(names, " / ")))
	}
	rows := [][]string{head}
	for results := range slices.Chunk(results, len(shots)) {
		row := []string{results[0].Method}
		for _, r := range results {
			_, values := r.Summary.Columns()
			var parts []string
			for _, v := range values {
				parts = append(parts, v.Percent())
			}
			row = append(row, strings.Join(parts, " / "))
		}
		rows = append(rows, row)
	}
	return table.WriteMarkdown(a.stdout, rows)
}
