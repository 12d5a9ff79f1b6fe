package docs_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"strconv"

	"diffclip/rsdata"
)

// raw reads the raw files behind the pages' numbers, each once.
type raw struct {
	scored     map[string]*scoreFile
	printed    map[string]*printedFile
	peers      map[string]*peerFile
	reproduced map[string][][]string
}

func newRaw() *raw {
	return &raw{map[string]*scoreFile{}, map[string]*printedFile{}, map[string]*peerFile{}, map[string][][]string{}}
}

// used tells whether a file was asked for.
func (r *raw) used(name string) bool {
	return r.scored[name] != nil || r.printed[name] != nil || r.peers[name] != nil || r.reproduced[name] != nil
}

// scoreFile is what diffclip baselines or diffclip eval prints with -json. What no
// page uses is left out of the files here, to keep the repository small:
// scores of classes, summaries.
type scoreFile struct {
	Data    string          `json:"data,omitempty"`
	Split   json.RawMessage `json:"split,omitempty"`
	Results []scoreRow      `json:"results"`
}

// scoreRow is a method with its scores, one for each seed. Those of diffclip eval have no name.
type scoreRow struct {
	Method string      `json:"method,omitempty"`
	Shots  int         `json:"shots,omitempty"`
	Seeds  []uint64    `json:"seeds"`
	Scores []seedScore `json:"scores"`
}

type seedScore struct {
	Samples int     `json:"samples"`
	OA      float64 `json:"oa"`
	AA      float64 `json:"aa"`
	Kappa   float64 `json:"kappa"`
}

// column returns a figure of merit of every seed.
func (r *scoreRow) column(value func(seedScore) float64) []float64 {
	out := make([]float64, len(r.Scores))
	for i, s := range r.Scores {
		out[i] = value(s)
	}
	return out
}

// oa returns the overall accuracies of all seeds.
func (r *scoreRow) oa() []float64 { return r.column(func(s seedScore) float64 { return s.OA }) }

// summary returns OA, AA and kappa as the tables print them.
func (r *scoreRow) summary() (parts []string) {
	for _, value := range []func(seedScore) float64{
		func(s seedScore) float64 { return s.OA },
		func(s seedScore) float64 { return s.AA },
		func(s seedScore) float64 { return s.Kappa },
	} {
		parts = append(parts, rsdata.Summarise(r.column(value)).Percent())
	}
	return parts
}

// find returns the result of a method at a number of shots.
func (f *scoreFile) find(method string, shots int) (*scoreRow, error) {
	for i, r := range f.Results {
		if r.Method == method && r.Shots == shots {
			return &f.Results[i], nil
		}
	}
	return nil, fmt.Errorf("no result of %q at %d shots", method, shots)
}

