package docs_test

import (
	"fmt"
	"math"
	"strings"

	"diffclip/clip"
	"diffclip/vit"
)

// selectionFile has a row for each kind of stage 1 and fit of the head: its name, the fit, OA by shots of every scene and protocol,
// and the mean over all of these. A name that ends in ", seed 2" is of another training of the same.
const selectionFile = "results/selection.json"

// candidate is a setting of the selection, with its means by seed of stage 1.
type candidate struct {
	stage1, fit string
	means       []float64
}

// ahead is by how many points of the mean a setting is ahead of another, over the seeds that both have.
func (a candidate) ahead(b candidate) float64 {
	n := min(len(a.means), len(b.means))
	d := 0.0
	for i := range n {
		d += (a.means[i] - b.means[i]) / float64(n)
	}
	return d
}

// paperNetwork reports whether the layers are those of the paper.
func (a candidate) paperNetwork() bool { return strings.HasPrefix(a.stage1, "published stem") }

// everywhere reports whether a setting is ahead of another with every seed of stage 1.
func (a candidate) everywhere(b candidate) bool {
	for i, mean := range a.means {
		if i >= len(b.means) || mean <= b.means[i] {
			return false
		}
	}
	return true
}

// candidates reads the selection, and checks its means.
func (c *claims) candidates() (all []candidate) {
	f, err := c.raw.asPrinted(selectionFile)
	must(c, f, err)
	for _, r := range f.Rows {
		total := 0.0
		for _, cell := range r[2 : len(r)-1] {
			for _, v := range strings.Split(cell, " / ") {
				total += leading(c, v) / 12
			}
		}
		mean := leading(c, r[len(r)-1])
		if math.Abs(mean-total) > 0.06 {
			c.Errorf("%s: %s, %s: a mean of %v, and %.2f by its columns", selectionFile, r[0], r[1], mean, total)
		}
		name, _, again := strings.Cut(r[0], ", seed ")
		if last := len(all) - 1; again {
			all[last].means = append(all[last].means, mean)
			continue
		}
		all = append(all, candidate{name, r[1], []float64{mean}})
	}
	return all
}

// presetAsCandidate words the settings of best as the selection does.
func (c *claims) presetAsCandidate() (stage1, fit string) {
	p := c.preset("best")
	d := p.Diffusion
	words := []string{"published stem"}
	if d.Encoder.Stem == vit.StemLinear {
		words[0] = "`-stem linear`"
	}
	if usual := vit.Default().Timesteps; d.Encoder.Timesteps != usual {
		words = append(words, fmt.Sprintf("`-timesteps %d`", d.Encoder.Timesteps))
	}
	if usual := c.preset("paper").Diffusion; d.MaskedWeight != usual.MaskedWeight || d.VisibleWeight != usual.VisibleWeight {
		words = append(words, fmt.Sprintf("`-loss-weights %g,%g`", d.MaskedWeight, d.VisibleWeight))
	}
	if d.NoNoise {
		words = append(words, "`-noise off`")
	}
	return strings.Join(words, ", "), string(p.Finetune.HeadFit)
}

// selectionClaims holds what experiments.md says of how best was chosen, and the preset to the rule.
func selectionClaims(c *claims) {
	const page = "experiments.md"
	stage1, fit := c.presetAsCandidate()
	all := c.candidates()
	find := func(stage1, fit string) candidate {
		for _, a := range all {
			if a.stage1 == stage1 && a.fit == fit {
				return a
			}
		}
		c.Fatalf("%s: no row of %s with %s", selectionFile, stage1, fit)
		return candidate{}
	}
	chosen := find(stage1, fit)
	least, most := math.Inf(1), 0.0 // by which two seeds of stage 1 differ
	refined := true
	for _, a := range all {
		if a.paperNetwork() && a.everywhere(chosen) {
			c.Errorf("%s: the preset is %s with %s, and %s with %s is ahead with every seed", selectionFile, stage1, fit, a.stage1, a.fit)
		}
		if len(a.means) > 1 {
			d := math.Abs(a.means[0] - a.means[1])
			least, most = min(least, d), max(most, d)
		}
		refined = refined && (a.fit == string(clip.HeadEM) || find(a.stage1, string(clip.HeadEM)).ahead(a) > 0)
	}
	c.says(page, "By OA on draws %d to %d, which", 101, 106)
	c.says(page, "it moves the mean by %.1f to %.1f points", least, most)
	c.holds(page, refined, "Heads that are refined are ahead with every stage 1, so `best` has them.")
	linear, less := find("`-stem linear`", fit), find("published stem, `-timesteps 300`, `-loss-weights 1,1`", fit)
	c.holds(page, chosen.paperNetwork() && !less.everywhere(chosen), "Less noise is ahead with one seed by %.1f points and behind with the other by %.1f", less.means[0]-chosen.means[0], chosen.means[1]-less.means[1])
	c.holds(page, linear.everywhere(chosen), "A linear stem is ahead of the published one with both, by %.1f points on the mean", linear.ahead(chosen))
	quiet, none := find("`-stem linear`, `-timesteps 100`", fit), find("`-stem linear`, `-noise off`", fit)
	c.says(page, "Less noise with a linear stem is ahead of that by %.2f points, and none by %.2f", quiet.ahead(linear), none.ahead(linear))
}
