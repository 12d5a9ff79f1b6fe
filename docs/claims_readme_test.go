package docs_test

// readmeClaims holds what the README says beside its tables.
func readmeClaims(c *claims) {
	const page = "../README.md"
	limits := c.source("../rsdata/memory_test.go", `memoryLimit, threadLimit = (\d+)e6, (\d+)e6`)
	c.says(page, "takes the scene and less than %s MB with two threads", limits[0])
	c.says(page, "each further thread adds less than %s MB", limits[1])
	c.says(page, "were on an H200: %.1f ms a step of stage 1", c.cells("performance/gpu.json", "W1 pretrain")[2])
}
