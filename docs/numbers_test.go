package docs_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestNumbers: every number in the text of the pages is accounted for. A table made
// from a raw file does (tables_test.go), a sentence that a claim holds to what is
// behind it (claims_*_test.go), and a note of a measurement (performance/notes.json,
// results/notes.json). With -update the sentences are written anew.
func TestNumbers(t *testing.T) {
	chapters, err := filepath.Glob("tour/*.md")
	if err != nil {
		t.Fatal(err)
	}
	c := newClaims(t, append(pages(t), chapters...)...)
	for _, chapter := range chapters {
		c.pages[chapter].shown()
	}
	old := map[string]string{}
	for name, p := range c.pages {
		old[name] = p.text
	}
	for _, claim := range []func(*claims){performanceClaims, gpuClaims, resultsClaims, reproducedClaims, readmeClaims, settingsClaims, explorerClaims, tourClaims} {
		claim(c)
	}
	c.notes("performance/notes.json")
	c.notes("results/notes.json")
	for name, p := range c.pages {
		if old[name] != p.text {
			if err := os.WriteFile(name, []byte(p.text), 0o644); err != nil {
				t.Error(err)
			}
		}
		if name == "architecture.md" || name == "equations.md" {
			continue // generated from comments in the code, and held to it by tests of their own
		}
		if err := p.unaccounted(name); err != nil {
			t.Error(err)
		}
	}
}

var fence = regexp.MustCompile("(?ms)^```.*?^```")

// shown accounts for the numbers of a chapter that its listings and outputs show,
// which TestChapters of the tour holds to what the code is and prints.
func (p *page) shown() {
	inside := map[string]bool{}
	for _, f := range fence.FindAllString(p.text, -1) {
		for _, n := range number.FindAllString(f, -1) {
			inside[n] = true
		}
	}
	for _, at := range number.FindAllStringIndex(p.text, -1) {
		if inside[p.text[at[0]:at[1]]] {
			p.account(at[0], at[1])
		}
	}
}

// What is no number of this project's, in this order.
var notText = []*regexp.Regexp{
	tablePattern,
	fence,
	regexp.MustCompile(`(?s)<!--.*?-->`),
	regexp.MustCompile(`(?s)\$\$.*?\$\$`),
	regexp.MustCompile("`[^`]+`"),
	regexp.MustCompile(`\$[^$\n]+\$`),
	regexp.MustCompile(`\]\([^)\s]+\)`),      // where a link leads
	regexp.MustCompile(`(?m)^#+ .*$`),        // headings
	regexp.MustCompile(`(?m)^ {4,}\S.*$`),    // commands
	regexp.MustCompile(`(?m)^(?:- )?\d+\. `), // numbers of a list
	regexp.MustCompile(`(?:[Ss]tages?|Tables?|Figures?|[Cc]hapters?|Eqs?\.)\s+\(?\d+\)?(?:(?:,\s+and\s+|,\s+|\s+and\s+|\s+to\s+|-)\(?\d+\)?)*`), // numbers by which things are called
	regexp.MustCompile(`\b(?:2|8|20|40)(?:(?:\s+/|,|\s+and|,\s+and)\s+(?:2|8|20|40))*\s+shots?\b`),                                              // columns of the tables
	regexp.MustCompile(`(?:Houston|IDTReeS)\s+\d+`),                                                                                             // data sets with a year in their name
	regexp.MustCompile(`\b(?:19|20)\d\d\b|\b\d\d?\s+November\b`),                                                                                // dates
	regexp.MustCompile(`\b[A-Za-z_]\w*(?:[-–]\w+)*`),                                                                                            // words that have digits in them: W1, AVX-512, float32
}

var number = regexp.MustCompile(`\d+(?:[.,]\d+)*(?:e[-+]?\d+)?`)

