package tsne

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"

	"diffclip/internal/par"
	"diffclip/internal/rng"
)

// clusters returns n points in each of k clusters of spread 1 in 10 dimensions,
// whose centres are about 4·apart from each other.
func clusters(k, n int, apart float64) (x [][]float64, label []int) {
	const dims = 10
	draw := make([]float32, dims*(k+k*n))
	rng.New(3, "test/clusters", 0).Normal(draw, 0)
	for c := range k {
		for i := range n {
			p := make([]float64, dims)
			for d := range p {
				p[d] = apart*float64(draw[c*dims+d]) + float64(draw[(k+c*n+i)*dims+d])
			}
			x, label = append(x, p), append(label, c)
		}
	}
	return x, label
}

func newPool(t *testing.T) *par.Pool {
	pool := par.New(2)
	t.Cleanup(pool.Close)
	return pool
}

func TestCalibration(t *testing.T) {
	x, _ := clusters(3, 40, 2)
	for _, perplexity := range []float64{1.5, 5, 30} {
		for i, row := range neighbours(newPool(t), x, len(x)-1) {
			if err := calibrate(row, perplexity); err != nil {
				t.Fatal(err)
			}
			sum, entropy := 0.0, 0.0
			for _, v := range row {
				sum += v.value
				if v.value > 0 {
					entropy -= v.value * math.Log(v.value)
				}
			}
			if math.Abs(sum-1) > 1e-12 || math.Abs(math.Exp(entropy)-perplexity) > 1e-7*perplexity {
				t.Fatalf("point %d: probabilities add up to %v, perplexity %v, want 1 and %v", i, sum, math.Exp(entropy), perplexity)
			}
		}
	}
}

// Scale must not matter, however small or large.
func TestCalibrationAtAnyScale(t *testing.T) {
	x, _ := clusters(2, 20, 2)
	want := neighbours(newPool(t), x, len(x)-1)[0]
	if err := calibrate(want, 5); err != nil {
		t.Fatal(err)
	}
	for _, scale := range []float64{1e-150, 1e-9, 1e9, 1e95} {
		y := make([][]float64, len(x))
		for i, row := range x {
			for _, v := range row {
				y[i] = append(y[i], v*scale)
			}
		}
		got := neighbours(newPool(t), y, len(y)-1)[0]
		if err := calibrate(got, 5); err != nil {
			t.Fatal(err)
		}
		for j := range got {
			if math.Abs(got[j].value-want[j].value) > 1e-7 {
				t.Fatalf("scale %g, neighbour %d: %v, want %v", scale, j, got[j].value, want[j].value)
			}
		}
	}
}

func TestAffinitiesAreSymmetric(t *testing.T) {
	x, _ := clusters(3, 40, 2)
	for _, k := range []int{30, len(x) - 1} {
		p, err := affinities(newPool(t), x, k, 10)
		if err != nil {
			t.Fatal(err)
		}
		sum := 0.0
		for i, row := range p {
			for _, v := range row {
				sum += v.value
				back := slices.IndexFunc(p[v.at], func(w neighbour) bool { return w.at == int32(i) })
				if back < 0 || p[v.at][back].value != v.value {
					t.Fatalf("k %d: p(%d, %d) and p(%d, %d) differ", k, i, v.at, v.at, i)
				}
			}
		}
		if math.Abs(sum-1) > 1e-12 {
			t.Errorf("k %d: affinities add up to %v", k, sum)
		}
	}
}

func TestNeighboursAreTheNearest(t *testing.T) {
	x, _ := clusters(3, 30, 1)
	all, some := neighbours(newPool(t), x, len(x)-1), neighbours(newPool(t), x, 12)
	for i := range x {
		slices.SortStableFunc(all[i], func(a, b neighbour) int {
			if a.value < b.value {
				return -1
			}
			return 1
		})
		if !slices.Equal(all[i][:12], some[i]) {
			t.Fatalf("point %d: %v, want %v", i, some[i], all[i][:12])
		}
	}
}

// places returns places with some structure and some that coincide.
func places(n int) []Point {
	draw := make([]float32, 2*n)
	rng.New(8, "test/places", 0).Normal(draw, 0)
	y := make([]Point, n)
	for i := range y {
		y[i] = Point{8*float64(i%3) + float64(draw[2*i]), 3 * float64(draw[2*i+1])}
	}
	y[5], y[6] = y[4], y[4]
	return y
}

