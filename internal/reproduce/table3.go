package reproduce

import (
	"diffclip/clip"
	"diffclip/internal/run"
)

var table3 = Study{
	Name:  "table3",
	Title: "Table 3: what each part of the method adds",
	About: []string{
		"The paper takes away, one at a time, the text encoder, the noise, the mask and the whole of stage 1, and prints means \"on three datasets\". The row DiffCLIP is the mean of Table 5, so that the table is taken to be of 40 training samples per class.",
		"Without text, a fully connected layer on the image features tells the classes apart by cross-entropy. Without diffusion, stage 1 sees clean patches; without mask, it sees all patches, noised; without unsupervised learning, stage 2 starts from random weights.",
	},
	Metrics:   sceneMetrics,
	Reference: "DiffCLIP",
	Mean:      overScenes,
	Arms: func(bool) []Arm {
		arms := []Arm{
			{Method: "w/o Text", Train: diffclip{}, Change: func(c *run.Config) { c.Classifier.Head = clip.HeadLinear }},
			{Method: "w/o Diffusion", Train: diffclip{}, Change: func(c *run.Config) { c.Diffusion.NoNoise = true }},
			{Method: "w/o Mask", Train: diffclip{}, Change: func(c *run.Config) { c.Diffusion.MaskRatio = 0 }},
			{Method: "w/o Unsupervised", Train: diffclip{alone: true}},
			{Method: "DiffCLIP", Train: diffclip{}},
		}
		for i := range arms {
			arms[i].Change = with(shots(perClass), arms[i].Change)
		}
		return arms
	},
	Charts: bars,
}
