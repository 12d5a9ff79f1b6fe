package reproduce

import (
	"fmt"

	"diffclip/internal/run"
)

var table1 = Study{
	Name:  "table1",
	Title: "Table 1: accuracy from 2, 8 and 20 labels per class",
	About: []string{
		"The paper compares DiffCLIP with CLIP, LDS2AE and four few-shot methods on Houston 2013, MUUFL Gulfport and Trento, from 2, 8 and 20 training samples per class.",
		"Here DiffCLIP is stage 1 on unlabelled windows of the scene and then stage 2; \"CLIP from scratch\" is stage 2 alone, with the same two encoders and no stage 1. LDS2AE is built after its description (run.LDS2AE says what is assumed): it learns from the training samples alone, in both of its stages. The linear probe is a fully connected layer on the encoder of DiffCLIP's stage 1, which it leaves as it is. The classical methods see the mean of the 3 x 3 pixels around a sample. All methods of a seed learn from the same samples and are tested on the same ones.",
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
		for _, a := range append(learnedArms(quick), classicalArms(classic)...) {
			a.Setting, a.X, a.Change = setting, float64(n), with(shots(n), a.Change)
			arms = append(arms, a)
		}
	}
	return arms
}

// learnedArms are the networks; those that take long are left out of a quick run.
func learnedArms(quick bool) []Arm {
	arms := []Arm{{Method: "CLIP from scratch", Paper: "CLIP", Train: diffclip{alone: true}}}
	if !quick {
		arms = append(arms, Arm{Method: "LDS2AE", Train: diffclip{}, Change: run.LDS2AE}, Arm{Method: "Linear probe", Train: diffclip{}, Change: run.LinearProbe})
	}
	return append(arms, Arm{Method: "DiffCLIP", Train: diffclip{}})
}
