package reproduce

import (
	"fmt"

	"diffclip/internal/run"
)

var figure4 = Study{
	Name:  "fig4",
	Title: "Figure 4: mask ratio and window",
	About: []string{
		"The paper draws the accuracy on Houston 2013 over the mask ratio of stage 1 and over the size of the windows, which it calls patch size. It chooses 70 % and 11 pixels, where both curves are highest.",
		"The number of labels is not said; 40 per class are taken, as in Tables 2 to 5. One setting varies at a time.",
	},
	Caution: []string{"The figure prints no numbers, so that the shapes of the curves alone compare: where they are highest, and by how much."},
	Metrics: sceneMetrics,
	Arms: func(quick bool) []Arm {
		ratios, windows := []float64{0.1, 0.3, 0.5, 0.6, 0.7, 0.8, 0.9}, []int{5, 7, 9, 11, 13, 15}
		if quick {
			ratios, windows = []float64{0.3, 0.7, 0.9}, []int{5, 9, 11}
		}
		var arms []Arm
		for _, r := range ratios {
			mask := func(c *run.Config) { c.Diffusion.MaskRatio = r }
			arms = append(arms, Arm{Setting: maskSweep, Method: fmt.Sprintf("%.0f %%", 100*r), X: 100 * r, Train: diffclip{}, Change: with(shots(perClass), mask)})
		}
		for _, w := range windows {
			window := func(c *run.Config) { c.SetWindow(w) }
			arms = append(arms, Arm{Setting: windowSweep, Method: fmt.Sprintf("%d x %d", w, w), X: float64(w), Train: diffclip{}, Change: with(shots(perClass), window)})
		}
		return arms
	},
	Charts: sweepCurves,
}

// The sweeps, which label the axes of their charts.
const (
	maskSweep   = "mask ratio (%)"
	windowSweep = "side of the window (pixels)"
)