func TestGradientAgainstFiniteDifferences(t *testing.T) {
	x, _ := clusters(3, 10, 2)
	e, err := newExact(newPool(t), x, 5)
	if err != nil {
		t.Fatal(err)
	}
	y := places(len(x))
	f := newForces(len(y))
	e.fill(f, y)
	z := f.total()
	const h = 1e-5
	for i := range y {
		for axis := range 2 {
			at := y[i][axis]
			y[i][axis] = at + h
			up := e.divergence(y)
			y[i][axis] = at - h
			down := e.divergence(y)
			y[i][axis] = at
			got, want := f.gradient(i, axis, 1, z), (up-down)/(2*h)
			if math.Abs(got-want) > 1e-8 {
				t.Errorf("dKL/dy[%d][%d] = %.10f, by differences %.10f", i, axis, got, want)
			}
		}
	}
}

// With an angle of nearly nothing the tree adds up the very pairs; with the
// usual one the forces are off by little.
func TestBarnesHutAgainstExact(t *testing.T) {
	x, _ := clusters(3, 200, 2)
	y := places(len(x))
	pool := newPool(t)
	p, err := affinities(pool, x, len(x)-1, 20)
	if err != nil {
		t.Fatal(err)
	}
	want := newForces(len(y))
	(&exact{pool, p}).fill(want, y)
	for _, c := range []struct{ theta, tolerance float64 }{{1e-9, 1e-12}, {0.2, 0.003}, {0.5, 0.03}} {
		got := newForces(len(y))
		(&barnesHut{pool: pool, p: p, theta: c.theta}).fill(got, y)
		if d := math.Abs(got.total()/want.total() - 1); d > c.tolerance {
			t.Errorf("theta %g: Z is off by %g", c.theta, d)
		}
		off, size := 0.0, 0.0
		for i := range y {
			if got.attract[i] != want.attract[i] {
				t.Fatalf("theta %g: attraction of point %d is %v, want %v", c.theta, i, got.attract[i], want.attract[i])
			}
			for axis := range 2 {
				off += math.Pow(got.repel[i][axis]-want.repel[i][axis], 2)
				size += math.Pow(want.repel[i][axis], 2)
			}
		}
		if r := math.Sqrt(off / size); r > c.tolerance {
			t.Errorf("theta %g: repulsion is off by %g of its size, want at most %g", c.theta, r, c.tolerance)
		}
	}
}

// purity is the share of points whose nearest neighbour in the plane has their label.
func purity(y []Point, label []int) float64 {
	same := 0
	for i := range y {
		best, at := math.Inf(1), 0
		for j := range y {
			if d := math.Hypot(y[i][0]-y[j][0], y[i][1]-y[j][1]); j != i && d < best {
				best, at = d, j
			}
		}
		if label[i] == label[at] {
			same++
		}
	}
	return float64(same) / float64(len(y))
}

func TestClustersStayApart(t *testing.T) {
	for _, c := range []struct {
		name  string
		n     int
		theta float64
	}{{"exact", 40, 0}, {"Barnes-Hut", 150, 0.5}} {
		x, label := clusters(4, c.n, 3)
		cfg := Default()
		cfg.Perplexity, cfg.Iterations, cfg.Theta = 15, 500, c.theta
		r, err := Embed(context.Background(), x, cfg)
		if err != nil {
			t.Fatal(err)
		}
		if got := purity(r.Points, label); got < 1 {
			t.Errorf("%s: %.3f of the nearest neighbours are of the same cluster, want all", c.name, got)
		}
		// Each cluster lies together: its own radius is small against the gaps.
		if gap := separation(r.Points, label, 4); gap < 2 {
			t.Errorf("%s: the nearest centres are %.2f radii apart, want at least 2", c.name, gap)
		}
		if !(r.Divergence > 0 && r.Divergence < 1.5) {
			t.Errorf("%s: divergence %v", c.name, r.Divergence)
		}
	}
}

// separation is the least distance of two centres over the largest mean radius.
func separation(y []Point, label []int, k int) float64 {
	centres, counts := make([]Point, k), make([]float64, k)
	for i, c := range label {
		centres[c][0] += y[i][0]
		centres[c][1] += y[i][1]
		counts[c]++
	}
	for c := range centres {
		centres[c] = Point{centres[c][0] / counts[c], centres[c][1] / counts[c]}
	}
	radius, gap := make([]float64, k), math.Inf(1)
	for i, c := range label {
		radius[c] += math.Hypot(y[i][0]-centres[c][0], y[i][1]-centres[c][1]) / counts[c]
	}
	for a := range k {
		for b := range a {
			gap = min(gap, math.Hypot(centres[a][0]-centres[b][0], centres[a][1]-centres[b][1]))
		}
	}
	return gap / slices.Max(radius)
}

