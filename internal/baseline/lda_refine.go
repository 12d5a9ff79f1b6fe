package baseline

import (
	"context"
	"errors"
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// How Refine goes about. The numbers were chosen on draws of real scenes other than those that docs/results.md reports.
const (
	refineRounds    = 3
	refineWeight    = 0.5   // of the unlabelled samples of a class together, in units of its labelled ones
	refineShrinkage = 0.25  // of the covariance
	refineFar       = 0.2   // share of the unlabelled samples that is taken to be of no class
	refineRounding  = 1e-12 // scatter within classes, as a share of that between them, that is none
)

// Refine goes on, after Fit on the same x and y, with samples u, (m, d), whose classes are not known, by
// expectation-maximisation (Dempster, Laird and Rubin, J. Royal Statistical Society B 39, 1977; with labels for some,
// Miller and Uyar, NIPS 1996). A round divides every unlabelled sample among the classes by their posteriors, leaves out
// the fifth that lies farthest from all of them, for unlabelled ground has other classes too, and then computes means
// and covariance from both kinds. The unlabelled samples of a class weigh half as much as its labelled ones, and one
// of them never more than half of one of those. Priors stay those of the labels.
func (l *LDA) Refine(ctx context.Context, x [][]float64, y []int, u [][]float64) error {
	if l.weights == nil || len(u) == 0 {
		return errors.New("LDA: refining takes a fit, and samples without labels")
	}
	if err := checkTraining("LDA", x, y); err != nil {
		return err
	}
	if err := checkTraining("LDA, samples without labels", u, make([]int, len(u))); err != nil {
		return err
	}
	checkWidth("LDA", x, len(l.weights[0]))
	checkWidth("LDA", u, len(l.weights[0]))
	known := newGroups(x, y, l.classes)
	for range refineRounds {
		if err := ctx.Err(); err != nil {
			return err
		}
		shares := l.shares(u)
		weights := make([]float64, len(l.classes))
		for k, n := range known.counts {
			total := 0.0
			for _, p := range shares {
				total += p[k]
			}
			weights[k] = refineWeight * n / max(total, n)
		}
		means, covariance := known.join(u, shares, weights)
		if err := l.set(l.classes, l.priors, means, covariance); err != nil {
			return err
		}
	}
	return nil
}

// shares returns the posteriors of every row of u, (m, classes); of those that lie farthest from every class, 0.
func (l *LDA) shares(u [][]float64) [][]float64 {
	scores := l.Decisions(u)
	far := make([]float64, len(u)) // squared distance of Mahalanobis to the nearest mean
	white := mat.NewVecDense(len(u[0]), nil)
	for i, row := range scores {
		if err := l.factor.SolveVecTo(white, mat.NewVecDense(len(u[i]), u[i])); err != nil {
			panic(err) // set has found that it can be inverted
		}
		nearest := math.Inf(-1)
		for k, s := range row {
			nearest = max(nearest, s-math.Log(l.priors[k]))
		}
		far[i] = mat.Dot(white, mat.NewVecDense(len(u[i]), u[i])) - 2*nearest
		softmax(row)
	}
	limit := slices.Sorted(slices.Values(far))[int(math.Ceil((1-refineFar)*float64(len(far))))-1]
	for i, d := range far {
		if d > limit {
			clear(scores[i])
		}
	}
	return scores
}

// softmax turns logarithms, up to a common term, into shares that sum to 1.
func softmax(row []float64) {
	top, sum := slices.Max(row), 0.0
	for k, v := range row {
		row[k] = math.Exp(v - top)
		sum += row[k]
	}
	for k := range row {
		row[k] /= sum
	}
}

// groups are labelled samples by class.
type groups struct {
	x      [][]float64
	at     []int       // class of each sample
	sums   [][]float64 // of each class, (k, d)
	counts []float64
}

func newGroups(x [][]float64, y []int, classes []int) *groups {
	g := &groups{x: x, at: make([]int, len(x))}
	for i, k := range y {
		g.at[i], _ = slices.BinarySearch(classes, k)
	}
	g.sums, g.counts = classMeans(x, g.at, len(classes))
	for k, sum := range g.sums {
		for j := range sum {
			sum[j] *= g.counts[k]
		}
	}
	return g
}

// join returns the means of the classes and the shrunk covariance within them, over the labelled samples and rows of u
// that count as shares, (m, k), times the weights of the classes, (k). The covariance is the identity, as after Fit, where
// no class has two different samples.
//
// With u taken from its mean, v, and the means m_k likewise, the scatter of u around the classes is
// sum w v v' - sum_k (s_k m_k' + m_k s_k' - w_k m_k m_k'), where w_k and s_k are sums of weights and of weighted v.
func (g *groups) join(u, shares [][]float64, weights []float64) (means [][]float64, covariance *mat.SymDense) {
	d := len(u[0])
	origin, _ := classMeans(u, make([]int, len(u)), 1)
	v := mat.NewDense(len(u), d, nil) // rows times the roots of their weights
	sums, totals := mat.NewDense(len(g.sums), d, nil), make([]float64, len(g.sums))
	row := make([]float64, d)
	for i, p := range shares {
		all := 0.0
		floats.SubTo(row, u[i], origin[0])
		for k, share := range p {
			w := share * weights[k]
			all += w
			totals[k] += w
			floats.AddScaled(sums.RawRowView(k), w, row)
		}
		floats.Scale(math.Sqrt(all), row)
		v.SetRow(i, row)
	}
	scatter := mat.NewSymDense(d, nil)
	scatter.SymOuterK(1, v.T())
	means = make([][]float64, len(g.sums))
	between := 0.0 // scatter of the classes around the same origin
	for k := range means {
		means[k] = slices.Clone(sums.RawRowView(k))
		floats.AddScaled(means[k], totals[k], origin[0])
		floats.Add(means[k], g.sums[k])
		floats.Scale(1/(g.counts[k]+totals[k]), means[k])
		centre := mat.NewVecDense(d, floats.SubTo(make([]float64, d), means[k], origin[0]))
		scatter.RankTwo(scatter, -1, sums.RowView(k), centre)
		scatter.SymRankOne(scatter, totals[k], centre)
		between += (g.counts[k] + totals[k]) * mat.Dot(centre, centre)
	}
	for i, x := range g.x {
		floats.SubTo(row, x, means[g.at[i]])
		scatter.SymRankOne(scatter, 1, mat.NewVecDense(d, row))
	}
	within := mat.Trace(scatter)
	scatter.ScaleSym((1-refineShrinkage)/(float64(len(g.x))+floats.Sum(totals)), scatter)
	diagonal := mat.Trace(scatter) * refineShrinkage / ((1 - refineShrinkage) * float64(d))
	if !(within > refineRounding*between) {
		scatter.Zero()
		diagonal = 1
	}
	for j := range d {
		scatter.SetSym(j, j, scatter.At(j, j)+diagonal)
	}
	return means, scatter
}
