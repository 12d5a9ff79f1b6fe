package reproduce

import "fmt"

var table5 = Study{
	Name:  "table5",
	Title: "Table 5: accuracy from 40 labels per class",
	About: []string{
		"The paper draws 40 training samples per class at random and tests on the rest.",
		"The rows that are run here are those of Table 1.",
	},
	Caution: []string{"GLT, CALC, MIViT, RN-FSC, MFRN-ML, SCFormer, HIPL and MMPR are printed as the paper has them; they are not built here."},
	Metrics: sceneMetrics,
	Arms: func(quick bool) []Arm {
		classic := classicalNames
		if quick {
			classic = []string{"svm", "lda"}
		}
		arms := append(learnedArms(quick), classicalArms(classic)...)
		return trainedOn(arms, fmt.Sprintf("%d per class", perClass), perClass)
	},
	Reference: "DiffCLIP",
	Charts:    bars,
}
