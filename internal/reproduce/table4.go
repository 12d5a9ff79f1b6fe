package reproduce

import "diffclip/internal/run"

var table4 = Study{
	Name:  "table4",
	Title: "Table 4: the text of the prompts",
	About: []string{
		"The paper compares four sentences around the class name (p1 to p4) with a description of each class (p5) on Houston 2013. The row of p5 is DiffCLIP's of Table 5, so that the table is taken to be of 40 training samples per class.",
		"p5 needs a description of every class; the scenes of the paper, IDTReeS and the embedded scene have built-in ones. A scene without them has no row p5.",
	},
	Caution: []string{"The paper's descriptions were written by GPT-4o and not published in full; those here were written for this project."},
	Metrics: sceneMetrics,
	Arms: func(bool) []Arm {
		var arms []Arm
		for _, p := range []string{"p1", "p2", "p3", "p4", "p5"} {
			text := func(c *run.Config) { c.Text.Prompts = p }
			arms = append(arms, Arm{Method: p, Train: diffclip{}, Change: with(shots(perClass), text)})
		}
		return arms
	},
	Reference: "p5",
	Charts:    bars,
}
