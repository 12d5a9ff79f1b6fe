package docs_test

import (
	"regexp"
	"strings"

	"diffclip/bench"
	"diffclip/vit"
)

const gpu = "gpu.md"

// gpuClaims holds sentences about GPUs.
func gpuClaims(c *claims) {
	needClaims(c)
	stepClaims(c)
	toleranceClaims(c)
	cardClaims(c)
}

// needClaims holds what a machine must have.
func needClaims(c *claims) {
	const driver = "../cuda/internal/driver/driver_cgo.go"
	c.says(gpu, "compute capability %s.0 or newer", c.source(driver, `minMajor = (\d+)`)...)
	oldest := c.source(driver, `minDriver = (\d+)(\d)0\n`)
	major := strings.TrimSuffix(oldest[0].(string), "0")
	c.says(gpu, "driver for CUDA %s.%s or newer (%s)", major, oldest[1], c.source(driver, `driver (\d+) or newer`)[0])
	const find = "../cuda/internal/driver/find.go"
	blas := c.source(find, `"libcublas.so.(\d+)", "libcublas.so.(\d+)"`)
	c.says(gpu, "cuBLAS %s or %s for", blas[1], blas[0])
	c.says(gpu, "cuDNN %s for", c.source(find, `"libcudnn.so.(\d+)"`)...)
	const precision = "../cuda/cuda.go"
	tf32, bf16 := c.source(precision, `"tf32" // factors rounded to (\d+) bits`)[0], c.source(precision, `"bf16" // factors rounded to (\d+) bits`)[0]
	c.says(gpu, "rounds factors to %s bits, `bf16` to %s (of convolutions to %s,", tf32, bf16, tf32)
	e := vit.Default()
	c.says(gpu, "over at most %s tokens with heads of %d is products too: in `tf32` and `bf16` it rounds to %s bits",
		c.source("../cuda/kernels/attention.go", `MMATokens = (\d+)`)[0], e.Dim/e.Heads, tf32)
	c.says(gpu, "algorithm %s of each gradient", c.source("../cuda/internal/driver/dnn.h", `BWD_DATA_ALGO_1 = (\d)`)...)
}

// stepClaims holds what a step asks of a device to the limits of its test.
func stepClaims(c *claims) {
	step := func(workload string) []any {
		return c.source("../cuda/counts_test.go", `"`+workload+`": +\{commands: (\d+), uploads: (\d+), uploaded: (\d+)e3`)
	}
	one, two := step("pretrain"), step("fewshot")
	c.says(gpu, "A step of pre-training at batch %d is at most %s commands in five graphs and %s copies to the device of %s KB together", bench.PretrainBatch, one[0], one[1], one[2])
	c.says(gpu, "of few-shot training %s commands and %s copies. Of", two[0], two[1])
	ahead := c.source("../cuda/cuda.go", `Ahead\(\) int \{ return (\d+) \}`)
	c.says(gpu, "Windows are classified %s at a time", c.source("../clip/classify.go", `classifyBatch = (\d+)`)...)
	c.says(gpu, "The host reads up to %s steps at once", ahead...)
	c.says(gpu, "Of %s steps the host waits for one. A test counts them.", ahead...)
}

// toleranceClaims holds the tolerances of the page's table to those of the tests.
func toleranceClaims(c *claims) {
	suite := c.source("../cuda/conformance_test.go", `conformance.Run\(t, open\(t, Options\{Precision: F32, Strict: true\}, "reverse"\), (\S+)\)`)
	c.says(gpu, "the conformance suite in float32 to %s |", suite...)
	c.says(gpu, "losses to %s of the processor's |", c.source("../cuda/workloads_test.go", `d <= (\S+)\*math`)...)
	both := c.source("../cuda/training_test.go", `\{F32, (\S+), ([^}]+)\}, \{TF32, (\S+), ([^}]+)\}, \{BF16, (\S+), ([^}]+)\}`)
	c.says(gpu, "losses of every step to %s in f32, %s in tf32, %s in bf16; probabilities to %s, %s, %s |", both[0], both[2], both[4], both[1], both[3], both[5])
	c.says(gpu, "| %s replays: the same memory", c.source("../cuda/faults_test.go", `(?s)func TestSteadyState.*?range (\d\d+) \{`)...)
	c.says(gpu, "by the own kernels to %s of the processor's", c.source("../cuda/convolution_test.go", `convolved\(cpu\)\); !\(d <= (\S+)\)`)...)
}

// cardClaims holds what was measured on a card.
func cardClaims(c *claims) {
	f, err := c.raw.asPrinted("performance/gpu.json")
	m := regexp.MustCompile(`^NVIDIA H200, driver (\S+) .*cuBLAS (\S+), cuDNN (\S+),`).FindStringSubmatch(must(c, f, err).Machine)
	if m == nil {
		c.Fatalf("performance/gpu.json: machine %q", f.Machine)
	}
	c.says(gpu, "On an NVIDIA H200 (driver %s, cuBLAS %s, cuDNN %s)", m[1], m[2], m[3])
	const aim = 6.5
	w1, w2, w3 := c.cells("performance/gpu-peers.json", "W1 pretrain"), c.cells("performance/gpu-peers.json", "W2 fewshot"), c.cells("performance/gpu-peers.json", "W3 infer")
	near := func(a, b, share float64) bool { return a/b > share-0.03 && a/b < share+0.03 }
	c.holds(gpu, near(w1[0], w1[2], 1./4) && near(w2[0], w2[3], 1./5) && near(w3[0], w3[3], 1./2), "W1 takes a fourth of the time, W2 a fifth and W3 half.")
	c.holds(gpu, w1[0] > aim, "W1 misses its aim, %g ms on an H100", aim)
	c.says(gpu, "with all of them and took %.2f.", w1[0])
}
