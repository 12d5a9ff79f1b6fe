package solution_test

import (
	"testing"

	"diffclip/docs/tour/internal/answer"
	"diffclip/docs/tour/solution"
)

// Every exercise can be solved.
func TestSolutions(t *testing.T) {
	for _, x := range []struct {
		name  string
		check func() error
	}{
		{"NeuronGrad", func() error { return answer.NeuronGrad(solution.NeuronGrad) }},
		{"Offset", func() error { return answer.Offset(solution.Offset) }},
		{"ProductTransposed", func() error { return answer.ProductTransposed(solution.ProductTransposed) }},
		{"RMSNormGrad", func() error { return answer.RMSNormGrad(solution.RMSNormGrad) }},
		{"CausalShares", func() error { return answer.CausalShares(solution.CausalShares) }},
		{"BlockValues", func() error { return answer.BlockValues(solution.BlockValues) }},
		{"RestoreRows", func() error { return answer.RestoreRows(solution.RestoreRows) }},
		{"JumpTo", func() error { return answer.JumpTo(solution.JumpTo) }},
		{"RestorationLoss", func() error { return answer.RestorationLoss(solution.RestorationLoss) }},
		{"Merge", func() error { return answer.Merge(solution.Merge) }},
		{"ContrastiveLoss", func() error { return answer.ContrastiveLoss(solution.ContrastiveLoss) }},
		{"Agreement", func() error { return answer.Agreement(solution.Agreement) }},
		{"Roofline", func() error { return answer.Roofline(solution.Roofline) }},
	} {
		t.Run(x.name, func(t *testing.T) {
			if err := x.check(); err != nil {
				t.Error(err)
			}
		})
	}
}
