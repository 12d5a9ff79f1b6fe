package tour_test

import (
	"fmt"
	"math"

	"diffclip/bench/ladder"
	"diffclip/internal/kern"
	"diffclip/internal/rng"
)

// A small product, by the kernel that the engine uses.
func Example_product() {
	a := []float32{
		1, 2, 3,
		4, 5, 6,
	}
	b := []float32{
		1, 0,
		0, 1,
		1, 1,
	}
	c := make([]float32, 4)
	g := kern.Gemm{M: 2, N: 2, K: 3, Alpha: 1, A: a, LDA: 3, B: b, LDB: 2, C: c, LDC: 2}
	g.Run(new(kern.Workspace))
	fmt.Println(c[:2])
	fmt.Println(c[2:])
	// Output:
	// [4 5]
	// [10 11]
}

// Three loops and the kernel agree up to rounding.
func Example_agree() {
	const n = 100
	a, b := make([]float32, n*n), make([]float32, n*n)
	rng.New(1, "a", 0).Normal(a, 0)
	rng.New(1, "b", 0).Normal(b, 0)

	slow, fast := make([]float32, n*n), make([]float32, n*n)
	ladder.Naive(slow, a, b, n)
	g := kern.Gemm{M: n, N: n, K: n, Alpha: 1, A: a, LDA: n, B: b, LDB: n, C: fast, LDC: n}
	g.Run(new(kern.Workspace))

	furthest := 0.0
	for i := range slow {
		furthest = max(furthest, math.Abs(float64(slow[i]-fast[i])))
	}
	fmt.Println("within 1e-4:", furthest < 1e-4)
	// Output:
	// within 1e-4: true
}

// How much arithmetic there is for each byte.
func Example_intensity() {
	for _, n := range []float64{8, 128, 720} {
		flop, bytes := 2*n*n*n, 3*n*n*4
		fmt.Printf("n = %3.0f: %9.0f operations, %7.0f bytes, %5.1f per byte\n", n, flop, bytes, flop/bytes)
	}
	// Output:
	// n =   8:      1024 operations,     768 bytes,   1.3 per byte
	// n = 128:   4194304 operations,  196608 bytes,  21.3 per byte
	// n = 720: 746496000 operations, 6220800 bytes, 120.0 per byte
}
