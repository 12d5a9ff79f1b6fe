package docs_test

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
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
			c.holds(page, r.Threads > 1 || rate >= 60 && rate <= 90, "60 to 90 windows/s a thread")
		}
	}
}
