package docs_test

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"diffclip/rsdata"
)

// claims holds sentences of the pages to the raw files behind the tables.
type claims struct {
	*testing.T
	raw   *raw
	pages map[string]string // with single spaces for all white space
	held  map[string][]string
}

func newClaims(t *testing.T) *claims {
	c := &claims{t, newRaw(), map[string]string{}, map[string][]string{}}
	for _, page := range pages(t) {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		c.pages[page] = strings.Join(strings.Fields(string(text)), " ")
	}
	return c
}

// says wants a page to have a sentence, with the numbers that the raw files give.
func (c *claims) says(page, format string, numbers ...any) {
	c.Helper()
	c.holds(page, true, format, numbers...)
}

// holds wants a page to have a sentence, and that sentence to be true.
func (c *claims) holds(page string, true bool, format string, numbers ...any) {
	c.Helper()
	sentence := fmt.Sprintf(format, numbers...)
	c.held[page] = append(c.held[page], sentence)
	if !strings.Contains(c.pages[page], sentence) {
		c.Errorf("%s does not say what the raw files give: %q", page, sentence)
	}
	if !true {
		c.Errorf("%s says what the raw files deny: %q", page, sentence)
	}
}

// must returns a value that was found without an error.
func must[V any](c *claims, v V, err error) V {
	c.Helper()
	if err != nil {
		c.Fatal(err)
	}
	return v
}

// oa returns the mean overall accuracy of a method, in percent.
func (c *claims) oa(scene, method string, shots int) float64 {
	c.Helper()
	row, err := c.raw.result(scene, method, shots)
	return 100 * rsdata.Summarise(must(c, row, err).oa()).Mean
}

// ahead returns the differences of DiffCLIP to other methods, by scenes, methods and shots.
func (c *claims) ahead(scenes []string, methods ...string) (out []difference) {
	c.Helper()
	for _, scene := range scenes {
		for _, method := range methods {
			for _, n := range shots {
				d, err := c.raw.ahead(scene, method, n)
				out = append(out, must(c, d, err))
			}
		}
	}
	return out
}

// points returns the least and the greatest of some differences.
func points(d []difference) (least, most float64) {
	least, most = math.Inf(1), math.Inf(-1)
	for _, d := range d {
		least, most = min(least, d.points), max(most, d.points)
	}
	return least, most
}

// count returns how many differences are as asked, in words.
func count(d []difference, yes func(difference) bool) string {
	n := 0
	for _, d := range d {
		if yes(d) {
			n++
		}
	}
	words := strings.Fields("none one two three four five six seven eight nine ten eleven twelve")
	if n < len(words) {
		return words[n]
	}
	return strconv.Itoa(n)
}

var (
	crowns = []string{"idtrees-random", "idtrees-disjoint"}
	fields = []string{"pines-random", "pines-disjoint"}
	both   = append(slices.Clone(crowns), fields...)
)

// classical returns the names of the classical methods.
func (c *claims) classical() (names []string) {
	f, err := c.raw.scores("results/classical-pines-random.json")
	for _, r := range must(c, f, err).Results {
		if !slices.Contains(names, r.Method) {
			names = append(names, r.Method)
		}
	}
	return names
}

