package gradcheck

import (
	"math"

	"diffclip/tensor"
)

// window calls f for every place of a window on an image (h, w): the place's
// number, and for each element of the window its row and column in the window
// and its index in the image, -1 in the padding.
func window(h, w int, c tensor.ConvShape, f func(place, ky, kx, index int)) {
	oh, ow := c.Out(h, w)
	for place := range oh * ow {
		for ky := range c.KernelH {
			for kx := range c.KernelW {
				y := place/ow*c.StrideH - c.PadH + ky*c.DilationH
				x := place%ow*c.StrideW - c.PadW + kx*c.DilationW
				index := -1
				if y >= 0 && y < h && x >= 0 && x < w {
					index = y*w + x
				}
				f(place, ky, kx, index)
			}
		}
	}
}

// Conv2D is a cross-correlation of x (n, in, h, w) with filters (out,
// in/groups, kh, kw), plus bias (out) or nil.
func Conv2D(x, filters, bias []float64, n, in, h, w, out int, c tensor.ConvShape) []float64 {
	oh, ow := c.Out(h, w)
	y := make([]float64, n*out*oh*ow)
	perIn, perOut := in/c.Groups, out/c.Groups
	for s := range n {
		for o := range out {
			plane := y[(s*out+o)*oh*ow:][:oh*ow]
			for i := range plane {
				if bias != nil {
					plane[i] = bias[o]
				}
			}
			for i := range perIn {
				image := x[(s*in+o/perOut*perIn+i)*h*w:]
				filter := filters[(o*perIn+i)*c.KernelH*c.KernelW:]
				window(h, w, c, func(place, ky, kx, index int) {
					if index >= 0 {
						plane[place] += filter[ky*c.KernelW+kx] * image[index]
					}
				})
			}
		}
	}
	return y
}

// MaxPool2D is the maximum of each window of each (h, w) plane of x.
func MaxPool2D(x []float64, h, w int, c tensor.ConvShape) []float64 {
	oh, ow := c.Out(h, w)
	var y []float64
	for base := 0; base < len(x); base += h * w {
		plane := Unary(func(float64) float64 { return math.Inf(-1) }, make([]float64, oh*ow))
		window(h, w, c, func(place, _, _, index int) {
			if index >= 0 {
				plane[place] = max(plane[place], x[base+index])
			}
		})
		y = append(y, plane...)
	}
	return y
}

// AvgPool2D is the mean of each window of each (h, w) plane of x, the padding
// counted as zeros.
func AvgPool2D(x []float64, h, w int, c tensor.ConvShape) []float64 {
	oh, ow := c.Out(h, w)
	var y []float64
	for base := 0; base < len(x); base += h * w {
		plane := make([]float64, oh*ow)
		window(h, w, c, func(place, _, _, index int) {
			if index >= 0 {
				plane[place] += x[base+index] / float64(c.KernelH*c.KernelW)
			}
		})
		y = append(y, plane...)
	}
	return y
}
