package docs_test

import (
	"fmt"
	"strconv"
	"strings"
)

// contenders are those of bench/peers/run.py in the words of the pages.
var contenders = map[string]string{
	"diffclip pretrain":           "diffclip",
	"diffclip pretrain-reference": "diffclip, every pixel embedded",
	"diffclip fewshot":            "diffclip",
	"diffclip infer":              "diffclip",
	"diffclip scene":              "diffclip scene",
	"torch plain":                 "PyTorch plain",
	"torch tuned":                 "PyTorch tuned",
	"torch tuned prune":           "PyTorch tuned, pruned",
}

// peersView: a workload at a number of threads, a row for each contender.
func peersView(r *raw, args []string) ([][]string, error) {
	if len(args) != 3 {
		return nil, fmt.Errorf("expected a file, a workload and a number of threads")
	}
	f, err := r.peersOf(args[0])
	if err != nil {
		return nil, err
	}
	threads, err := strconv.Atoi(args[2])
	if err != nil {
		return nil, err
	}
	rows := [][]string{{"", "windows/s", "GFLOP/s of the plain network", "peak memory, MiB", "time"}}
	for _, p := range f.Rows {
		if p.Workload == args[1] && p.Threads == threads {
			rows = append(rows, []string{contenders[p.Contender], fmt.Sprintf("%.1f (%.1f)", p.Windows, p.Best),
				fmt.Sprintf("%.1f", p.GFLOPs), fmt.Sprintf("%.0f", p.Peak), fmt.Sprintf("%.2f", p.Time)})
		}
	}
	return rows, nil
}

const (
	peers64  = "performance/peers.json"
	peers256 = "performance/peers-256.json"
)

// zen4 is the name of a second machine; without one, files are of the machine that the page begins with.
const zen4 = "zen4"

// on returns the file of a machine that stands beside a file, which is that of the machine without a name.
func on(machine, file string) string {
	if machine == "" {
		return file
	}
	return strings.TrimSuffix(file, ".json") + "-" + machine + ".json"
}

// times returns the times of a window in PyTorch, plain and tuned, this engine's being 1.
func (r *raw) times(file, workload string, threads int) (plain, tuned float64, err error) {
	f, err := r.peersOf(file)
	if err != nil {
		return 0, 0, err
	}
	a, err := f.find(workload, threads, "torch plain")
	if err != nil {
		return 0, 0, fmt.Errorf("%s: %w", file, err)
	}
	b, err := f.find(workload, threads, "torch tuned")
	if err != nil {
		return 0, 0, fmt.Errorf("%s: %w", file, err)
	}
	return a.Time, b.Time, nil
}

// sceneAgainstTuned returns how much faster a pixel of a scene is than a window in tuned PyTorch.
func (r *raw) sceneAgainstTuned(machine string, threads int) (float64, error) {
	f, err := r.peersOf(on(machine, peers64))
	if err != nil {
		return 0, err
	}
	scene, err := f.find("infer", threads, "diffclip scene")
	if err != nil {
		return 0, err
	}
	tuned, err := f.find("infer", threads, "torch tuned")
	if err != nil {
		return 0, err
	}
	return scene.Windows / tuned.Windows, nil
}

// aims are those for the time of a window in PyTorch, this engine's being 1.
var aims = []struct {
	title, file, workload string
	plain, tuned          float64
}{
	{"W1 against plain / tuned, batch 64", peers64, "pretrain", 4, 2.5},
	{"W1 against plain / tuned, batch 256", peers256, "pretrain", 4, 2.5},
	{"W2 against plain / tuned", peers64, "fewshot", 8, 4},
	{"W3 against plain / tuned", peers64, "infer", 5, 3},
}

// sceneAim is that for the rate of a scene beside W3 in tuned PyTorch.
const sceneAim = 4

// aimsView: times beside what was aimed at, on the machine that args name if any.
func aimsView(r *raw, args []string) ([][]string, error) {
	machine := strings.Join(args, "")
	rows := [][]string{{"", "1 thread", "2 threads"}}
	for _, line := range aims {
		row := []string{line.title}
		for threads := 1; threads <= 2; threads++ {
			plain, tuned, err := r.times(on(machine, line.file), line.workload, threads)
			if err != nil {
				return nil, err
			}
			row = append(row, fmt.Sprintf("%.1f / %.1f", plain, tuned)+missed(plain < line.plain, tuned < line.tuned))
		}
		rows = append(rows, row)
	}
	row := []string{"scene against W3 tuned"}
	for threads := 1; threads <= 2; threads++ {
		v, err := r.sceneAgainstTuned(machine, threads)
		if err != nil {
			return nil, err
		}
		cell := fmt.Sprintf("%.1f", v)
		if v < sceneAim {
			cell += ", **missed**"
		}
		row = append(row, cell)
	}
	rows = append(rows, row)
	shares, err := sharesRow(r, machine)
	return append(rows, shares), err
}

