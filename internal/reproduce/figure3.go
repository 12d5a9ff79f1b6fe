package reproduce

var figure3 = Study{
	Name:  "fig3",
	Title: "Figure 3: maps beside the ground truth",
	About: []string{
		"The paper shows the maps of Trento that each method makes. The number of labels is not said; 20 per class are taken.",
		"Every pixel is classified; the accuracies are those of the test samples of all seeds, the maps those of the first seed.",
	},
	Caution: []string{"Scenes whose samples are objects, such as the crowns of IDTReeS, have no map of the truth and are left out."},
	Metrics: sceneMetrics,
	Maps:    true,
	Arms: func(quick bool) []Arm {
		arms := append(learnedArms(quick), classicalArms(classicalNames)...)
		if quick { // LDS2AE, as large as published, would take longer for its map than all else here
			arms = []Arm{{Method: "DiffCLIP", Train: diffclip{}}, classicalArms([]string{"lda"})[0]}
		}
		return trainedOn(arms, "", 20)
	},
	Reference: "DiffCLIP",
	Charts:    mapFigures,
}
