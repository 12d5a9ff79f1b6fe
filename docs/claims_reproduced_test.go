package docs_test

import (
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"

	"diffclip/internal/run"
)

// reproducedClaims holds sentences about the paper's experiments.
func reproducedClaims(c *claims) {
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
			c.Fatalf("paper.csv: no line of %s,%s,%s", table, setting, method)
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
			c.holds(page, r.Threads > 1 || rate >= 50 && rate <= 90, "50 to 90 windows/s a thread")
		}
	}

	for name, title := range map[string]string{"fig5": "Figure 5: features of both modalities before and after few-shot training", "table4": "Table 4: the text of the prompts", "table2": "Table 2: unlabelled windows for stage 1"} {
		c.says(page, "%s; IDTReeS 2020, %d seeds <!-- table: reproduced results/reproduced-%s.csv -->", title, 3, name)
	}
	c.says(page, "Ten seeds cannot give less than P = %.3f, two", math.Ldexp(2, -10))
	var lengths []any
	for _, n := range []string{"300", "500", "700"} {
		paper("table2", "", n+" samples") // is there
		lengths = append(lengths, n)
	}
	c.says(page, "| %s, %s, %s windows for stage 1 |", lengths...)
	c.says(page, "| %d samples per class | the rows of Table 1 |", 40)
	c.says(page, "so that %d per class are taken", 40)
	c.says(page, "%d to %d windows, seen eight times, make no difference here", 300, 700)
	const csv = "../internal/reproduce/paper.csv"
	var means [3]float64
	for _, scene := range []string{"Houston", "MUUFL", "Trento"} {
		for i, v := range c.source(csv, `\ntable5,40 per class,DiffCLIP,`+scene+`,([\d.]+),([\d.]+),([\d.]+)`) {
			means[i] += leading(c, v.(string)) / 3
		}
	}
	row := c.source(csv, `\ntable3,,DiffCLIP,mean,([\d.]+),([\d.]+),([\d.]+)`)
	equal := fmt.Sprintf("%s %s %s", row...) == fmt.Sprintf("%.2f %.2f %.2f", means[0], means[1], means[2])
	c.holds(page, equal, "over the three scenes (%s, %s, %s)", row...)
	full := c.preset("paper")
	lds := c.preset("paper")
	run.LDS2AE(&lds)
	c.says(page, "stage 1 is %d windows for each seed and scene, stage 2 %d passes over the training samples (%d windows for 20 shots of %d classes), and LDS²AE %d passes in its stage 1 and %d in its stage 2",
		full.Pretrain.Epochs*full.Split.Unlabelled, full.Finetune.Epochs, full.Finetune.Epochs*20*15, 15, lds.Pretrain.Epochs, lds.Finetune.Epochs)
	c.says(page, "The preset's own %d give", c.preset("fewshot").Split.Unlabelled)
}