// TestResultsSay holds sentences about accuracy.
func TestResultsSay(t *testing.T) {
	c := newClaims(t)
	c.says("../README.md", "(8 shots: %.1f against %.1f without it, %.1f for the SVM)",
		c.oa("pines-random", "DiffCLIP", 8), c.oa("pines-random", "stage 2 alone", 8), c.oa("pines-random", "svm", 8))
	least, _ := points(c.ahead(fields, c.classical()...))
	c.holds("../README.md", least > 0, "DiffCLIP is ahead of every classical row on the mean")
	_, most := points(c.ahead(crowns, "lda-mnf"))
	c.holds("../README.md", most < 0, "On tree crowns, LDA on noise-whitened spectra is ahead of DiffCLIP.")
	readmeNumbers(c)

	const page = "results.md"
	var pca []float64
	furthest := true
	for _, scene := range crowns {
		for _, n := range shots {
			for _, method := range []string{"svm", "rf", "mean"} {
				pca = append(pca, c.oa(scene, method+"-pca", n)-c.oa(scene, method, n))
				furthest = furthest && c.oa(scene, method+"-mnf", n) > c.oa(scene, method+"-pca", n)
			}
			furthest = furthest && c.oa(scene, "lda-mnf", n) > c.oa(scene, "lda-pca", n)
			for _, method := range append(c.classical(), "DiffCLIP") {
				furthest = furthest && (n == 2 || c.oa(scene, "lda-mnf", n) >= c.oa(scene, method, n))
			}
		}
	}
	c.holds(page, furthest, "raise SVM, forest and nearest mean by %.0f to %.0f points of OA, and minimum noise fractions raise everything further: "+
		"LDA on them is the best row of both protocols at 8 and 20 shots, DiffCLIP's included.", slices.Min(pca), slices.Max(pca))
	c.says(page, "(%.3f is the least that ten draws can give)", math.Ldexp(2, -10))

	plain := c.ahead(both, "svm", "rf")
	least, most = points(plain)
	c.says(page, "ahead of the SVM and of the forest on plain bands everywhere, by %.0f to %.0f points; %s of the %d differences", least, most,
		count(plain, func(d difference) bool { return !d.significant() }), len(plain))
	doubtful, err := c.raw.ahead("pines-disjoint", "svm", 8)
	c.holds(page, !must(c, doubtful, err).significant(), "(SVM, Indian Pines disjoint, 8 shots) is not significant")

	random := c.ahead([]string{"idtrees-random", "pines-random"}, "stage 2 alone")
	disjoint := c.ahead([]string{"idtrees-disjoint", "pines-disjoint"}, "stage 2 alone")
	least, most = points(random)
	from, to := points(disjoint)
	c.holds(page, least > 0 && from > 0, "ahead of stage 2 alone in every column, by %.0f to %.0f points at random and %.1f to %.0f disjoint; significantly in %s of twelve.",
		least, most, from, to, count(append(random, disjoint...), difference.significant))

	plainLDA := c.ahead(crowns, "lda", "svm-pca", "lda-pca")
	level := true
	for i, d := range plainLDA {
		level = level && (i%3 == 0 && d.points > 0 || i%3 > 0 && !d.significant())
	}
	c.holds(page, level, "it is ahead at 2 shots and level at 8 and 20 (no difference there is significant)")
	least, most = points(c.ahead(crowns, "lda-mnf"))
	c.says(page, "**LDA on minimum noise fractions is ahead of it by %.0f to %.0f points**", -most, -least)

	f, err := c.raw.asPrinted("results/without-text.json")
	within := 0.0
	for column := 1; column <= 2; column++ {
		within = max(within, math.Abs(leading(c, must(c, f, err).Rows[2][column])-leading(c, f.Rows[3][column])))
	}
	c.holds(page, f.Rows[2][0] == "linear probe" && f.Rows[3][0] == "DiffCLIP" && within < 1, "a linear layer on the frozen encoder is within a point of DiffCLIP")
}

// leading returns the number with which a cell begins.
func leading(c *claims, cell string) float64 {
	c.Helper()
	word, _, _ := strings.Cut(cell, " ")
	v, err := strconv.ParseFloat(word, 64)
	return must(c, v, err)
}

// measured matches what states a result: a number with decimals, a share or a size.
var measured = regexp.MustCompile(`\d+\.\d+\b|\d+ ?%|\d+ [MG]i?B\b`)

// versions match what only looks like one.
var versions = regexp.MustCompile(`Go \d\.\d+|MATLAB 5 to 7\.3|PyTorch \d\.\d+|10\.5281/zenodo\.\d+`)

// gpuStep returns the milliseconds of a step of stage 1 on a GPU.
func gpuStep(c *claims) float64 {
	c.Helper()
	var printed struct{ Rows [][]string }
	text, err := os.ReadFile("performance/gpu.json")
	if err := json.Unmarshal(must(c, text, err), &printed); err != nil {
		c.Fatal(err)
	}
	ms, err := strconv.ParseFloat(printed.Rows[0][3], 64)
	return must(c, ms, err)
}

// readmeNumbers wants every number in the README's text, outside of code and
// tables, to be one that a claim holds.
func readmeNumbers(c *claims) {
	c.Helper()
	test, err := os.ReadFile("../rsdata/memory_test.go")
	limits := regexp.MustCompile(`memoryLimit, threadLimit = (\d+)e6, (\d+)e6`).FindStringSubmatch(string(must(c, test, err)))
	if len(limits) != 3 {
		c.Fatal("rsdata/memory_test.go does not name its limits")
	}
	c.says("../README.md", "were on an H200: %.1f ms a step of stage 1", gpuStep(c))
	c.says("../README.md", "takes the scene and less than %s MB with two threads", limits[1])
	c.says("../README.md", "each further thread adds less than %s MB", limits[2])
	text, err := os.ReadFile("../README.md")
	page := tablePattern.ReplaceAllString(string(must(c, text, err)), "")
	page = regexp.MustCompile("(?s)```.*?```|`[^`]*`").ReplaceAllString(page, "`")
	page = strings.Join(strings.Fields(page), " ")
	for _, sentence := range c.held["../README.md"] {
		page = strings.ReplaceAll(page, sentence, "")
	}
	for _, m := range measured.FindAllStringIndex(versions.ReplaceAllString(page, ""), -1) {
		c.Errorf("README.md: no claim in claims_test.go holds %q", versions.ReplaceAllString(page, "")[max(0, m[0]-40):m[1]])
	}
}

