package bench

import (
	"fmt"
	"testing"

	"diffclip/tensor"
)

// BenchmarkWorkload runs the workloads at their quoted batches, and the map of
// a scene of which only a strip is taken: what a pixel costs does not depend on
// how many rows there are.
func BenchmarkWorkload(b *testing.B) {
	for _, threads := range threadCounts {
		for _, name := range []string{"pretrain", "pretrain-reference", "fewshot", "infer", "scene"} {
			b.Run(fmt.Sprintf("%s/threads=%d", name, threads), func(b *testing.B) {
				be := tensor.NewCPU(threads)
				defer be.Close()
				w, err := New(name, be, 0)
				if err != nil {
					b.Fatal(err)
				}
				defer w.Close()
				w.Step()
				w.Step()
				steps := reportGFLOPs(b, threads, w.GFLOP, func() { w.Step() })
				b.ReportMetric(steps*float64(w.Batch), "patches/s")
			})
		}
	}
}
