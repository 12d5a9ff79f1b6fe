package docs_test

import (
	"encoding/json"
	"math"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"diffclip/bench"
	"diffclip/vit"
)

// performanceClaims holds sentences about speed.
func performanceClaims(c *claims) {
	machineClaims(c)
	sizeClaims(c)
	peersClaims(c)
	kernelClaims(c)
	gateClaims(c)
	zen4Claims(c)
}

const performance = "performance.md"

// cells returns the numbers of a row of a table as it was printed, without its
// title; NaN for what was not measured.
func (c *claims) cells(name, title string) (numbers []float64) {
	c.Helper()
	f, err := c.raw.asPrinted(name)
	for _, row := range must(c, f, err).Rows {
		if row[0] != title {
			continue
		}
		for _, cell := range row[1:] {
			v := math.NaN()
			if cell != "—" {
				v = leading(c, cell)
			}
			numbers = append(numbers, v)
		}
		return numbers
	}
	c.Fatalf("%s: no row is called %q", name, title)
	return nil
}

// loads returns the least and the greatest load that a file's note names.
func (c *claims) loads(o origin) (least, most string) {
	c.Helper()
	m := regexp.MustCompile(`load of (\d+) to (\d+)`).FindStringSubmatch(o.Note)
	if m == nil {
		c.Fatalf("the note %q names no load: expected \"load of 11 to 21\" or the like", o.Note)
	}
	return m[1], m[2]
}

func machineClaims(c *claims) {
	f, err := c.raw.asPrinted("performance/ceiling.json")
	c.says(performance, "%s; ", must(c, f, err).Machine)
	least, _ := c.loads(c.peers(peers64).origin)
	_, most := c.loads(c.peers(peers64).origin)
	c.says(performance, "on a machine with a load of %s to %s", least, most)
	part := c.source("../bench/ceiling.go", `const part = (\d+) \* time.Microsecond`)
	c.says(performance, "in parts of %g ms", leading(c, part[0].(string))/1000)
	memory := c.cells("performance/ceiling.json", "memory, read / copy (both counted)")
	c.says(performance, "A core that multiplies 512 bits twice a cycle needs data at twice the rate: what is large here waits for memory of %.0f GB/s", memory[1]/2)
	c.says(performance, "two threads here have %.0f GB/s together", memory[1])
}

// sizeClaims holds the sizes of the workloads.
func sizeClaims(c *claims) {
	const workloads = "../bench/workloads.go"
	bands := c.source(workloads, `hsiBands, lidarBands = (\d+), (\d+)`)
	e := vit.Default()
	c.says(performance, "windows of %d x %d pixels, %s + %s bands, width %d.", e.Window, e.Window, bands[0], bands[1], e.Dim)
	row, err := c.peers(peers64).find("pretrain", 1, "diffclip pretrain")
	c.says(performance, "each here with %d windows; scene is a map of %d pixels", must(c, row, err).Batch, bench.ScenePixels)
	c.says(performance, "at each of %d places", e.Tokens())
	c.says(performance, "(%s classes, prompts of %s tokens", c.source(workloads, `\sclasses\s+= (\d+)`)[0], c.source(workloads, `promptTokens\s+= (\d+)`)[0])
	width := e.Dim / e.Heads
	c.says(performance, "Attention with heads of %d has kernels of its own", width)
	c.says(performance, "a stripe of %s queries", c.source("../internal/kern/gen/attention_x86.go", `attendWidth = (\d+)`)...)
	c.says(performance, "A sample of %d tokens and %d heads", 1+e.Tokens(), e.Heads)
}

func (c *claims) peers(name string) *peerFile {
	c.Helper()
	f, err := c.raw.peersOf(name)
	return must(c, f, err)
}