// unaccounted returns an error with every number for which nothing accounts.
func (p *page) unaccounted(name string) error {
	text := p.text
	for _, rule := range notText {
		text = rule.ReplaceAllStringFunc(text, blank)
	}
	left := []byte(text)
	for i := range left {
		if p.left[i] == ' ' {
			left[i] = ' '
		}
	}
	var found []string
	for _, at := range number.FindAllIndex(left, -1) {
		line := 1 + strings.Count(p.text[:at[0]], "\n")
		from, to := max(0, at[0]-40), min(len(p.text), at[1]+30)
		found = append(found, fmt.Sprintf("%s:%d: %s in %q", name, line, left[at[0]:at[1]], strings.Join(strings.Fields(p.text[from:to]), " ")))
	}
	if found == nil {
		return nil
	}
	return fmt.Errorf("nothing accounts for %d numbers. If a raw file or the program gives one, claim its sentence in docs/claims_*_test.go; "+
		"if it was measured once, put the sentence into docs/performance/notes.json or docs/results/notes.json, the number between braces, with its command, date and machine; "+
		"or leave the number out:\n%s", len(found), strings.Join(found, "\n"))
}

// recorder keeps the complaints of claims.
type recorder struct {
	testing.TB
	said []string
}

func (r *recorder) Helper()           {}
func (r *recorder) Error(args ...any) { r.said = append(r.said, fmt.Sprint(args...)) }
func (r *recorder) Errorf(format string, args ...any) {
	r.said = append(r.said, fmt.Sprintf(format, args...))
}

// The check of numbers can fail, and -update mends what it can.
func TestNumbersFindMistakes(t *testing.T) {
	const text = "A step takes 7.30 ms\nin 236 launches (Table 3), `-batch 64`, on an H200.\n"
	check := func(update bool, claim func(*claims)) (*page, string) {
		r := &recorder{TB: t}
		p := &page{text, text}
		claim(&claims{r, newRaw(), map[string]*page{"page": p}, update})
		if err := p.unaccounted("page"); err != nil {
			r.Error(err)
		}
		return p, strings.Join(r.said, "\n")
	}
	note := func(c *claims, sentence string) {
		if err := c.note("page", sentence); err != nil {
			c.Error(err)
		}
	}
	for _, m := range []struct {
		claim func(*claims)
		want  string
	}{
		{func(c *claims) {}, "nothing accounts for 2 numbers"},
		{func(c *claims) { c.says("page", "takes %.2f ms", 7.3) }, "page:2: 236 in"},
		{func(c *claims) { c.says("page", "takes %.2f ms in %d launches", 7.3, 237) }, `expected "takes 7.30 ms in 237 launches"`},
		{func(c *claims) { c.says("page", "A step takes %.1f", 7.3) }, `expected "A step takes 7.3"`},
		{func(c *claims) { c.says("page", "took %.2f ms", 7.3) }, "0 sentences like"},
		{func(c *claims) { c.holds("page", false, "takes %.2f ms in 236", 7.3) }, "denies"},
		{func(c *claims) { note(c, "takes {7.30} ms in 236 launches") }, "page:2: 236 in"},
		{func(c *claims) { note(c, "takes {7.31} ms in {236} launches") }, `expected "takes 7.31 ms in 236 launches"`},
		{func(c *claims) { note(c, "takes 7.30 ms") }, "no number is between braces"},
		{func(c *claims) { note(c, "takes {7.30} ms in {236} launches") }, ""},
	} {
		if _, said := check(false, m.claim); m.want == "" && said != "" || !strings.Contains(said, m.want) {
			t.Errorf("said %q, want %q", said, m.want)
		}
	}
	p, said := check(true, func(c *claims) { c.says("page", "takes %.2f ms in %d launches", 7.4, 1001) })
	if said != "" || p.text != strings.NewReplacer("7.30", "7.40", "236", "1001").Replace(text) {
		t.Errorf("the page became %q, said %q", p.text, said)
	}
}
