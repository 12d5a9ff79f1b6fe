package clip

import (
	"diffclip/autograd"
	"diffclip/rsdata"
	"diffclip/tensor"
)

// allViews is the number of mirrored and turned views of a window: the symmetries
// of the square.
const allViews = 8

// overViews returns the image features of n windows, (n, D), the mean over the
// views that the model takes in use; images encodes one of them. The mean is of
// features before they are normalised, and not of probabilities: then one rule
// serves classes and any text that features are compared with later, and where the
// head is fitted to linear discriminants, it is the discriminant of the mean.
func (c *Classifier) overViews(n int, images func(rsdata.Augment) *autograd.Var) *autograd.Var {
	if c.model.Config.Views < allViews {
		return images(rsdata.Augment{})
	}
	if c.sum == nil || c.sum.Rows() != n {
		c.sum = tensor.New(n, c.Dim())
		c.be.Place(c.sum)
	}
	size := c.sum.Len()
	for view := range uint8(allViews) {
		v := images(rsdata.Augment{Symmetry: view}).Value
		c.be.Copy2D(c.sum, 0, size, v, 0, size, 1, size, view > 0)
		c.tape.Reset()
	}
	return c.tape.Scale(c.tape.Input(c.sum), 1.0/allViews)
}