// peersClaims holds what stands beside PyTorch.
func peersClaims(c *claims) {
	for threads := 1; threads <= 2; threads++ {
		for _, title := range []string{"W1, %d thread%s <!-- table: peers performance/peers.json pretrain %d -->",
			"W1 at a batch of 256, %d thread%s <!-- table: peers performance/peers-256.json pretrain %d -->",
			"W2, %d thread%s <!-- table: peers performance/peers.json fewshot %d -->",
			"W3 and a scene, per pixel, %d thread%s <!-- table: peers performance/peers.json infer %d -->"} {
			c.says(performance, title, threads, []string{"", "s"}[threads-1], threads)
		}
	}
	a := aims
	c.says(performance, "W1 %g times plain and %g times tuned, W2 %g times and %g times, W3 %g times and %g times, a scene %g times W3's tuned rate per pixel",
		a[0].plain, a[0].tuned, a[2].plain, a[2].tuned, a[3].plain, a[3].tuned, float64(sceneAim))

	f := c.peers(peers256)
	one, err := f.find("pretrain", 1, "diffclip pretrain")
	two, err2 := f.find("pretrain", 2, "diffclip pretrain")
	theirs, err3 := f.find("pretrain", 1, "torch tuned")
	least, most := c.loads(f.origin)
	gain := must(c, two, err2).Windows / must(c, one, err).Windows
	c.holds(performance, gain >= 1.8, "Its second thread is worth %.2f at its quoted batch of %d (aim 1.8), at a load of %s to %s", gain, bench.PretrainBatch, least, most)
	c.says(performance, "At its quoted batch of %d, W1 held %.0f MiB at its peak where PyTorch held %.1f GiB.", bench.PretrainBatch, one.Peak, must(c, theirs, err3).Peak/1024)
}

// tiers returns how many times slower than AVX-512 each workload is in each tier of a machine's table.
func (c *claims) tiers(machine string) (slower map[string][]float64) {
	c.Helper()
	f, err := c.raw.asPrinted(on(machine, "performance/tiers.json"))
	slower = map[string][]float64{}
	for _, row := range must(c, f, err).Rows {
		for i, tier := range f.Columns[1:] {
			slower[tier] = append(slower[tier], leading(c, row[1])/leading(c, row[1+i]))
		}
	}
	return slower
}

// tierAim is how many times slower than AVX-512 the slowest tier was to be at most.
const tierAim = 12

// kernelClaims holds what is said of products, tiers and the profile.
func kernelClaims(c *claims) {
	cache := c.cells("performance/gate.json", "A·B, 488 x 128 x 256 (four windows, in cache)")[:2]
	c.says(performance, "In the cache the kernels reach %.0f to %.0f %%.", slices.Min(cache), slices.Max(cache))
	c.says(performance, "of the ceiling in the workload and at %.0f to %.0f %% on data in the cache", slices.Min(cache), slices.Max(cache))

	slower := c.tiers("")
	avx2, generic := slower["AVX2"], slower["generic"]
	c.holds(performance, slices.Min(generic) > tierAim, "is at %.2f to %.2f of AVX-512 (aim 0.6); the generic tier is %.0f to %.0f times slower (aim %d, **missed**). Scalar code cannot come to %d here.",
		1/slices.Max(avx2), 1/slices.Min(avx2), slices.Min(generic), slices.Max(generic), tierAim, tierAim)
	w1, err := c.peers(peers64).find("pretrain", 1, "diffclip pretrain")
	work := must(c, w1, err).GFLOPs / w1.Windows // of a window
	scalar := leading(c, c.source("performance.md", `once a cycle,\s+([\d.]+) GFLOP/s`)[0].(string))
	c.says(performance, "where AVX-512 does %.0f.", c.cells("performance/ceiling.json", "fused multiply-add, AVX-512")[0])
	c.says(performance, "take %.1f s a window, nearly %.0f times what AVX-512 takes for all of a window",
		work/scalar, math.Ceil(work/scalar*c.cells("performance/tiers.json", "W1")[0]))

	profile, err := c.raw.asPrinted("performance/profile.json")
	sum := 0.0
	for _, row := range must(c, profile, err).Rows {
		sum += leading(c, row[1])
	}
	if sum != 100 {
		c.Errorf("the shares of W1's time add up to %g %%", sum)
	}
	serial := leading(c, c.source("performance.md", `took\s+([\d.]+) % of W1 at one thread`)[0].(string)) / 100
	c.says(performance, "By Amdahl's law that allows %.1f times on sixteen processors.", 1/(serial+(1-serial)/16))
}

