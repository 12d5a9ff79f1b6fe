package reproduce

import "diffclip/internal/run"

var table6 = Study{
	Name:  "table6",
	Title: "Table 6: knee exams (MRNet)",
	About: []string{
		"The paper trains on \"10 samples of MRNet data\" and tests on the rest, and prints accuracy, area under the ROC curve, sensitivity and specificity.",
		"Here an exam is a sample, its three planes are its modalities, and the slices around the middle are the bands of a pixel; pictures of 55 x 55 pixels are cut in 121 patches, as many as a window of a scene has. Five exams of either answer train stage 2, all exams stage 1, without a look at labels. An exam is called positive from a probability of 0.5.",
	},
	Caution: []string{
		"The paper does not say which of the three tasks its row is of, nor what its samples, modalities and slices are. Its numbers stand beside the means of the three tasks; each task has a table of its own.",
		"ELNet, TransMed-S and SSL-DcGaR are printed as the paper has them; they are not built here.",
	},
	Metrics:   []string{"ACC", "AUC", "SE", "SP"},
	Reference: "DiffCLIP",
	Exams:     true,
	Mean:      &meanOver{data: "MRNet", name: "Mean of the three tasks", labels: []string{"MRNet abnormal", "MRNet acl", "MRNet meniscus"}},
	Arms: func(quick bool) []Arm {
		arms := []Arm{{Method: "CLIP from scratch", Train: diffclip{alone: true}}}
		if !quick {
			arms = append(arms, Arm{Method: "linear probe", Train: diffclip{}, Change: run.LinearProbe})
		}
		arms = append(arms, Arm{Method: "DiffCLIP", Train: diffclip{}})
		for i := range arms {
			arms[i].Change = with(exams, arms[i].Change)
		}
		return arms
	},
	Charts: bars,
}

// exams makes a configuration one for knee exams: five of either answer train, and
// patches are so large that a picture has few.
func exams(c *run.Config) {
	c.Split.Shots, c.Split.Unlabelled = 5, -1
	c.Encoder(patchOfExams)
}
