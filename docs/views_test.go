package docs_test

import (
	"fmt"
	"strings"

	"diffclip/rsdata"
)

// views make the rows of a table, the header first, from the words behind the
// view's name in the page.
var views = map[string]func(r *raw, args []string) ([][]string, error){
	"accuracy":        accuracyView,
	"accuracy-readme": readmeAccuracyView,
	"main":            mainView,
	"differences":     differencesView,
	"settings":        settingsView,
	"extras":          extrasView,
	"stem":            stemView,
	"refined":         refinedView,
	"parts":           partsView,
	"fewshot":         fewshotView,
	"lds2ae":          lds2aeView,
	"published":       publishedView,
	"reproduced":      func(r *raw, args []string) ([][]string, error) { return r.reproducedTable(args[0]) },
	"as-printed":      printedView,
	"peers":           peersView,
	"peers-aims":      aimsView,
	"peers-needed":    neededView,
	"peers-readme":    readmePeersView,
}

// accuracyView: a row for each method of a file of scores, a column for each number of shots.
func accuracyView(r *raw, args []string) ([][]string, error) {
	f, err := r.scores(args[0])
	if err != nil {
		return nil, err
	}
	rows := [][]string{{""}}
	for _, result := range f.Results {
		if len(rows) == 1 || rows[len(rows)-1][0] != result.Method {
			rows = append(rows, []string{result.Method})
		}
		if len(rows) == 2 {
			rows[0] = append(rows[0], fmt.Sprintf("%d shots: OA / AA / kappa", result.Shots))
		}
		rows[len(rows)-1] = append(rows[len(rows)-1], strings.Join(result.summary(), " / "))
	}
	return rows, nil
}

// shots are those of the tables of results.
var shots = []int{2, 8, 20}

