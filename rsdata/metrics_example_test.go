package rsdata_test

import (
	"fmt"

	"diffclip/rsdata"
)

// Three classes, ten samples; the third class is rare and half wrong, which AA notices more than OA.
func ExampleConfusion() {
	c := rsdata.NewConfusion(3)
	for _, sample := range []struct{ truth, predicted int }{
		{0, 0}, {0, 0}, {0, 0}, {0, 0}, {0, 1},
		{1, 1}, {1, 1}, {1, 1},
		{2, 2}, {2, 0},
	} {
		c.Add(sample.truth, sample.predicted)
	}
	fmt.Printf("OA %.3f  AA %.3f  kappa %.3f\n", c.OA(), c.AA(), c.Kappa())
	for i, s := range c.PerClass() {
		fmt.Printf("class %d: recall %.2f, precision %.2f\n", i, s.Recall, s.Precision)
	}
	// Output:
	// OA 0.800  AA 0.767  kappa 0.672
	// class 0: recall 0.80, precision 0.80
	// class 1: recall 1.00, precision 0.75
	// class 2: recall 0.50, precision 1.00
}