// neededView: what the aims that a machine missed would take of its ceiling, in multiplications that are really made.
func neededView(r *raw, args []string) ([][]string, error) {
	machine := strings.Join(args, "")
	f, err := r.asPrinted(on(machine, "performance/executed.json"))
	if err != nil {
		return nil, err
	}
	rate := func(title string, threads int) (float64, error) {
		for _, row := range f.Rows {
			if row[0] == title {
				return strconv.ParseFloat(row[threads], 64)
			}
		}
		return 0, fmt.Errorf("no row is called %q", title)
	}
	rows := [][]string{{"missed", "threads", "reached", "aim", "multiplies now", "would have to"}}
	for threads := 1; threads <= 2; threads++ {
		ceiling, err := rate("ceiling", threads)
		if err != nil {
			return nil, err
		}
		for _, line := range aims {
			now, err := rate(line.title[:2], threads)
			if err != nil {
				return nil, err
			}
			plain, tuned, err := r.times(on(machine, line.file), line.workload, threads)
			if err != nil {
				return nil, err
			}
			for _, peer := range []struct {
				name         string
				reached, aim float64
			}{{"plain", plain, line.plain}, {"tuned", tuned, line.tuned}} {
				if peer.reached < peer.aim {
					title := strings.Replace(line.title, "plain / tuned", peer.name, 1)
					share := 100 * now / ceiling
					rows = append(rows, []string{title, strconv.Itoa(threads), fmt.Sprintf("%.1f", peer.reached), fmt.Sprint(peer.aim),
						fmt.Sprintf("%.0f %%", share), fmt.Sprintf("%.0f %%", share*peer.aim/peer.reached)})
				}
			}
		}
	}
	return rows, nil
}

// missed says which of two aims was missed.
func missed(plain, tuned bool) string {
	switch {
	case plain && tuned:
		return ", **both missed**"
	case plain:
		return ", **plain missed**"
	case tuned:
		return ", **tuned missed**"
	}
	return ""
}

// sharesRow is the shares of the ceiling that the gate measured for W1 to W3.
func sharesRow(r *raw, machine string) ([]string, error) {
	f, err := r.asPrinted(on(machine, "performance/gate.json"))
	if err != nil {
		return nil, err
	}
	row := []string{"share of the ceiling: W1 (aim 55 %), W2 (50 %), W3 (60 %)"}
	for column := 1; column <= 2; column++ {
		var shares []string
		for _, line := range f.Rows {
			if strings.HasPrefix(line[0], "W") {
				shares = append(shares, strings.TrimSuffix(line[column], " %"))
			}
		}
		row = append(row, strings.Join(shares, ", ")+" %")
	}
	return row, nil
}

// readmePeersView: the times of one thread, and memory.
func readmePeersView(r *raw, _ []string) ([][]string, error) {
	rows := [][]string{{"", "plain PyTorch", "tuned PyTorch", "peak memory, ours / tuned"}}
	for _, line := range []struct{ title, file, workload string }{
		{"pre-training, batch 256", peers256, "pretrain"},
		{"few-shot training, batch 64", peers64, "fewshot"},
		{"classification", peers64, "infer"},
	} {
		plain, tuned, err := r.times(line.file, line.workload, 1)
		if err != nil {
			return nil, err
		}
		f, err := r.peersOf(line.file)
		if err != nil {
			return nil, err
		}
		ours, err := f.find(line.workload, 1, "diffclip "+line.workload)
		if err != nil {
			return nil, err
		}
		theirs, err := f.find(line.workload, 1, "torch tuned")
		if err != nil {
			return nil, err
		}
		rows = append(rows, []string{line.title, fmt.Sprintf("%.1f", plain), fmt.Sprintf("%.1f", tuned),
			fmt.Sprintf("%.2f / %.1f GiB", ours.Peak/1024, theirs.Peak/1024)})
	}
	return rows, nil
}