func TestSameForAnyThreadsAndSeed(t *testing.T) {
	x, _ := clusters(3, 150, 2)
	cfg := Default()
	cfg.Perplexity, cfg.Iterations = 10, 60
	for _, theta := range []float64{0, 0.5} {
		cfg.Theta, cfg.Seed = theta, 1
		var first *Result
		for _, threads := range []int{1, 2, 5} {
			cfg.Threads = threads
			r, err := Embed(context.Background(), x, cfg)
			if err != nil {
				t.Fatal(err)
			}
			if first == nil {
				first = r
			}
			if !slices.Equal(r.Points, first.Points) || r.Divergence != first.Divergence {
				t.Errorf("theta %g: %d threads give another embedding", theta, threads)
			}
		}
		cfg.Seed = 2
		r, err := Embed(context.Background(), x, cfg)
		if err != nil || slices.Equal(r.Points, first.Points) {
			t.Errorf("theta %g: another seed gives the same embedding (%v)", theta, err)
		}
	}
}

func TestRefusals(t *testing.T) {
	good, _ := clusters(2, 20, 2)
	with := func(change func(x [][]float64)) [][]float64 {
		x := make([][]float64, len(good))
		for i := range x {
			x[i] = slices.Clone(good[i])
		}
		change(x)
		return x
	}
	for _, c := range []struct {
		name       string
		x          [][]float64
		perplexity float64
		want       string
	}{
		{"none", nil, 5, "0 points: want at least 5"},
		{"four", good[:4], 1, "4 points: want at least 5"},
		{"few", good[:9], 5, "9 points are too few for perplexity 5"},
		{"perplexity", good, 1, "want a perplexity above 1"},
		{"NaN", with(func(x [][]float64) { x[7][2] = math.NaN() }), 5, "value 2 of point 7 is NaN"},
		{"infinite", with(func(x [][]float64) { x[0][0] = math.Inf(-1) }), 5, "value 0 of point 0 is -Inf"},
		{"ragged", with(func(x [][]float64) { x[3] = x[3][:4] }), 5, "point 3 has 4 values, the first 10"},
		{"copies", with(func(x [][]float64) {
			for i := range 8 {
				x[i] = x[0]
			}
		}), 5, "point 0: 7 others are copies of it or equally near"},
		{"all the same", with(func(x [][]float64) {
			for i := range x {
				x[i] = x[0]
			}
		}), 5, "39 others are copies"},
	} {
		cfg := Default()
		cfg.Perplexity = c.perplexity
		if _, err := Embed(context.Background(), c.x, cfg); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		}
	}
	if _, err := Embed(context.Background(), good[:5], DefaultFor(5)); err != nil {
		t.Errorf("five points: %v", err)
	}
	// A few copies are no matter.
	cfg := Default()
	cfg.Perplexity, cfg.Iterations = 5, 20
	r, err := Embed(context.Background(), with(func(x [][]float64) { x[1] = x[0] }), cfg)
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range r.Points {
		if math.IsNaN(p[0] + p[1]) {
			t.Errorf("point %d lies at %v", i, p)
		}
	}
}

func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	x, _ := clusters(2, 30, 2)
	cfg := Default()
	cfg.Perplexity = 5
	if _, err := Embed(ctx, x, cfg); err != context.Canceled {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
}

// With a thousand points in one place the tree must end.
func TestTreeOfOnePlace(t *testing.T) {
	y := make([]Point, 1000)
	y[999] = Point{1e-300, 0}
	var tree quadtree
	tree.build(y)
	force, weight := tree.repel(0, 0.5)
	if math.Abs(weight-999) > 1e-9 || force[0] > 1e-9 {
		t.Errorf("weight %v, force %v, want 999 and none", weight, force)
	}
}

func BenchmarkEmbed(b *testing.B) {
	x, _ := clusters(10, 200, 2)
	cfg := Default()
	for b.Loop() {
		if _, err := Embed(context.Background(), x, cfg); err != nil {
			b.Fatal(err)
		}
	}
}
