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
	glyphRows  = 9
)

// glyph holds the nine rows of a letter; bit 4 is the leftmost pixel.
type glyph [glyphRows]uint8

var font = sync.OnceValue(func() map[rune]glyph {
	glyphs := map[rune]glyph{}
	lines := strings.Split(strings.TrimRight(fontSheet, "\n"), "\n")
	for top := 0; top < len(lines); top += glyphRows + 1 {
		names := []rune(lines[top])
		for x := 0; x < len(names); x += glyphWidth + 1 {
			var g glyph
			for y := range g {
				for i := range glyphWidth {
					if lines[top+1+y][x+i] == '#' {
						g[y] |= 1 << (glyphWidth - 1 - i)
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
	'À': 'A', 'Á': 'A', 'Â': 'A', 'Ã': 'A', 'Ä': 'A', 'Å': 'A', 'Ç': 'C', 'È': 'E', 'É': 'E', 'Ê': 'E', 'Ë': 'E',
	'Ì': 'I', 'Í': 'I', 'Î': 'I', 'Ï': 'I', 'Ñ': 'N', 'Ò': 'O', 'Ó': 'O', 'Ô': 'O', 'Õ': 'O', 'Ö': 'O', 'Ø': 'O',
	'Ù': 'U', 'Ú': 'U', 'Û': 'U', 'Ü': 'U', 'Ý': 'Y', 'ß': 'β',
	'à': 'a', 'á': 'a', 'â': 'a', 'ã': 'a', 'ä': 'a', 'å': 'a', 'ç': 'c', 'è': 'e', 'é': 'e', 'ê': 'e', 'ë': 'e',
	'ì': 'i', 'í': 'i', 'î': 'i', 'ï': 'i', 'ñ': 'n', 'ò': 'o', 'ó': 'o', 'ô': 'o', 'õ': 'o', 'ö': 'o', 'ø': 'o',
	'ù': 'u', 'ú': 'u', 'û': 'u', 'ü': 'u', 'ý': 'y', 'ÿ': 'y',
	'‘': '\'', '’': '\'', '“': '"', '”': '"', '—': '–', '−': '–', 'μ': 'µ', '\u00a0': ' ', '\t': ' ', '\n': ' ',
}

// glyphOf returns the shape of r, a crossed box where the font has none.
func glyphOf(r rune) glyph {
	if f, ok := folded[r]; ok {
		r = f
	}
	if g, ok := font()[r]; ok {
		return g
	}
	return font()['\uFFFD']
}
