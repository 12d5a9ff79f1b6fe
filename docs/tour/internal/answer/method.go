package answer

import (
	"fmt"
	"math"

	"diffclip/autograd"
	"diffclip/diffusion"
	"diffclip/rsdata"
	"diffclip/tensor"
)

// JumpTo checks chapter 7 against the engine's schedule.
func JumpTo(f func(beta []float64, t int, x0, eps float64) (float64, error)) error {
	s := diffusion.DefaultSchedule(1000)
	for _, t := range []int{1, 2, 250, 1000} {
		for _, v := range [][2]float64{{0.7, 0}, {0, 1}, {-0.2, 1.5}} {
			got, err := f(s.Beta, t, v[0], v[1])
			if err != nil {
				return err
			}
			a := s.AlphaCumprod[t-1]
			if want := math.Sqrt(a)*v[0] + math.Sqrt(1-a)*v[1]; !near(got, want) {
				return fmt.Errorf("JumpTo at t = %d of x0 = %v, eps = %v is %v, want %v", t, v[0], v[1], got, want)
			}
		}
	}
	return nil
}

// RestorationLoss checks chapter 8 on windows small enough to work out by hand.
func RestorationLoss(f func(restored, clean [][]float64, masked []bool, maskedWeight, visibleWeight float64) (float64, error)) error {
	restored, clean := [][]float64{{1, 2}, {3, 5}, {0, 0}}, [][]float64{{1, 1}, {1, 1}, {0, 4}}
	for _, c := range []struct {
		masked []bool
		want   float64
	}{
		{[]bool{false, true, false}, 0.1*(4+16)/2 + (1+16)/4.0},
		{[]bool{true, true, false}, 0.1*(1+4+16)/4 + 16/2.0},
		{[]bool{false, false, false}, (1 + 4 + 16 + 16) / 6.0},
	} {
		got, err := f(restored, clean, c.masked, 0.1, 1)
		if err != nil {
			return err
		}
		if !near(got, c.want) {
			return fmt.Errorf("RestorationLoss with masked %v is %v, want %v", c.masked, got, c.want)
		}
	}
	return nil
}

// Merge checks chapter 9 on words in which the order of the merges tells.
func Merge(f func(word string, merges [][2]string) ([]string, error)) error {
	merges := [][2]string{{"a", "d"}, {"r", "o"}, {"ro", "ad"}, {"o", "a"}, {"l", "l"}, {"road", "s"}}
	for _, c := range []struct {
		word string
		want []string
	}{
		{"road", []string{"road"}},
		{"roads", []string{"roads"}},
		{"oar", []string{"oa", "r"}},
		{"oad", []string{"o", "ad"}},
		{"lll", []string{"ll", "l"}},
		{"roadroad", []string{"road", "road"}},
		{"x", []string{"x"}},
	} {
		got, err := f(c.word, merges)
		if err != nil {
			return err
		}
		if err := same(fmt.Sprintf("Merge(%q)", c.word), got, c.want); err != nil {
			return err
		}
	}
	return nil
}

// ContrastiveLoss checks chapter 10 against the engine.
func ContrastiveLoss(f func(similarity [][]float64, temperature float64) (float64, error)) error {
	for _, similarity := range [][][]float64{{{0.9, 0.1}, {0.4, 0.8}}, {{1, 0.2, -0.5}, {0.3, 0.1, 0.6}, {-1, 0.7, 0.2}}} {
		for _, temperature := range []float64{1, 0.7, 0.1} {
			got, err := f(similarity, temperature)
			if err != nil {
				return err
			}
			n := len(similarity)
			logits := tensor.New(n, n)
			own := make([]int32, n)
			for i, row := range similarity {
				own[i] = int32(i)
				for j, v := range row {
					logits.Data[i*n+j] = float32(v / temperature)
				}
			}
			t := autograd.NewTape(tensor.NewCPU(1), autograd.Eval)
			x := t.Input(logits)
			want := float64(t.Scale(t.Add(t.CrossEntropy(x, own), t.CrossEntropy(t.Transpose(x), own)), 0.5).Value.Item())
			if !(math.Abs(got-want) < 1e-5*(1+want)) { // the engine computes in float32
				return fmt.Errorf("ContrastiveLoss(%v, %v) is %.6f, want %.6f", similarity, temperature, got, want)
			}
		}
	}
	return nil
}

// Agreement checks chapter 11 against the metrics of the project.
func Agreement(f func(counts [][]int) (oa, aa, kappa float64, err error)) error {
	for _, counts := range [][][]int{{{88, 7}, {1, 4}}, {{5, 0, 1}, {2, 3, 0}, {0, 4, 9}}, {{95, 0}, {5, 0}}} {
		c := rsdata.NewConfusion(len(counts))
		for t, row := range counts {
			for p, n := range row {
				c.Counts[t][p] = int64(n)
			}
		}
		oa, aa, kappa, err := f(counts)
		if err != nil {
			return err
		}
		if err := numbers(fmt.Sprintf("OA, AA, kappa of %v", counts), []float64{oa, aa, kappa}, []float64{c.OA(), c.AA(), c.Kappa()}); err != nil {
			return err
		}
	}
	return nil
}

// Roofline checks chapter 12 on either side of the ridge.
func Roofline(f func(operations, bytes, peak, bandwidth float64) (seconds float64, arithmetic bool, err error)) error {
	for _, c := range []struct {
		operations, bytes, peak, bandwidth, seconds float64
		arithmetic                                  bool
	}{
		{8e9, 1e9, 4e9, 1e9, 2, true},
		{1e9, 3e9, 4e9, 1e9, 3, false},
		{0, 5e8, 4e9, 1e9, 0.5, false},
	} {
		seconds, arithmetic, err := f(c.operations, c.bytes, c.peak, c.bandwidth)
		if err != nil {
			return err
		}
		if !near(seconds, c.seconds) || arithmetic != c.arithmetic {
			return fmt.Errorf("Roofline(%g, %g, %g, %g) is %v, %v; want %v, %v", c.operations, c.bytes, c.peak, c.bandwidth, seconds, arithmetic, c.seconds, c.arithmetic)
		}
	}
	return nil
}
