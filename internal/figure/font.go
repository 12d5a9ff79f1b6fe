package figure

import (
	_ "embed"
	"strings"
	"sync"
)

// fontSheet draws the built-in font: lines of up to twelve glyphs, each line a
// row that names the glyphs and nine rows of their pixels. Seven rows stand on
// the baseline, two hang below it.
//
//go:embed font.txt
var fontSheet string

const (
	glyphWidth = 5
	glyphRows  = 9 // of the sheet
	aboveRows  = 2 // above those, for the accents of capitals
)

// glyph holds the rows of a letter from the top; bit 4 is the leftmost pixel.
type glyph [aboveRows + glyphRows]uint8

var font = sync.OnceValue(func() map[rune]glyph {
	glyphs := map[rune]glyph{}
	lines := strings.Split(strings.TrimRight(fontSheet, "\n"), "\n")
	for top := 0; top < len(lines); top += glyphRows + 1 {
		names := []rune(lines[top])
		for x := 0; x < len(names); x += glyphWidth + 1 {
			var g glyph
			for y := range glyphRows {
				for i := range glyphWidth {
					if lines[top+1+y][x+i] == '#' {
						g[aboveRows+y] |= 1 << (glyphWidth - 1 - i)
					}
				}
			}
			name := names[x]
			if x == 0 && strings.HasPrefix(lines[top], "(sp)") {
				name = ' '
			}
			glyphs[name] = g
		}
	}
	return glyphs
})

// folded gives letters that the font lacks the shape of one that it has.
var folded = map[rune]rune{
	'Ø': 'O', 'ø': 'o', 'Ł': 'L', 'ł': 'l', 'Đ': 'D', 'đ': 'd', 'ß': 'β',
	'‘': '\'', '’': '\'', '“': '"', '”': '"', '—': '–', '−': '–', 'μ': 'µ', '\u00a0': ' ', '\t': ' ', '\n': ' ',
}

// accents are the marks of European letters: their rows, and the letters that
// have them, each before the one that it is made of. Those of small letters stand
// in the two rows of the ascenders, those of capitals above.
var accents = []struct {
	rows    [2]uint8
	letters string
}{
	{[2]uint8{0b01000, 0b00100}, "ÀAÈEÌIÒOÙUàaèeìiòoùu"},
	{[2]uint8{0b00010, 0b00100}, "ÁAÉEÍIÓOÚUÝYĆCŃNŚSŹZáaéeíióoúuýyćcńnśsźz"},
	{[2]uint8{0b00100, 0b01010}, "ÂAÊEÎIÔOÛUâaêeîiôoûu"},
	{[2]uint8{0b01010, 0b10100}, "ÃAÑNÕOãañnõo"},
	{[2]uint8{0b01010, 0b00000}, "ÄAËEÏIÖOÜUŸYäaëeïiöoüuÿy"},
	{[2]uint8{0b01110, 0b01010}, "ÅAŮUåaůu"},
	{[2]uint8{0b01010, 0b00100}, "ČCĎDĚEŇNŘRŠSŤTŽZĂAĞGčcěeňnřršsžzăağg"},
	{[2]uint8{0b01001, 0b10010}, "ŐOŰUőoűu"},
	{[2]uint8{0b00100, 0b00000}, "ŻZĖEİIżzėe"},
	{[2]uint8{0b01110, 0b00000}, "ĀAĒEĪIŌOŪUāaēeīiōoūu"},
}

// tails are the letters with a mark below, each before the one that it is made of.
const tails = "ÇCŞSȘSȚTĄAĘEĮIŲUçcşsșsțtąaęeįiųu"

// composed holds the letters of accents and tails.
var composed = sync.OnceValue(func() map[rune]glyph {
	glyphs := map[rune]glyph{}
	pairs := func(letters string, mark func(g glyph, base rune) glyph) {
		r := []rune(letters)
		for i := 0; i < len(r); i += 2 {
			glyphs[r[i]] = mark(font()[r[i+1]], r[i+1])
		}
	}
	for _, a := range accents {
		pairs(a.letters, func(g glyph, base rune) glyph {
			top := 0
			if base >= 'a' {
				top = aboveRows // in place of the dot of an i
			}
			g[top], g[top+1] = a.rows[0], a.rows[1]
			return g
		})
	}
	pairs(tails, func(g glyph, _ rune) glyph {
		g[len(g)-2], g[len(g)-1] = 0b00100, 0b01000
		return g
	})
	return glyphs
})

// glyphOf returns the shape of r, a crossed box where the font has none.
func glyphOf(r rune) glyph {
	if f, ok := folded[r]; ok {
		r = f
	}
	if g, ok := font()[r]; ok {
		return g
	}
	if g, ok := composed()[r]; ok {
		return g
	}
	return font()['\uFFFD']
}