// readmeAccuracyView: overall accuracies of some methods of a scene and protocol.
func readmeAccuracyView(r *raw, args []string) ([][]string, error) {
	rows := [][]string{{""}}
	for _, n := range shots {
		rows[0] = append(rows[0], fmt.Sprintf("%d shots", n))
	}
	for _, line := range []struct{ file, method, title string }{
		{"learned", "DiffCLIP", "DiffCLIP, `-preset best`: head fitted to features"},
		{"learned", "stage 2 alone", "the same without stage 1"},
		{"fewshot", "DiffCLIP", "DiffCLIP, `-preset fewshot`: the texts decide"},
		{"classical", "svm", "RBF-SVM"},
		{"classical", "rf", "random forest"},
		{"classical", "lda", "shrinkage LDA"},
		{"classical", "lda-mnf", "LDA on minimum noise fractions"},
	} {
		row := []string{line.title}
		f, err := r.scores("results/" + line.file + "-" + args[0] + ".json")
		if err != nil {
			return nil, err
		}
		for _, n := range shots {
			result, err := f.find(line.method, n)
			if err != nil {
				return nil, err
			}
			row = append(row, rsdata.Summarise(result.oa()).Percent())
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// mainView: overall accuracies by shots, a row for each of the methods that DiffCLIP is tested against, a column for each scene and protocol.
func mainView(r *raw, _ []string) ([][]string, error) {
	rows := [][]string{{""}}
	for _, s := range scenes {
		rows[0] = append(rows[0], s.title)
	}
	add := func(title, setting, method string) error {
		row := []string{title}
		for _, s := range scenes {
			name, protocol, _ := strings.Cut(s.name, "-")
			var parts []string
			for _, n := range shots {
				result, err := r.scoresOf(name, protocol, setting, method, n)
				if err == nil && result == nil {
					err = fmt.Errorf("no file of %s, %s", s.name, setting)
				}
				if err != nil {
					return err
				}
				parts = append(parts, rsdata.Summarise(result.oa()).Percent())
			}
			row = append(row, strings.Join(parts, " / "))
		}
		rows = append(rows, row)
		return nil
	}
	for _, method := range append([]string{"DiffCLIP"}, rivals...) {
		if err := add(method, "", method); err != nil {
			return nil, err
		}
	}
	for _, method := range []string{"DiffCLIP", "stage 2 alone"} {
		if err := add(method+", `-stem linear`", linearRefined, method); err != nil {
			return nil, err
		}
	}
	return rows, nil
}

// result finds a method among the classical and the learned ones of a scene and protocol, such as idtrees-random.
func (r *raw) result(scene, method string, shots int) (*scoreRow, error) {
	kind := "classical"
	if method == "DiffCLIP" || method == "stage 2 alone" {
		kind = "learned"
	}
	name := "results/" + kind + "-" + scene + ".json"
	f, err := r.scores(name)
	if err != nil {
		return nil, err
	}
	row, err := f.find(method, shots)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return row, nil
}

// difference is that of DiffCLIP to another method, over the same draws.
type difference struct{ points, p float64 }

// level is that of significance.
const level = 0.05

// significant: whoever is ahead.
func (d difference) significant() bool { return d.p < level }

func (d difference) String() string {
	s := fmt.Sprintf("%+.1f (%.3f)", tenths(d.points), d.p)
	if d.significant() {
		return "**" + s + "**"
	}
	return s
}

// ahead sets DiffCLIP beside another method.
func (r *raw) ahead(scene, method string, shots int) (difference, error) {
	ours, err := r.result(scene, "DiffCLIP", shots)
	if err != nil {
		return difference{}, err
	}
	other, err := r.result(scene, method, shots)
	if err != nil {
		return difference{}, err
	}
	if fmt.Sprint(ours.Seeds) != fmt.Sprint(other.Seeds) {
		return difference{}, fmt.Errorf("%s, %s: seeds %v and %v of DiffCLIP: expected the same", scene, method, other.Seeds, ours.Seeds)
	}
	for i := range ours.Scores {
		if ours.Scores[i].Samples != other.Scores[i].Samples {
			return difference{}, fmt.Errorf("%s, %s, seed %d: %d test samples and %d of DiffCLIP: the splits differ", scene, method, ours.Seeds[i], other.Scores[i].Samples, ours.Scores[i].Samples)
		}
	}
	a, b := ours.oa(), other.oa()
	return difference{100 * (rsdata.Summarise(a).Mean - rsdata.Summarise(b).Mean), rsdata.Wilcoxon(a, b).P}, nil
}

// scenes are the scenes and protocols of results.md, with their titles.
var scenes = []struct{ name, title string }{
	{"idtrees-random", "IDTReeS random"},
	{"idtrees-disjoint", "IDTReeS disjoint"},
	{"pines-random", "Indian Pines random"},
	{"pines-disjoint", "Indian Pines disjoint"},
}

// fewshotView: OA of the preset whose head is trained, as results.md calls scenes and protocols.
func fewshotView(r *raw, _ []string) ([][]string, error) {
	rows := [][]string{{""}}
	for _, n := range shots {
		rows[0] = append(rows[0], fmt.Sprintf("%d shots", n))
	}
	for _, s := range scenes {
		name := "results/fewshot-" + s.name + ".json"
		f, err := r.scores(name)
		if err != nil {
			return nil, err
		}
		row := []string{s.title}
		for _, n := range shots {
			result, err := f.find("DiffCLIP", n)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			row = append(row, rsdata.Summarise(result.oa()).Percent())
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// rivals are what DiffCLIP is tested against.
var rivals = []string{"stage 2 alone", "svm", "rf", "lda", "svm-pca", "lda-pca", "svm-mnf", "lda-mnf"}

// differencesView: the differences of DiffCLIP to other methods, with their P.
func differencesView(r *raw, _ []string) ([][]string, error) {
	rows := [][]string{{""}}
	for _, s := range scenes {
		rows[0] = append(rows[0], s.title+", 2 / 8 / 20")
	}
	for _, method := range rivals {
		row := []string{method}
		for _, s := range scenes {
			var parts []string
			for _, n := range shots {
				d, err := r.ahead(s.name, method, n)
				if err != nil {
					return nil, err
				}
				parts = append(parts, d.String())
			}
			row = append(row, strings.Join(parts, " / "))
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// settingsView: what single settings are worth, at 8 shots on random draws.
func settingsView(r *raw, _ []string) ([][]string, error) {
	rows := [][]string{{"", "IDTReeS 2020", "Indian Pines"}}
	for _, line := range []struct{ title, file, method string }{
		{"the base", "setting-%s-" + labelsAlone, "DiffCLIP"},
		{"30 principal components in place of noise fractions (`pretrain -pca 30`)", "setting-%s-pca", ""},
		{"mean of the patches (`finetune -pool mean`)", "setting-%s-pool-mean", ""},
		{"class token (`finetune -pool class`)", "setting-%s-pool-class", ""},
		{"head as trained (`finetune -head-fit trained`)", "setting-%s-head-fit-trained", ""},
		{"encoder trained too (`finetune -freeze 0`)", "setting-%s-freeze-0", ""},
		{"without stage 1", "setting-%s-" + labelsAlone, "stage 2 alone"},
	} {
		row := []string{line.title}
		for _, scene := range []string{"idtrees", "pines"} {
			f, err := r.scores("results/" + fmt.Sprintf(line.file, scene) + ".json")
			if err != nil {
				return nil, err
			}
			result := &f.Results[0]
			if line.method != "" {
				if result, err = f.find(line.method, 8); err != nil {
					return nil, err
				}
			}
			row = append(row, rsdata.Summarise(result.oa()).Percent())
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// printedView: a table as it was printed.
func printedView(r *raw, args []string) ([][]string, error) {
	f, err := r.asPrinted(args[0])
	if err != nil {
		return nil, err
	}
	return append([][]string{f.Columns}, f.Rows...), nil
}
