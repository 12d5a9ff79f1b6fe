package figure

import "math"

// linear returns the linear-light components of c, 0..1.
func (c RGB) linear() [3]float64 {
	var l [3]float64
	for i, v := range []uint8{c.R, c.G, c.B} {
		s := float64(v) / 255
		if s <= 0.04045 {
			l[i] = s / 12.92
		} else {
			l[i] = math.Pow((s+0.055)/1.055, 2.4)
		}
	}
	return l
}

// encode is the inverse of linear, clamping.
func encode(l [3]float64) RGB {
	var v [3]uint8
	for i, s := range l {
		s = min(max(s, 0), 1)
		if s <= 0.0031308 {
			s *= 12.92
		} else {
			s = 1.055*math.Pow(s, 1/2.4) - 0.055
		}
		v[i] = uint8(math.Round(255 * s))
	}
	return RGB{v[0], v[1], v[2]}
}

type matrix3 [3][3]float64

func (m *matrix3) times(v [3]float64) (out [3]float64) {
	for i, row := range m {
		out[i] = row[0]*v[0] + row[1]*v[1] + row[2]*v[2]
	}
	return out
}

// The matrices of OKLab, https://bottosson.github.io/posts/oklab/.
var (
	linearToLMS = matrix3{
		{0.4122214708, 0.5363325363, 0.0514459929},
		{0.2119034982, 0.6806995451, 0.1073969566},
		{0.0883024619, 0.2817188376, 0.6299787005}}
	lmsToLab = matrix3{
		{0.2104542553, 0.7936177850, -0.0040720468},
		{1.9779984951, -2.4285922050, 0.4505937099},
		{0.0259040371, 0.7827717662, -0.8086757660}}
	labToLMS = matrix3{
		{1, 0.3963377774, 0.2158037573},
		{1, -0.1055613458, -0.0638541728},
		{1, -0.0894841775, -1.2914855480}}
	lmsToLinear = matrix3{
		{4.0767416621, -3.3077115913, 0.2309699292},
		{-1.2684380046, 2.6097574011, -0.3413193965},
		{-0.0041960863, -0.7034186147, 1.7076147010}}
)

// okLab returns lightness (0..1) and the two opponent axes of a linear colour.
func okLab(l [3]float64) [3]float64 {
	lms := linearToLMS.times(l)
	for i, v := range lms {
		lms[i] = math.Cbrt(v)
	}
	return lmsToLab.times(lms)
}

// fromOKLCh returns the colour of the given lightness, chroma and hue (radians),
// with the chroma reduced to what sRGB can show.
func fromOKLCh(lightness, chroma, hue float64) RGB {
	for ; ; chroma -= 0.002 {
		chroma = max(chroma, 0)
		lms := labToLMS.times([3]float64{lightness, chroma * math.Cos(hue), chroma * math.Sin(hue)})
		for i, v := range lms {
			lms[i] = v * v * v
		}
		l := lmsToLinear.times(lms)
		inside := true
		for _, v := range l {
			inside = inside && v > -1e-4 && v < 1+1e-4
		}
		if inside || chroma == 0 {
			return encode(l)
		}
	}
}

// sights are normal sight and the full protanopia, deuteranopia and tritanopia
// of Machado, Oliveira and Fernandes, IEEE TVCG 15 (2009), in linear sRGB.
var sights = []matrix3{
	{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}},
	{{0.152286, 1.052583, -0.204868}, {0.114503, 0.786281, 0.099216}, {-0.003882, -0.048116, 1.051998}},
	{{0.367322, 0.860646, -0.227968}, {0.280085, 0.672501, 0.047413}, {-0.011820, 0.042940, 0.968881}},
	{{1.255528, -0.076749, -0.178779}, {-0.078411, 0.930809, 0.147602}, {0.004733, 0.691367, 0.303900}},
}

// Distinctness returns the distance of two colours in OKLab (black to white is
// 1) in the sight, normal or dichromatic, in which they are most alike.
func Distinctness(a, b RGB) float64 {
	la, lb := a.linear(), b.linear()
	least := math.Inf(1)
	for i := range sights {
		p, q := okLab(clampUnit(sights[i].times(la))), okLab(clampUnit(sights[i].times(lb)))
		least = min(least, math.Hypot(math.Hypot(p[0]-q[0], p[1]-q[1]), p[2]-q[2]))
	}
	return least
}

func clampUnit(l [3]float64) [3]float64 {
	for i, v := range l {
		l[i] = min(max(v, 0), 1)
	}
	return l
}
