package docs_test

import (
	"errors"
	"io/fs"
	"strings"

	"diffclip/rsdata"
)

// publishedShots are the numbers of labels per class that the paper's preset was run with.
var publishedShots = []int{2, 8}

// published lists what is set beside the paper's preset: the kind of file, and the row in it.
var published = []struct{ kind, method, title string }{
	{"paper", "DiffCLIP", "DiffCLIP, `-preset paper`"},
	{"fewshot", "DiffCLIP", "DiffCLIP, `-preset fewshot`"},
	{"learned", "DiffCLIP", "DiffCLIP, `-preset best`"},
	{"classical", "svm", "svm"},
	{"classical", "lda", "lda"},
}

// publishedFile returns scores of a scene and protocol; nil where the paper's preset was not run.
func (r *raw) publishedFile(kind, scene string) (*scoreFile, error) {
	f, err := r.scores("results/paper-" + scene + ".json")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err == nil && kind != "paper" {
		f, err = r.scores("results/" + kind + "-" + scene + ".json")
	}
	return f, err
}

// publishedView: OA of the paper's preset beside others, a column for each scene and protocol
// that was run.
func publishedView(r *raw, _ []string) ([][]string, error) {
	rows := [][]string{{""}}
	for _, p := range published {
		rows = append(rows, []string{p.title})
	}
	for _, s := range scenes {
		for i, p := range published {
			f, err := r.publishedFile(p.kind, s.name)
			if err != nil {
				return nil, err
			}
			if f == nil {
				break
			}
			var parts []string
			for _, n := range publishedShots {
				row, err := f.find(p.method, n)
				if err != nil {
					return nil, err
				}
				parts = append(parts, rsdata.Summarise(row.oa()).Percent())
			}
			if i == 0 {
				rows[0] = append(rows[0], s.title+", 2 / 8 shots")
			}
			rows[i+1] = append(rows[i+1], strings.Join(parts, " / "))
		}
	}
	return rows, nil
}

// publishedClaims holds the sentences below the table.
func publishedClaims(c *claims) {
	const page = "results.md"
	p := c.preset("paper")
	c.says(page, "%d windows of the scene, seen %d times in stage 1, %d passes over the training samples in stage 2",
		p.Split.Unlabelled, p.Pretrain.Epochs, p.Finetune.Epochs)
	behind := func(kind, method string) (least, most float64) {
		var all []difference
		for _, s := range scenes {
			ours, err := c.raw.publishedFile("paper", s.name)
			if must(c, ours, err); ours == nil {
				continue
			}
			other, err := c.raw.publishedFile(kind, s.name)
			must(c, other, err)
			for _, n := range publishedShots {
				a, err := ours.find("DiffCLIP", n)
				must(c, a, err)
				b, err := other.find(method, n)
				all = append(all, added(a, must(c, b, err)))
			}
		}
		return points(all)
	}
	least, most := behind("learned", "DiffCLIP")
	c.says(page, "`best` is ahead of it by %.1f to %.1f points", least, most)
	least, most = behind("classical", "svm")
	c.says(page, "the SVM on plain bands by %+.1f to %+.1f", least, most)
}