// gateClaims holds what is said of the gate.
func gateClaims(c *claims) {
	f, err := c.raw.asPrinted("performance/gate.json")
	least, most := c.loads(must(c, f, err).origin)
	c.says(performance, "in processor time, at a load of %s to %s:", least, most)
	c.says(performance, "for more than %.0f %% of it", 100*leading(c, c.source("../bench/stopwatch.go", `mostWaiting = ([\d.]+)`)[0].(string)))
	var floors map[string]map[string]float64
	text, err := os.ReadFile("../bench/gate/floors.json")
	if err := json.Unmarshal(must(c, text, err), &floors); err != nil {
		c.Fatal(err)
	}
	c.says(performance, "fails all %d checks", len(floors["avx512 GenuineIntel"]))
}

// zen4Claims holds what is said of a second machine.
func zen4Claims(c *claims) {
	f := c.peers(on(zen4, peers64))
	least, most := c.loads(f.origin)
	machine, _, _ := strings.Cut(f.Machine, ", 24 GiB")
	c.says(performance, "%s, where 512 bits are computed as two halves", machine)
	c.says(performance, "With the commands above, at a load of %s to %s, but for", least, most)
	c.says(performance, "but for the batch of %d and the tiers:", bench.PretrainBatch)
	slower := c.tiers(zen4)
	avx2, sse, generic := slower["AVX2"], slower["SSE"], slower["generic"]
	c.holds(performance, generic[0] < tierAim && generic[1] < tierAim && generic[2] > tierAim,
		"AVX2 is at %.2f to %.2f of AVX-512, the generic tier %.1f (W1), %.1f (W2) and %.1f (W3) times slower: its aim of %d is **missed** with W3 alone",
		1/slices.Max(avx2), 1/slices.Min(avx2), generic[0], generic[1], generic[2], tierAim)
	var gain []float64
	for i, g := range generic {
		gain = append(gain, g/sse[i])
	}
	c.holds(performance, slices.Max(sse) < tierAim, "SSE is %.1f to %.1f times slower than AVX-512 (aim %d), and %.1f to %.1f times as fast as the generic tier",
		slices.Min(sse), slices.Max(sse), tierAim, slices.Min(gain), slices.Max(gain))
	share := func(machine string) float64 { return c.cells(on(machine, "performance/gate.json"), "W1")[0] }
	c.says(performance, "W1 is at %.0f %% of the ceiling here with one thread, where Intel's memory allows %.0f %%", share(zen4), share(""))
	a := aims[0]
	plain, tuned, err := c.raw.times(a.file, a.workload, 1)
	must(c, plain, err)
	c.says(performance, "On Intel, W1's aims with %d windows and one thread would take %.0f %% (tuned) and %.0f %% (plain) of the ceiling",
		f.Rows[0].Batch, share("")*a.tuned/tuned, share("")*a.plain/plain)
}

// TestPeersAreWhole: times are ratios of rates, as far as both are printed.
func TestPeersAreWhole(t *testing.T) {
	r := newRaw()
	for _, name := range []string{peers64, peers256, on(zen4, peers64), on(zen4, peers256)} {
		f, err := r.peersOf(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range f.Rows {
			ours, err := f.find(row.Workload, row.Threads, "diffclip "+row.Workload)
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if want := ours.Windows / row.Windows; math.Abs(row.Time-want) > 0.005+0.002*want || contenders[row.Contender] == "" || row.Best < row.Windows {
				t.Errorf("%s: %+v: expected a known contender, its time %.2f, its best not below its median", name, row, want)
			}
		}
	}
}
