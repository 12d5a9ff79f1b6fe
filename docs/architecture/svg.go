package main

import (
	"bytes"
	"fmt"
	"strings"
)

// roles says in a few words what a package is for.
var roles = map[string]string{
	"cmd/diffclip": "the command",
	"bench":        "speed, measured",
	"clip":         "stage 2: text and images",
	"diffusion":    "stage 1: mask diffusion",
	"optim":        "Adam, SGD, schedules",
	"rsdata":       "scenes, splits, maps",
	"vit":          "the image encoder",
	"nn":           "layers",
	"autograd":     "the tape",
	"tensor":       "arrays, CPU backend",
	"cuda":         "GPU backend",
}

// Sizes of the picture, in pixels.
const (
	boxW, boxH = 190, 52
	gapX, gapY = 36, 46
	margin     = 24
	lane       = 14 // between arrows that pass by layers
)

// style draws both pictures alike, light or dark as the reader prefers.
const style = `<style>
.paper { fill: #ffffff } .box { fill: #eef3f8; stroke: #3b6ea5 }
text { font-family: system-ui, sans-serif; fill: #1b1f24 } .name { font-size: 15px; font-weight: 600 } .role { font-size: 12px }
.arrow { stroke: #57606a; stroke-width: 1.5; fill: none } .head { fill: #57606a }
@media (prefers-color-scheme: dark) {
.paper { fill: #0d1117 } .box { fill: #1c2733; stroke: #79b0e8 } text { fill: #e6edf3 } .arrow { stroke: #9aa4af } .head { fill: #9aa4af }
}
</style>
<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path class="head" d="M0 0 8 4 0 8z"/></marker></defs>
`

// spot is the upper left corner of a box and the layer it is in.
type spot struct{ x, y, layer int }

// picture draws the boxes and the arrows between them. An arrow to the next
// layer is straight; one that passes by layers goes along the right margin.
func picture(rows [][]string, edges []arrow) []byte {
	widest := 0
	for _, row := range rows {
		widest = max(widest, len(row)*(boxW+gapX)-gapX)
	}
	at := map[string]spot{}
	for i, row := range rows {
		x := margin + (widest-(len(row)*(boxW+gapX)-gapX))/2
		for _, name := range row {
			at[name] = spot{x, margin + i*(boxH+gapY), i}
			x += boxW + gapX
		}
	}
	long := 0
	var lines bytes.Buffer
	for _, e := range edges {
		from, to := at[e.from], at[e.to]
		path := fmt.Sprintf("M%d %dL%d %d", from.x+boxW/2, from.y+boxH, to.x+boxW/2, to.y)
		if to.layer != from.layer+1 {
			long++
			path = fmt.Sprintf("M%d %dH%dV%dH%d", from.x+boxW, from.y+boxH/2, margin+widest+long*lane, to.y+boxH/2, to.x+boxW)
		}
		fmt.Fprintf(&lines, "<path class=\"arrow\" data-from=%q data-to=%q marker-end=\"url(#head)\" d=%q/>\n", e.from, e.to, path)
	}
	w, h := 2*margin+widest+long*lane, 2*margin+len(rows)*(boxH+gapY)-gapY
	var b bytes.Buffer
	fmt.Fprintf(&b, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" role=\"img\" aria-labelledby=\"title desc\">\n", w, h, w, h)
	fmt.Fprintf(&b, "<title id=\"title\">The packages and their imports</title>\n<desc id=\"desc\">%s</desc>\n%s<rect class=\"paper\" width=\"%d\" height=\"%d\"/>\n", description(edges), style, w, h)
	b.Write(lines.Bytes())
	for _, row := range rows {
		for _, name := range row {
			s := at[name]
			fmt.Fprintf(&b, "<rect class=\"box\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"6\"/>\n", s.x, s.y, boxW, boxH)
			fmt.Fprintf(&b, "<text class=\"name\" text-anchor=\"middle\" x=\"%d\" y=\"%d\">%s</text>\n", s.x+boxW/2, s.y+22, name)
			fmt.Fprintf(&b, "<text class=\"role\" text-anchor=\"middle\" x=\"%d\" y=\"%d\">%s</text>\n", s.x+boxW/2, s.y+40, roles[name])
		}
	}
	b.WriteString("</svg>\n")
	return b.Bytes()
}

// description tells the picture to those who do not see it.
func description(edges []arrow) string {
	var b strings.Builder
	for i, e := range edges {
		switch {
		case i > 0 && edges[i-1].from == e.from:
			b.WriteString(" and " + e.to)
		case i > 0:
			b.WriteString("; " + e.from + " imports " + e.to)
		default:
			b.WriteString(e.from + " imports " + e.to)
		}
	}
	return b.String() + "."
}
