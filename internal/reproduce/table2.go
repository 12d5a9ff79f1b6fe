package reproduce

import (
	"fmt"

	"diffclip/internal/run"
)

// perClass is the number of training samples per class of Tables 2 to 5.
const perClass = 40

var table2 = Study{
	Name:  "table2",
	Title: "Table 2: unlabelled windows for stage 1",
	About: []string{
		"The paper varies how many windows stage 1 learns from, 300, 500 and 700, and prints means \"on three datasets\".",
		"The number of labels is not said. The last row, 94.80 / 94.24 / 93.28, is exactly the mean of DiffCLIP's rows in Table 5, so that the table is taken to be of 40 training samples per class and of the mean over Houston 2013, MUUFL Gulfport and Trento.",
	},
	Caution: []string{"The paper's windows are those that train stage 2 in the published code; here they are drawn from the whole scene, without a look at labels."},
	Metrics: sceneMetrics,
	Mean:    overScenes,
	Arms: func(bool) []Arm {
		var arms []Arm
		for _, n := range []int{300, 500, 700} {
			samples := func(c *run.Config) { c.Split.Unlabelled = n }
			arms = append(arms, Arm{Method: fmt.Sprintf("%d samples", n), X: float64(n), Train: diffclip{}, Change: with(shots(perClass), samples)})
		}
		return arms
	},
	Reference: "700 samples",
	Charts:    bars,
}
