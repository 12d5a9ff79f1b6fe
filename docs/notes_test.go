package docs_test

import (
	"fmt"
	"regexp"
	"strings"
)

// noteFile holds measurements that were made once and stand in a sentence, not
// in a table; and facts that come from elsewhere, with their source.
type noteFile struct {
	Notes []note `json:"notes"`
}

type note struct {
	origin
	Source string   `json:"source"` // in place of command, date and machine, for what was not measured here
	Page   string   `json:"page"`
	Says   []string `json:"says"` // parts of sentences, what was measured between braces
}

var braces = regexp.MustCompile(`\{[^{}]+\}`)

// notes wants the pages to say what a file of notes says. What is between braces
// is accounted for by it, and nothing else of the sentence.
func (c *claims) notes(name string) {
	c.Helper()
	var f noteFile
	if err := readStrictly(name, &f); err != nil {
		c.Fatal(err)
	}
	for _, n := range f.Notes {
		if err := n.check(name); err != nil && n.Source == "" {
			c.Error(err)
		}
		for _, sentence := range n.Says {
			if err := c.note(n.Page, sentence); err != nil {
				c.Errorf("%s: %v", name, err)
			}
		}
	}
}

func (c *claims) note(page, sentence string) error {
	c.Helper()
	if !braces.MatchString(sentence) {
		return fmt.Errorf("%q: no number is between braces", sentence)
	}
	var values []any
	for _, m := range braces.FindAllString(sentence, -1) {
		values = append(values, strings.Trim(m, "{}"))
	}
	format := braces.ReplaceAllString(strings.ReplaceAll(sentence, "%", "%%"), "%s")
	p := c.pages[page]
	if p == nil {
		return fmt.Errorf("no page is called %q", page)
	}
	left := p.left
	c.says(page, format, values...)
	if c.update && len(left) != len(p.left) {
		return nil // written anew, and looked at by the next run
	}
	p.left = left
	pattern, _ := shape(format, values)
	for _, at := range pattern.FindAllStringSubmatchIndex(p.text, -1) {
		for i := 2; i < len(at); i += 2 {
			p.account(at[i], at[i+1])
		}
	}
	return nil
}
