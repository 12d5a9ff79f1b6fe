package docs_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// claims holds sentences of the pages to what is behind them: raw files, the
// program's own values, the source of a test. With -update it writes the
// numbers of the sentences anew.
type claims struct {
	testing.TB
	raw    *raw
	pages  map[string]*page
	update bool
}

// page is a page's text, and what of it nothing accounts for yet: the same
// text with spaces in place of what something does.
type page struct{ text, left string }

func newClaims(t testing.TB, names ...string) *claims {
	t.Helper()
	c := &claims{t, newRaw(), map[string]*page{}, *update}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		c.pages[name] = &page{string(text), string(text)}
	}
	return c
}

// says wants a page to have a sentence, with the numbers that stand behind it.
func (c *claims) says(page, format string, numbers ...any) {
	c.Helper()
	want := fmt.Sprintf(format, numbers...)
	p := c.pages[page]
	if p == nil {
		c.Fatalf("no page is called %s", page)
	}
	if found := p.find(want); found != nil {
		for _, at := range found {
			p.account(at[0], at[1])
		}
		return
	}
	shape, values := shape(format, numbers)
	found := shape.FindAllStringSubmatchIndex(p.text, -1)
	switch {
	case len(found) != 1:
		c.Errorf("%s: %d sentences like %q: expected one: write it into the page, or change its claim in docs/claims_*_test.go or its note in notes.json", page, len(found), want)
	case !c.update:
		c.Errorf("%s says %q; expected %q by what is behind it (go generate ./docs writes it anew)",
			page, strings.Join(strings.Fields(p.text[found[0][0]:found[0][1]]), " "), want)
	default:
		for i := len(values) - 1; i >= 0; i-- {
			p.replace(found[0][2+2*i], found[0][3+2*i], values[i])
		}
		at := p.find(want)[0]
		p.account(at[0], at[1])
	}
}

// holds wants a page to have a sentence, and that sentence to be true.
func (c *claims) holds(page string, true bool, format string, numbers ...any) {
	c.Helper()
	if !true {
		c.Errorf("%s: what is behind it denies %q: write what is true, and change the claim", page, fmt.Sprintf(format, numbers...))
	}
	c.says(page, format, numbers...)
}

// account marks a part of the page as accounted for.
func (p *page) account(from, to int) {
	p.left = p.left[:from] + blank(p.left[from:to]) + p.left[to:]
}

func (p *page) replace(from, to int, by string) {
	p.text = p.text[:from] + by + p.text[to:]
	p.left = p.left[:from] + by + p.left[to:]
}

// blank returns a text of the same length and lines without anything in it.
func blank(s string) string {
	b := []byte(s)
	for i := range b {
		if b[i] != '\n' {
			b[i] = ' '
		}
	}
	return string(b)
}

// find returns where a sentence is, wherever its lines break. A number at its
// end must end there in the page too.
func (p *page) find(sentence string) (found [][]int) {
	pattern := regexp.MustCompile(strings.ReplaceAll(regexp.QuoteMeta(sentence), " ", `\s+`))
	endsInDigit, goesOn := regexp.MustCompile(`\d$`), regexp.MustCompile(`^\.?\d`)
	for _, at := range pattern.FindAllStringIndex(p.text, -1) {
		if !endsInDigit.MatchString(sentence) || !goesOn.MatchString(p.text[at[1]:]) {
			found = append(found, at)
		}
	}
	return found
}

var verb = regexp.MustCompile(`%[-+.0-9]*[a-z]|%%`)

// shape matches a sentence of that format with whatever numbers, and returns the
// numbers that it should have.
func shape(format string, numbers []any) (*regexp.Regexp, []string) {
	var pattern strings.Builder
	var values []string
	at := 0
	for _, m := range verb.FindAllStringIndex(format, -1) {
		pattern.WriteString(strings.ReplaceAll(regexp.QuoteMeta(format[at:m[0]]), " ", `\s+`))
		at = m[1]
		if format[m[0]:m[1]] == "%%" {
			pattern.WriteString("%")
			continue
		}
		values = append(values, fmt.Sprintf(format[m[0]:m[1]], numbers[len(values)]))
		pattern.WriteString(`([-+]?\d+(?:[.,]\d+)*(?:e[-+]?\d+)?|[a-z]+)`)
	}
	pattern.WriteString(strings.ReplaceAll(regexp.QuoteMeta(format[at:]), " ", `\s+`))
	return regexp.MustCompile(pattern.String()), values
}

// must returns a value that was found without an error.
func must[V any](c *claims, v V, err error) V {
	c.Helper()
	if err != nil {
		c.Fatal(err)
	}
	return v
}

// source returns what the groups of a pattern match in a source file: a limit
// of a test, a constant that has no name outside of its package.
func (c *claims) source(file, pattern string) []any {
	c.Helper()
	text, err := os.ReadFile(filepath.FromSlash(file))
	found := regexp.MustCompile(pattern).FindStringSubmatch(string(must(c, text, err)))
	if found == nil {
		c.Fatalf("%s: nothing matches %q: a number of a page rests on it", file, pattern)
	}
	var groups []any
	for _, g := range found[1:] {
		groups = append(groups, g)
	}
	return groups
}
