package tour_test

import (
	"fmt"
	"math"

	"diffclip/diffusion"
	"diffclip/internal/rng"
)

// How much of a value and how much noise is left at some steps.
func Example_schedule() {
	s := diffusion.DefaultSchedule(1000)
	for _, step := range []int{1, 100, 250, 500, 1000} {
		i := step - 1 // step t of the paper has index t-1
		fmt.Printf("t = %4d: beta %.4f, x_t = %.3f x_0 + %.3f noise\n", step, s.Beta[i], s.SqrtAlpha[i], s.SqrtOneMinus[i])
	}
	// Output:
	// t =    1: beta 0.0001, x_t = 1.000 x_0 + 0.010 noise
	// t =  100: beta 0.0021, x_t = 0.947 x_0 + 0.321 noise
	// t =  250: beta 0.0051, x_t = 0.724 x_0 + 0.690 noise
	// t =  500: beta 0.0100, x_t = 0.280 x_0 + 0.960 noise
	// t = 1000: beta 0.0200, x_t = 0.006 x_0 + 1.000 noise
}

// Many small steps of Eq. (1) are one large one.
func Example_jump() {
	s := diffusion.DefaultSchedule(1000)
	factor, variance := 1.0, 0.0
	for _, beta := range s.Beta[:250] {
		factor *= math.Sqrt(1 - beta)
		variance = (1-beta)*variance + beta
	}
	fmt.Printf("250 steps: %.3f x_0 + %.3f noise\n", factor, math.Sqrt(variance))
	fmt.Printf("one jump:  %.3f x_0 + %.3f noise\n", s.SqrtAlpha[249], s.SqrtOneMinus[249])
	// Output:
	// 250 steps: 0.724 x_0 + 0.690 noise
	// one jump:  0.724 x_0 + 0.690 noise
}

// A network that always knows x_0 leads noise home.
func Example_reverse() {
	s := diffusion.DefaultSchedule(1000)
	known := []float32{0.8, -0.3, 0.1}
	x, noise := make([]float32, 3), make([]float32, 3)
	rng.New(1, "start", 0).Normal(x, 0)
	for t := s.Steps() - 1; t >= 0; t-- {
		rng.New(1, "step", uint64(t)).Normal(noise, 0)
		s.Reverse(x, known, noise, t)
		if t == 999 || t == 500 || t == 100 || t == 10 || t == 0 {
			fmt.Printf("after index %3d: %5.2f\n", t, x)
		}
	}
	// Output:
	// after index 999: [ 0.11 -0.19 -0.52]
	// after index 500: [ 0.13 -1.02  2.08]
	// after index 100: [ 0.80 -0.67  0.12]
	// after index  10: [ 0.82 -0.35  0.12]
	// after index   0: [ 0.80 -0.30  0.10]
}