// TestReproducedSay holds sentences about the paper's experiments.
func TestReproducedSay(t *testing.T) {
	c := newClaims(t)
	const page = "reproduce.md"
	rows, err := c.raw.reproducedTable("results/reproduced-table4.csv")
	var prompts []float64
	for _, row := range must(c, rows, err)[1:] {
		prompts = append(prompts, leading(c, row[1]))
	}
	c.says(page, "The five texts differ by %.1f points of OA", slices.Max(prompts)-slices.Min(prompts))
	c.says(page, "give %.1f, the row p5 above", prompts[4])

	paper := func(table, setting, method string) float64 {
		text, err := os.ReadFile("../internal/reproduce/paper.csv")
		_, line, found := strings.Cut(string(must(c, text, err)), fmt.Sprintf("\n%s,%s,%s,", table, setting, method))
		if !found {
			t.Fatalf("paper.csv: no line of %s,%s,%s", table, setting, method)
		}
		v, err := strconv.ParseFloat(strings.Split(line, ",")[1], 64)
		return must(c, v, err)
	}
	c.says(page, "The paper's p5 is ahead of its p1 by %.2f points on Houston.", paper("table4", "", "p5")-paper("table4", "", "p1"))
	c.says(page, "gains %.2f points of OA from 300 to 700", paper("table2", "", "700 samples")-paper("table2", "", "300 samples"))

	f, err := c.raw.peersOf(peers64)
	for _, r := range must(c, f, err).Rows {
		if r.Contender == "diffclip pretrain" || r.Contender == "diffclip fewshot" {
			rate := r.Windows / float64(r.Threads)
			c.holds(page, r.Threads > 1 || rate >= 60 && rate <= 90, "60 to 90 windows/s a thread")
		}
	}
}

// TestPerformanceSays holds sentences about speed.
func TestPerformanceSays(t *testing.T) {
	c := newClaims(t)
	const page = "performance.md"
	f, err := c.raw.peersOf(peers256)
	ours, err2 := must(c, f, err).find("pretrain", 1, "diffclip pretrain")
	theirs, err3 := f.find("pretrain", 1, "torch tuned")
	c.says(page, "At its quoted batch of 256, W1 held %.0f MiB at its peak where PyTorch held %.1f GiB.", must(c, ours, err2).Peak, must(c, theirs, err3).Peak/1024)

	tiers, err := c.raw.asPrinted("performance/tiers.json")
	var avx2, generic []float64
	for _, row := range must(c, tiers, err).Rows {
		for _, v := range strings.Split(row[2], " to ") {
			avx2 = append(avx2, leading(c, v)/leading(c, row[1]))
		}
		generic = append(generic, leading(c, row[1])/leading(c, row[3]))
	}
	c.says(page, "is at %.2f to %.2f of AVX-512 (aim 0.6); the generic tier is %.0f to %.0f times slower", slices.Min(avx2), slices.Max(avx2), slices.Min(generic), slices.Max(generic))

	profile, err := c.raw.asPrinted("performance/profile.json")
	sum := 0.0
	for _, row := range must(c, profile, err).Rows {
		sum += leading(c, row[1])
	}
	if sum != 100 {
		t.Errorf("the shares of W1's time add up to %g %%", sum)
	}
	alone, err := os.ReadFile(page)
	share := regexp.MustCompile(`took\s+([\d.]+) % of W1 at one thread`).FindSubmatch(must(c, alone, err))
	if share == nil {
		t.Fatal("the page names no share of W1 that no lane does")
	}
	serial := leading(c, string(share[1])) / 100
	c.says(page, "By Amdahl's law that allows %.1f times on sixteen processors.", 1/(serial+(1-serial)/16))
}

// TestPeersAreWhole: times are ratios of rates, as far as both are printed.
func TestPeersAreWhole(t *testing.T) {
	r := newRaw()
	for _, name := range []string{peers64, peers256} {
		f, err := r.peersOf(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range f.Rows {
			ours, err := f.find(row.Workload, row.Threads, "diffclip "+row.Workload)
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if want := ours.Windows / row.Windows; math.Abs(row.Time-want) > 0.005+0.002*want || contenders[row.Contender] == "" || row.Best < row.Windows {
				t.Errorf("%s: %+v: expected a known contender, its time %.2f, its best not below its median", name, row, want)
			}
		}
	}
}
