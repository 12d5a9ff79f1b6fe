package reproduce

import "fmt"

var table1 = Study{
	Name:  "table1",
	Title: "Table 1: accuracy from 2, 8 and 20 labels per class",
	About: []string{
		"The paper compares DiffCLIP with CLIP, LDS2AE and four few-shot methods on Houston 2013, MUUFL Gulfport and Trento, from 2, 8 and 20 training samples per class.",
		"Here DiffCLIP is stage 1 on unlabelled windows of the scene and then stage 2; \"CLIP from scratch\" is stage 2 alone, with the same two encoders and no stage 1. The classical methods see the mean of the 3 x 3 pixels around a sample. All methods of a seed learn from the same samples and are tested on the same ones.",
	},
	Caution: []string{
		"The paper's CLIP is described as pre-trained with ViT-B-14; CLIP from scratch has this project's small encoder and has seen no other picture.",
		"MFRN-ML, SCFormer, HIPL and MMPR are printed as the paper has them; they are not built here.",
	},
	Metrics:   sceneMetrics,
	Reference: "DiffCLIP",
	Arms:      table1Arms,
	Charts:    shotCurves,
}

func table1Arms(quick bool) []Arm {
	numbers, classic := []int{2, 8, 20}, classicalNames
	if quick {
		numbers, classic = []int{2, 8}, []string{"svm", "lda"}
	}
	var arms []Arm
	for _, n := range numbers {
		setting := fmt.Sprintf("%d-shot", n)
		group := append([]Arm{
			{Method: "CLIP from scratch", Paper: "CLIP", Train: diffclip{alone: true}},
			{Method: "DiffCLIP", Train: diffclip{}},
		}, classicalArms(classic)...)
		for _, a := range group {
			a.Setting, a.X, a.Change = setting, float64(n), shots(n)
			arms = append(arms, a)
		}
	}
	return arms
}
