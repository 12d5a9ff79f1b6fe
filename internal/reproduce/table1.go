package reproduce

import "fmt"

var table1 = Study{
	Name:  "table1",
	Title: "Table 1: accuracy from 2, 8 and 20 labels per class",
	About: []string{
		"The paper compares DiffCLIP with CLIP, LDS2AE and four few-shot methods on Houston 2013, MUUFL Gulfport and Trento, from 2, 8 and 20 training samples per class.",
		"Here DiffCLIP is stage 1 on unlabelled windows of the scene and then stage 2; \"CLIP from scratch\" is stage 2 alone, with the same two encoders and no stage 1. LDS2AE is built after its description and learns from the training samples alone: masked diffusion with their labels, then a fully connected layer. The linear probe is a fully connected layer on the encoder of DiffCLIP's stage 1, which it leaves as it is. The classical methods (svm: support vector machine, rf: random forest, lda: linear discriminant analysis; -pca: on principal components) see the mean of the 3 x 3 pixels around a sample. All methods of a seed learn from the same samples and are tested on the same ones.",
	},
	Caution: []string{
		"The paper's CLIP is described as pre-trained with ViT-B-14; CLIP from scratch has this project's small encoder and has seen no other picture.",
		"The code of LDS2AE was not at hand. What its description leaves open, such as the samples of its first stage, is assumed; the paper's LDS2AE may be another in that.",
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
		group := append(learnedArms(quick), classicalArms(classic)...)
		arms = append(arms, trainedOn(group, fmt.Sprintf("%d-shot", n), n)...)
	}
	return arms
}
