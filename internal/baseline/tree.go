package baseline

import (
	"slices"

	"diffclip/internal/rng"
)

// tree is a classification tree. Its nodes are in depth-first order: the left child of a node follows it.
type tree struct {
	nodes  []node
	shares []float64 // of the leaves, (leaves, classes): the shares of the classes in each
}

// node sends a sample left where its feature is at most the threshold.
type node struct {
	feature   int32 // -1 for a leaf
	next      int32 // the right child; of a leaf, its row in shares
	threshold float64
}

// leaf returns the shares of the classes in the leaf that a sample falls into.
func (t *tree) leaf(x []float64, classes int) []float64 {
	at := int32(0)
	for {
		switch n := t.nodes[at]; {
		case n.feature < 0:
			return t.shares[int(n.next)*classes:][:classes]
		case x[n.feature] <= n.threshold:
			at++
		default:
			at = n.next
		}
	}
}

// grower grows a tree by Gini impurity until its leaves are pure or cannot be split: Breiman and others,
// Classification and Regression Trees (1984).
type grower struct {
	columns  [][]float64 // (d, n)
	at       []int       // class of each sample
	classes  int
	try      int // features looked at for a split
	random   rng.Stream
	drawn    uint64  // numbers of the stream used up
	features []int32 // a permutation of all features
	tree     tree
}

func (g *grower) intn(n int) int {
	g.drawn++
	return g.random.Intn(g.drawn-1, n)
}

// grow adds the tree of the given samples, which may repeat and which it reorders.
func (g *grower) grow(samples []int32) {
	self := len(g.tree.nodes)
	g.tree.nodes = append(g.tree.nodes, node{feature: -1})
	counts := make([]float64, g.classes)
	for _, i := range samples {
		counts[g.at[i]]++
	}
	s := g.bestSplit(samples, counts)
	if s.feature < 0 {
		g.tree.nodes[self].next = int32(len(g.tree.shares) / g.classes)
		for _, c := range counts {
			g.tree.shares = append(g.tree.shares, c/float64(len(samples)))
		}
		return
	}
	column := g.columns[s.feature]
	left := 0
	for i, sample := range samples {
		if column[sample] <= s.threshold {
			samples[left], samples[i] = samples[i], samples[left]
			left++
		}
	}
	g.grow(samples[:left])
	g.tree.nodes[self] = node{s.feature, int32(len(g.tree.nodes)), s.threshold}
	g.grow(samples[left:])
}

// split is a feature and threshold; purity grows as the weighted Gini impurity of the two sides falls.
type split struct {
	feature           int32 // -1 for none
	threshold, purity float64
}

// bestSplit looks at g.try random features, and at more until one of them can be split.
func (g *grower) bestSplit(samples []int32, counts []float64) split {
	best := split{feature: -1}
	if slices.Max(counts) == float64(len(samples)) {
		return best
	}
	sorted := slices.Clone(samples)
	left := make([]float64, g.classes)
	for looked := range g.features {
		if looked >= g.try && best.feature >= 0 {
			break
		}
		other := looked + g.intn(len(g.features)-looked)
		g.features[looked], g.features[other] = g.features[other], g.features[looked]
		if s := g.splitOn(g.features[looked], sorted, counts, left); s.feature >= 0 && s.purity > best.purity {
			best = s
		}
	}
	return best
}

// splitOn finds the best threshold on one feature, half-way between two neighbouring values. It sorts the samples and
// overwrites left.
func (g *grower) splitOn(feature int32, samples []int32, counts, left []float64) split {
	column := g.columns[feature]
	slices.SortFunc(samples, func(a, b int32) int {
		switch {
		case column[a] < column[b]:
			return -1
		case column[a] > column[b]:
			return 1
		}
		return 0
	})
	clear(left)
	var leftSquares, rightSquares float64 // sums of squared counts; whole numbers, so exact
	for _, c := range counts {
		rightSquares += c * c
	}
	best := split{feature: -1}
	for i, sample := range samples[:len(samples)-1] {
		k := g.at[sample]
		right := counts[k] - left[k]
		leftSquares += 2*left[k] + 1
		rightSquares -= 2*right - 1
		left[k]++
		low, high := column[sample], column[samples[i+1]]
		if low == high {
			continue
		}
		if purity := leftSquares/float64(i+1) + rightSquares/float64(len(samples)-i-1); purity > best.purity {
			threshold := low + (high-low)/2
			if threshold >= high { // neighbouring numbers
				threshold = low
			}
			best = split{feature, threshold, purity}
		}
	}
	return best
}
