package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	link    = regexp.MustCompile(`(!?)\[([^\]]*)\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ (.*)$`)
)

// TestLinks: what a page links to is there, headings included, and every picture
// says in words what it shows.
func TestLinks(t *testing.T) {
	for _, page := range pages(t) {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range link.FindAllStringSubmatch(fence.ReplaceAllString(string(text), ""), -1) {
			if m[1] != "" && len(m[2]) < 10 {
				t.Errorf("%s: the picture %s is described by %q alone", page, m[3], m[2])
			}
			if strings.Contains(m[3], "://") {
				continue
			}
			file, anchor, _ := strings.Cut(m[3], "#")
			target := page
			if file != "" {
				target = filepath.Join(filepath.Dir(page), file)
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s: %v", page, err)
			} else if anchor != "" && !hasHeading(target, anchor) {
				t.Errorf("%s: %s has no heading for #%s", page, target, anchor)
			}
		}
	}
	if hasHeading("results.md", "no-such-heading") {
		t.Error("a heading that is not there was found")
	}
}

// hasHeading tells whether a page has a heading that is linked to by the anchor.
func hasHeading(page, anchor string) bool {
	text, err := os.ReadFile(page)
	for _, m := range heading.FindAllStringSubmatch(string(text), -1) {
		name := regexp.MustCompile(`[^\w\- ]`).ReplaceAllString(strings.ToLower(m[1]), "")
		if err == nil && strings.ReplaceAll(name, " ", "-") == anchor {
			return true
		}
	}
	return false
}
