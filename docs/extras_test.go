package docs_test

import (
	"errors"
	"fmt"
	"io/fs"

	"diffclip/rsdata"
)

// labelsAlone is the setting around which experiments.md measures others: that of -preset best with its head fitted to labels alone.
const labelsAlone = "lda"

// extras are the rows of what was tried beyond the paper: a file of scores of each scene and protocol, and the method in
// it.
var extras = []struct{ title, setting, method string }{
	{"the base", labelsAlone, "DiffCLIP"},
	{"eight views in use (`finetune -views 8`)", "views-8", "DiffCLIP"},
	{"12288 windows in stage 1 (`pretrain -pretrain-samples 12288`)", "more-windows", "DiffCLIP"},
	{"encoder trained too (`finetune -freeze 0`)", "freeze-0", ""},
	{"encoder trained from the 11th of 20 epochs (`finetune -freeze 10 -epochs 20`)", "thawed", "DiffCLIP"},
	{"head as trained, not set to discriminants (`finetune -head-fit trained`)", "head-fit-trained", ""},
	{"encoder trained, head as trained (`finetune -freeze 0 -head-fit trained`)", "trained", "DiffCLIP"},
	{"the same, without symmetries (`-symmetries off`)", "trained-symmetries-off", "DiffCLIP"},
	{"the same, with spectral changes (`-spectral 0.1`)", "trained-spectral", "DiffCLIP"},
	{"the same, weights averaged (`-average 5`)", "trained-average", "DiffCLIP"},
	{"linear stem (`pretrain -stem linear`)", "linear-stem", "DiffCLIP"},
	{"linear stem, stage 1 without noise (`pretrain -stem linear -noise off`)", "linear-noiseless", "DiffCLIP"},
	{"linear stem, without stage 1", "linear-stem", "stage 2 alone"},
	{"without stage 1", labelsAlone, "stage 2 alone"},
}

// scoresOf returns the scores of a setting, such as views-8, of best where it is ""; nil where there is no file of them.
func (r *raw) scoresOf(scene, protocol, setting, method string, shots int) (*scoreRow, error) {
	if setting == "" {
		return r.result(scene+"-"+protocol, method, shots)
	}
	name := "results/setting-" + scene + "-" + setting + ".json"
	if protocol != "random" {
		name = "results/setting-" + scene + "-" + protocol + "-" + setting + ".json"
	}
	f, err := r.scores(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, err
	}
	if method == "" { // diffclip eval names none
		return &f.Results[0], nil
	}
	row, err := f.find(method, shots)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return row, nil
}

// extrasView: OA at 8 shots of every extra, by scene and protocol.
func extrasView(r *raw, _ []string) ([][]string, error) {
	rows := [][]string{{""}}
	for _, s := range scenes {
		rows[0] = append(rows[0], s.title)
	}
	for _, line := range extras {
		row := []string{line.title}
		for _, scene := range []string{"idtrees", "pines"} {
			for _, protocol := range []string{"random", "disjoint"} {
				result, err := r.scoresOf(scene, protocol, line.setting, line.method, 8)
				if err != nil {
					return nil, err
				}
				if result == nil {
					row = append(row, "not measured")
					continue
				}
				row = append(row, rsdata.Summarise(result.oa()).Percent())
			}
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// extrasClaims holds what the pages say of the extras.
func extrasClaims(c *claims) {
	linear := c.extra("linear-stem", "DiffCLIP")
	base := c.extra(labelsAlone, "DiffCLIP")
	first := compared(linear, c.extra("linear-stem", "stage 2 alone"))
	least, most := points(first)
	level := count(first, difference.significant) == "none" && max(-least, most) < 1
	least, _ = points(compared(linear, base))
	c.holds("experiments.md", level && least > 0, "both stages are level with stage 2 alone in every column, and no worse than the base.")

	least, most = points(compared(base, c.extra("head-fit-trained", "")))
	c.says("experiments.md", "the discriminants are worth %.0f to %.0f points over the head as trained", least, most)
	same := 0.0
	for _, extra := range [][]*scoreRow{c.extra("views-8", "DiffCLIP"), c.extra("freeze-0", ""), c.extra("thawed", "DiffCLIP")} {
		least, most := points(compared(extra, base))
		same = max(same, -least, most)
	}
	c.says("experiments.md", "and eight views in use change OA by at most %.1f points", same)
	least, most = points(compared(c.extra("more-windows", "DiffCLIP"), base))
	c.says("experiments.md", "Three times the windows in stage 1 change OA by %+.1f to %+.1f points", least, most)
	small := 0.0
	for _, setting := range []string{"symmetries-off", "spectral", "average"} {
		least, most := points(compared(c.extra("trained-"+setting, "DiffCLIP"), c.extra("trained", "DiffCLIP")))
		small = max(small, -least, most)
	}
	c.holds("experiments.md", small <= 0.5, "weights make a difference of at most half a point")
}

// extra returns the scores of a setting for each scene and protocol that has them, nil for another.
func (c *claims) extra(setting, method string) (rows []*scoreRow) {
	c.Helper()
	for _, scene := range []string{"idtrees", "pines"} {
		for _, protocol := range []string{"random", "disjoint"} {
			row, err := c.raw.scoresOf(scene, protocol, setting, method, 8)
			rows = append(rows, must(c, row, err))
		}
	}
	return rows
}

// compared returns how far some rows are ahead of others, where both were measured.
func compared(rows, others []*scoreRow) (all []difference) {
	for i := range rows {
		if rows[i] != nil && others[i] != nil {
			all = append(all, added(others[i], rows[i]))
		}
	}
	return all
}
