package reproduce

import (
	"diffclip/internal/run"
)

// learnedArms are the rows of networks that Tables 1 and 5 and Figure 3 have, those
// the reference last. In a quick run LDS2AE trains no longer than DiffCLIP, and the
// linear probe is left out.
func learnedArms(quick bool) []Arm {
	arms := []Arm{{Method: "CLIP from scratch", Paper: "CLIP", Train: diffclip{alone: true}}}
	if quick {
		arms = append(arms, Arm{Method: "LDS2AE", Train: diffclip{}, Change: sameLength(run.LDS2AE)})
	} else {
		arms = append(arms, Arm{Method: "linear probe", Train: diffclip{}, Change: run.LinearProbe}, Arm{Method: "LDS2AE", Train: diffclip{}, Change: run.LDS2AE})
	}
	return append(arms, Arm{Method: "DiffCLIP", Train: diffclip{}})
}

// sameLength makes a change that leaves the epochs as they are.
func sameLength(change func(*run.Config)) func(*run.Config) {
	return func(c *run.Config) {
		first, second := c.Pretrain.Epochs, c.Finetune.Epochs
		change(c)
		c.Pretrain.Epochs = first
		c.SetEpochs(second)
	}
}

// trainedOn gives every arm a setting and a number of training samples per class.
func trainedOn(arms []Arm, setting string, n int) []Arm {
	for i := range arms {
		a := &arms[i]
		a.Setting, a.X = setting, float64(n)
		a.Change = with(shots(n), a.Change)
	}
	return arms
}
