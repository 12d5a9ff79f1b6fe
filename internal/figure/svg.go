package figure

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"image"
	"image/png"
	"math"
	"slices"
	"strconv"
	"strings"
)

// svg collects elements; the style sheet is written last, for the roles in use.
type svg struct {
	body bytes.Buffer
	used map[string]bool // style rules
}

// num formats a coordinate with at most two decimals.
func num(v float64) string {
	return strconv.FormatFloat(math.Round(v*100)/100, 'f', -1, 64)
}

func escape(s string) string {
	var b strings.Builder
	xml.EscapeText(&b, []byte(s)) // a strings.Builder never fails
	return b.String()
}

func roleName(r role) string {
	if r >= series {
		return fmt.Sprintf("s%d", int(r-series))
	}
	return map[role]string{ink: "ink", muted: "muted", grid: "grid", frame: "frame", page: "page"}[r]
}

// color returns the attribute that gives property ("fill" or "stroke") the paint.
func (c *svg) color(property string, p paint) string {
	if p.role == noRole {
		return fmt.Sprintf(`%s="%s"`, property, p.fixed.Hex())
	}
	name := roleName(p.role)
	class := property[:1] + "-" + name
	// The plain colour is for renderers that do not know variables.
	c.used[fmt.Sprintf(".fig .%s{%s:%s;%s:var(--fig-%s)}", class, property, p.role.modes().light.Hex(), property, name)] = true
	return fmt.Sprintf(`class="%s"`, class)
}

func (c *svg) rect(x, y, w, h float64, p paint) {
	fmt.Fprintf(&c.body, `<rect x="%s" y="%s" width="%s" height="%s" %s/>`, num(x), num(y), num(w), num(h), c.color("fill", p))
}

func (c *svg) line(points []point, width float64, dash []float64, p paint) {
	fmt.Fprintf(&c.body, `<polyline fill="none" stroke-width="%s" stroke-linejoin="round" %s`, num(width), c.color("stroke", p))
	if len(dash) > 0 {
		c.body.WriteString(` stroke-dasharray="` + strings.Trim(fmt.Sprint(dash), "[]") + `"`)
	}
	c.body.WriteString(` points="`)
	for i, q := range points {
		if i > 0 {
			c.body.WriteByte(' ')
		}
		c.body.WriteString(num(q.x) + "," + num(q.y))
	}
	c.body.WriteString(`"/>`)
}

func (c *svg) mark(at point, r float64, shape markShape, p paint) {
	fill := c.color("fill", p)
	polygon := func(format string, unit float64, offsets ...float64) {
		args := make([]any, len(offsets))
		for i, o := range offsets {
			base := at.x
			if i%2 == 1 {
				base = at.y
			}
			args[i] = num(base + o*unit)
		}
		fmt.Fprintf(&c.body, `<path d="`+format+`Z" %s/>`, append(args, fill)...)
	}
	switch shape {
	case square:
		polygon("M%s %sL%s %sL%s %sL%s %s", 0.85*r, -1, -1, 1, -1, 1, 1, -1, 1)
	case triangle:
		polygon("M%s %sL%s %sL%s %s", r, 0, -1, math.Sqrt(3)/2, 0.5, -math.Sqrt(3)/2, 0.5)
	case diamond:
		polygon("M%s %sL%s %sL%s %sL%s %s", r, 0, -1, 1, 0, 0, 1, -1, 0)
	case cross:
		const a = 0.3
		polygon("M%s %s"+strings.Repeat("L%s %s", 11), r,
			-a, -1, a, -1, a, -a, 1, -a, 1, a, a, a, a, 1, -a, 1, -a, a, -1, a, -1, -a, -a, -a)
	default:
		fmt.Fprintf(&c.body, `<circle cx="%s" cy="%s" r="%s" %s/>`, num(at.x), num(at.y), num(r), fill)
	}
}

func (c *svg) text(x, baseline float64, s string, style textStyle) {
	fmt.Fprintf(&c.body, `<text x="%s" y="%s" %s`, num(x), num(baseline), c.color("fill", style.paint))
	if style.anchor != start {
		fmt.Fprintf(&c.body, ` text-anchor="%s"`, map[anchor]string{middle: "middle", end: "end"}[style.anchor])
	}
	if style.bold {
		c.body.WriteString(` font-weight="600"`)
	}
	if style.upward {
		fmt.Fprintf(&c.body, ` transform="rotate(-90 %s %s)"`, num(x), num(baseline))
	}
	c.body.WriteString(">" + escape(s) + "</text>")
}

func (c *svg) image(x, y, w, h float64, im image.Image) {
	var b bytes.Buffer
	if im.Bounds().Empty() || png.Encode(&b, im) != nil { // encoding to memory fails only for an impossible size
		return
	}
	fmt.Fprintf(&c.body, `<image x="%s" y="%s" width="%s" height="%s" preserveAspectRatio="none" style="image-rendering:pixelated" href="data:image/png;base64,%s"/>`,
		num(x), num(y), num(w), num(h), base64.StdEncoding.EncodeToString(b.Bytes()))
}

func (c *svg) write(b *bytes.Buffer, width, height float64, title, text string) {
	// Wide figures scroll on a phone rather than shrink below nine-pixel letters.
	fmt.Fprintf(b, `<svg xmlns="http://www.w3.org/2000/svg" class="fig" role="img" aria-label="%s" width="%s" height="%s" viewBox="0 0 %s %s" font-family="system-ui,sans-serif" font-size="11" style="min-width:%spx">`,
		escape(title+". "+text), num(width), num(height), num(width), num(height), num(0.8*width))
	fmt.Fprintf(b, "<title>%s</title><desc>%s</desc><style>", escape(title), escape(text))
	var light, dark strings.Builder
	names := map[string]modes{}
	for r := ink; r < series+role(len(seriesColors)); r++ {
		names[roleName(r)] = r.modes()
	}
	for _, name := range sortedKeys(names) {
		fmt.Fprintf(&light, "--fig-%s:%s;", name, names[name].light.Hex())
		fmt.Fprintf(&dark, "--fig-%s:%s;", name, names[name].dark.Hex())
	}
	fmt.Fprintf(b, ".fig{%smax-width:100%%;height:auto;background:var(--fig-page)}@media(prefers-color-scheme:dark){.fig{%s}}", light.String(), dark.String())
	for _, rule := range sortedKeys(c.used) {
		b.WriteString(rule)
	}
	b.WriteString("</style>")
	b.Write(c.body.Bytes())
	b.WriteString("</svg>")
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
