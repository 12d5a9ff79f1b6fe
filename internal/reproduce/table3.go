package reproduce

import (
	"fmt"

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
			{Method: "w/o Text", Train: diffclip{}, Change: variant("no-text")},
			{Method: "w/o Diffusion", Train: diffclip{}, Change: variant("no-noise")},
			{Method: "w/o Mask", Train: diffclip{}, Change: variant("no-mask")},
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

// variant returns the change that a variant of DiffCLIP makes of a configuration.
func variant(name string) func(*run.Config) {
	v, err := run.FindVariant(name)
	if err != nil {
		panic(fmt.Errorf("reproduce: %w", err))
	}
	return v.Apply
}