// scores reads a file of scores and checks that it is whole.
func (r *raw) scores(name string) (*scoreFile, error) {
	if f := r.scored[name]; f != nil {
		return f, nil
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	var f struct {
		scoreFile
		scoreRow // of diffclip eval
	}
	if err := json.Unmarshal(text, &f); err != nil {
		return nil, fmt.Errorf("%s: %w: expected what diffclip baselines or eval prints with -json", name, err)
	}
	if len(f.Results) == 0 {
		f.Results = []scoreRow{f.scoreRow}
	}
	for _, row := range f.Results {
		if len(row.Scores) < 2 || len(row.Scores) != len(row.Seeds) {
			return nil, fmt.Errorf("%s: %s, %d shots: %d scores of %d seeds: expected two or more, one for each seed", name, row.Method, row.Shots, len(row.Scores), len(row.Seeds))
		}
	}
	r.scored[name] = &f.scoreFile
	return &f.scoreFile, nil
}

// text returns the file with what is used of it, a score to a line.
func (f *scoreFile) text() ([]byte, error) {
	b, err := json.Marshal(f)
	return append(bytes.ReplaceAll(b, []byte(`{"samples"`), []byte("\n"+`{"samples"`)), '\n'), err
}

// origin says where the numbers of a file come from.
type origin struct {
	Command string `json:"command"`
	Date    string `json:"date"`
	Machine string `json:"machine"`
	Note    string `json:"note"`
}

func (o origin) check(name string) error {
	if o.Command == "" || o.Date == "" || o.Machine == "" {
		return fmt.Errorf("%s: expected a command, a date and a machine", name)
	}
	return nil
}

// printedFile is a table as it was printed, where nothing else was kept.
type printedFile struct {
	origin
	Columns []string   `json:"columns"`
	Rows    [][]string `json:"rows"`
}

func (r *raw) asPrinted(name string) (*printedFile, error) {
	if f := r.printed[name]; f != nil {
		return f, nil
	}
	f := &printedFile{}
	if err := readStrictly(name, f); err != nil {
		return nil, err
	}
	for i, row := range f.Rows {
		if len(row) != len(f.Columns) {
			return nil, fmt.Errorf("%s: row %d has %d cells, the header %d", name, i+1, len(row), len(f.Columns))
		}
	}
	r.printed[name] = f
	return f, f.check(name)
}

// peerFile is what bench/peers/run.py writes with --json: this engine and PyTorch by turns.
type peerFile struct {
	origin
	Rows []peerRow `json:"rows"`
}

type peerRow struct {
	Workload  string  `json:"workload"`
	Threads   int     `json:"threads"`
	Batch     int     `json:"batch"`
	Contender string  `json:"contender"`
	Windows   float64 `json:"windows_per_s"` // median over rounds
	Best      float64 `json:"best"`          // the same, of the best step
	GFLOPs    float64 `json:"gflops"`        // of the plain network, a second
	Peak      float64 `json:"peak_mib"`
	Time      float64 `json:"time"` // of a window, this engine's being 1
}

func (r *raw) peersOf(name string) (*peerFile, error) {
	if f := r.peers[name]; f != nil {
		return f, nil
	}
	f := &peerFile{}
	if err := readStrictly(name, f); err != nil {
		return nil, err
	}
	r.peers[name] = f
	return f, f.check(name)
}

// find returns the row of one contender.
func (f *peerFile) find(workload string, threads int, contender string) (peerRow, error) {
	for _, r := range f.Rows {
		if r.Workload == workload && r.Threads == threads && r.Contender == contender {
			return r, nil
		}
	}
	return peerRow{}, fmt.Errorf("no row of %s, %d threads, %s", workload, threads, contender)
}

// readStrictly decodes a file in which every field must be known.
func readStrictly(name string, to any) error {
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(to); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// reproducedTable reads the CSV that diffclip reproduce writes and returns a row for
// each method, after a header: mean and deviation of each figure of merit, in percent.
// Lines that hold the paper's numbers alone are left out.
func (r *raw) reproducedTable(name string) ([][]string, error) {
	if rows := r.reproduced[name]; rows != nil {
		return rows, nil
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	lines, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	at := map[string]int{}
	for i, column := range lines[0] {
		at[column] = i
	}
	rows := [][]string{{"method"}}
	for _, line := range lines[1:] {
		cell := func(column string) string { return line[at[column]] }
		if cell("mean") == "" {
			continue
		}
		if cell("quick") != "false" {
			return nil, fmt.Errorf("%s: of a quick run: expected one in earnest", name)
		}
		mean, err := strconv.ParseFloat(cell("mean"), 64)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		std, err := strconv.ParseFloat(cell("std"), 64)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if last := rows[len(rows)-1]; last[0] != cell("method") || len(rows) == 1 {
			rows = append(rows, []string{cell("method")})
		}
		if len(rows) == 2 {
			rows[0] = append(rows[0], cell("metric"))
		}
		rows[len(rows)-1] = append(rows[len(rows)-1], fmt.Sprintf("%.1f ± %.1f", mean, std))
	}
	r.reproduced[name] = rows
	return rows, nil
}
