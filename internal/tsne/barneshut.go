package tsne

import "diffclip/internal/par"

// barnesHut has affinities to the nearest points alone, and lets far points repel
// by groups, the cells of a quadtree.
type barnesHut struct {
	pool  *par.Pool
	p     [][]neighbour
	theta float64
	tree  quadtree
}

func newBarnesHut(pool *par.Pool, x [][]float64, perplexity, theta float64) (*barnesHut, error) {
	p, err := affinities(pool, x, int(3*perplexity), perplexity)
	return &barnesHut{pool: pool, p: p, theta: theta}, err
}

func (b *barnesHut) fill(f *forces, y []Point) {
	b.tree.build(y)
	b.pool.For(len(y), forceGrain, func(lo, hi, _ int) {
		for i := lo; i < hi; i++ {
			var attract Point
			for _, v := range b.p[i] {
				dx, dy, w := apart(y[i], y[v.at])
				attract[0] += v.value * w * dx
				attract[1] += v.value * w * dy
			}
			f.attract[i] = attract
			f.repel[i], f.weight[i] = b.tree.repel(int32(i), b.theta)
		}
	})
}

func (b *barnesHut) divergence(y []Point) float64 {
	f := newForces(len(y))
	b.fill(f, y)
	return divergence(b.p, y, f.total())
}

// quadtree divides the plane into squares until each holds one point. It is made
// again at each step, in the memory of the step before.
type quadtree struct {
	y     []Point
	order []int32 // points, those of a cell side by side
	cells []cell
	tmp   []int32
}

// cell is a square with points order[lo:hi].
type cell struct {
	mean   Point
	side   float64
	lo, hi int32
	child  int32 // first of four, 0 for a leaf
}

const (
	leafPoints = 4
	// maxDepth ends the division of points that are one in all but the last bits.
	maxDepth = 48
)

func (t *quadtree) build(y []Point) {
	n := len(y)
	if len(t.order) != n {
		t.order, t.tmp = make([]int32, n), make([]int32, n)
	}
	low, high := y[0], y[0]
	for i, p := range y {
		t.order[i] = int32(i)
		for axis := range 2 {
			low[axis], high[axis] = min(low[axis], p[axis]), max(high[axis], p[axis])
		}
	}
	t.y, t.cells = y, append(t.cells[:0], cell{lo: 0, hi: int32(n), side: max(high[0]-low[0], high[1]-low[1])})
	t.divide(0, Point{(low[0] + high[0]) / 2, (low[1] + high[1]) / 2}, 0)
}

// divide fills in cell c, whose square has the given middle.
func (t *quadtree) divide(c int32, middle Point, depth int) {
	lo, hi, side := t.cells[c].lo, t.cells[c].hi, t.cells[c].side
	var mean Point
	for _, i := range t.order[lo:hi] {
		mean[0] += t.y[i][0]
		mean[1] += t.y[i][1]
	}
	if n := float64(hi - lo); n > 0 {
		t.cells[c].mean = Point{mean[0] / n, mean[1] / n}
	}
	if hi-lo <= leafPoints || depth == maxDepth {
		return
	}
	ends := t.sortQuadrants(lo, hi, middle)
	first := int32(len(t.cells))
	t.cells[c].child = first
	for q := range 4 {
		t.cells = append(t.cells, cell{lo: lo, hi: ends[q], side: side / 2})
		lo = ends[q]
	}
	for q := range int32(4) {
		at := middle
		for axis := range 2 {
			if q>>axis&1 == 1 {
				at[axis] += side / 4
			} else {
				at[axis] -= side / 4
			}
		}
		t.divide(first+q, at, depth+1)
	}
}

// sortQuadrants brings the points lo..hi into the order of their quadrants, each
// quadrant's in the order they had, and returns where each quadrant ends.
func (t *quadtree) sortQuadrants(lo, hi int32, middle Point) (ends [4]int32) {
	quadrant := func(i int32) int {
		q := 0
		if t.y[i][0] > middle[0] {
			q = 1
		}
		if t.y[i][1] > middle[1] {
			q |= 2
		}
		return q
	}
	var count [4]int32
	for _, i := range t.order[lo:hi] {
		count[quadrant(i)]++
	}
	var next [4]int32
	at := lo
	for q, n := range count {
		next[q] = at
		at += n
		ends[q] = at
	}
	copy(t.tmp[lo:hi], t.order[lo:hi])
	for _, i := range t.tmp[lo:hi] {
		q := quadrant(i)
		t.order[next[q]] = i
		next[q]++
	}
	return ends
}

// repel returns Σ_j w_ij²·(y_i-y_j) and Σ_j w_ij for point i. A cell whose side
// is at most theta times its distance counts as its points at their mean.
func (t *quadtree) repel(i int32, theta float64) (force Point, weight float64) {
	var stack [4 * (maxDepth + 1)]int32
	n := 1 // of the stack, on which the root lies
	y, theta2 := t.y[i], theta*theta
	for n > 0 {
		n--
		c := &t.cells[stack[n]]
		if c.lo == c.hi {
			continue
		}
		dx, dy, w := apart(y, c.mean)
		if d := dx*dx + dy*dy; c.side*c.side < theta2*d {
			m := float64(c.hi - c.lo)
			weight += m * w
			force[0] += m * w * w * dx
			force[1] += m * w * w * dy
			continue
		}
		if c.child != 0 {
			for q := range int32(4) {
				stack[n] = c.child + q
				n++
			}
			continue
		}
		for _, j := range t.order[c.lo:c.hi] {
			if j != i {
				dx, dy, w := apart(y, t.y[j])
				weight += w
				force[0] += w * w * dx
				force[1] += w * w * dy
			}
		}
	}
	return force, weight
}
