package docs_test

import (
	"diffclip/bench"
	"diffclip/tensor"
)

// readmeClaims holds what the README says beside its tables.
func readmeClaims(c *claims) {
	const page = "../README.md"
	limits := c.source("../rsdata/memory_test.go", `memoryLimit, threadLimit = (\d+)e6, (\d+)e6`)
	c.says(page, "takes the scene and less than %s MB with two threads", limits[0])
	c.says(page, "each further thread adds less than %s MB", limits[1])
	c.says(page, "needs nothing but Go %s (", c.source("../go.mod", `(?m)^go (\d+\.\d+)`)...)
	size := c.source("../rsdata/memory_test.go", `memoryH, memoryW, memoryBands = (\d+), (\d+), (\d+)`)
	c.says(page, "training uses up to %d processors", tensor.NewCPU(1).Lanes())
	c.says(page, "at batch %d on a scene of %s x %s x %s", bench.PretrainBatch, size[0], size[1], size[2])
	c.says(page, "pre-training at %d by", bench.PretrainBatch)
	c.says(page, "were on an H200: %.1f ms a step of stage 1", c.cells("performance/gpu.json", "W1 pretrain")[2])
}
