package figure

import (
	"fmt"
	"image/color"
	"math"
	"sync"
)

// RGB is an opaque sRGB colour.
type RGB struct{ R, G, B uint8 }

// RGBA implements color.Color.
func (c RGB) RGBA() (r, g, b, a uint32) { return color.RGBA{c.R, c.G, c.B, 255}.RGBA() }

// Hex returns the colour as CSS writes it, such as "#0072b2".
func (c RGB) Hex() string { return fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B) }

// Luminance returns the relative luminance of WCAG 2, from 0 (black) to 1.
func (c RGB) Luminance() float64 {
	l := c.linear()
	return 0.2126*l[0] + 0.7152*l[1] + 0.0722*l[2]
}

// Contrast returns the contrast ratio of WCAG 2 between two colours, 1 to 21.
func Contrast(a, b RGB) float64 {
	la, lb := a.Luminance(), b.Luminance()
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

// over returns black or white, whichever reads better on c.
func over(c RGB) RGB {
	black, white := RGB{}, RGB{255, 255, 255}
	if Contrast(black, c) > Contrast(white, c) {
		return black
	}
	return white
}

type modes struct{ light, dark RGB }

// roleColors are the colours of the roles up to page in light and dark mode.
var roleColors = map[role]modes{
	ink:   {RGB{0x1a, 0x1a, 0x1a}, RGB{0xec, 0xec, 0xec}},
	muted: {RGB{0x59, 0x59, 0x59}, RGB{0xa8, 0xa8, 0xa8}},
	grid:  {RGB{0xe2, 0xe2, 0xe2}, RGB{0x33, 0x38, 0x3d}},
	frame: {RGB{0x8a, 0x8a, 0x8a}, RGB{0x77, 0x7d, 0x84}},
	page:  {RGB{0xff, 0xff, 0xff}, RGB{0x15, 0x18, 0x1b}},
}

// seriesColors follow the hues of Okabe and Ito's palette, darkened for lines on
// white and as they are on dark: at least 3:1 against the page in either mode.
var seriesColors = []modes{
	{RGB{0x00, 0x72, 0xb2}, RGB{0x56, 0xb4, 0xe9}},
	{RGB{0xc4, 0x50, 0x00}, RGB{0xf0, 0x80, 0x30}},
	{RGB{0x00, 0x80, 0x5c}, RGB{0x1f, 0xc0, 0x90}},
	{RGB{0xb0, 0x4f, 0x86}, RGB{0xdd, 0x92, 0xbd}},
	{RGB{0xa0, 0x70, 0x00}, RGB{0xe6, 0xb0, 0x20}},
	{RGB{0x50, 0x50, 0x50}, RGB{0xc0, 0xc0, 0xc0}},
}

func (r role) modes() modes {
	if r >= series {
		return seriesColors[r-series]
	}
	return roleColors[r]
}

// light returns the paint's colour in light mode.
func (p paint) light() RGB {
	if p.role == noRole {
		return p.fixed
	}
	return p.role.modes().light
}

// Sequential maps 0..1 to a colour from dark violet over teal to light yellow.
// Lightness rises evenly (in OKLab), so the order survives colour blindness and
// grey printing. Values outside are clamped; NaN is mid grey.
func Sequential(v float64) RGB {
	if math.IsNaN(v) {
		return RGB{128, 128, 128}
	}
	return sequentialTable()[int(math.Round(255*min(max(v, 0), 1)))]
}

var sequentialTable = sync.OnceValue(func() (table [256]RGB) {
	for i := range table {
		t := float64(i) / 255
		hue := (300 - 195*t) * math.Pi / 180
		table[i] = fromOKLCh(0.27+0.66*t, 0.13+0.03*t, hue)
	}
	return table
})

// okabeIto is the palette of Okabe and Ito, "Color Universal Design" (2008),
// less black, which maps keep for what is not classified.
var okabeIto = []RGB{
	{0x00, 0x72, 0xb2}, {0xe6, 0x9f, 0x00}, {0x00, 0x9e, 0x73}, {0xcc, 0x79, 0xa7},
	{0x56, 0xb4, 0xe9}, {0xd5, 0x5e, 0x00}, {0xf0, 0xe4, 0x42},
}

// The OKLab lightness of colours for areas: darker ones all look black beside
// lighter ones, whatever their measured distance.
const darkest, lightest = 0.36, 0.94

// colorGrid returns sRGB in eight steps a channel.
func colorGrid() []RGB {
	var colors []RGB
	for i := range 8 * 8 * 8 {
		colors = append(colors, RGB{uint8(i / 64 * 255 / 7), uint8(i / 8 % 8 * 255 / 7), uint8(i % 8 * 255 / 7)})
	}
	return colors
}

// Categorical returns n colours for classes that tell apart with normal sight
// and with the three kinds of dichromacy: Okabe and Ito's seven, then, one at a
// time, the colour of a coarse grid that is farthest from all so far, and from
// black and white, in whichever sight it is nearest.
func Categorical(n int) []RGB {
	first := okabeIto[:min(n, len(okabeIto))]
	return Extend(first, n-len(first))
}

// Extend returns the colours with n more, each of which tells apart from all
// before it, as Categorical chooses them.
func Extend(first []RGB, n int) []RGB {
	colors := append([]RGB(nil), first...)
	if n <= 0 {
		return colors
	}
	taken := append([]RGB{{}, {255, 255, 255}}, colors...)
	var candidates []RGB
	var nearest []float64
	for _, c := range colorGrid() {
		if l := okLab(c.linear())[0]; l < darkest || l > lightest {
			continue
		}
		d := math.Inf(1)
		for _, have := range taken {
			d = min(d, Distinctness(c, have))
		}
		candidates, nearest = append(candidates, c), append(nearest, d)
	}
	for range n {
		best := 0
		for i, d := range nearest {
			if d > nearest[best] {
				best = i
			}
		}
		colors = append(colors, candidates[best])
		for i, c := range candidates {
			nearest[i] = min(nearest[i], Distinctness(c, candidates[best]))
		}
	}
	return colors
}
