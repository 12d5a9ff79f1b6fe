package docs_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var codeSpan = regexp.MustCompile("`([^`]+)`")

// TestSwitchesExist runs every command line of paper-vs-code.md without the
// folder it would need: the command must complain of that alone, so that each
// flag exists and takes its value. A flag that stands alone must exist somewhere.
func TestSwitchesExist(t *testing.T) {
	page, err := os.ReadFile("paper-vs-code.md")
	if err != nil {
		t.Fatal(err)
	}
	command := filepath.Join(t.TempDir(), "diffclip")
	if out, err := exec.Command("go", "build", "-o", command, "../cmd/diffclip").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	help := ""
	for _, sub := range []string{"pretrain", "finetune"} {
		out, err := exec.Command(command, sub, "-h").Output()
		if err != nil {
			t.Fatalf("diffclip %s -h: %v", sub, err)
		}
		help += string(out)
	}
	lines, flags := 0, 0
	for _, m := range codeSpan.FindAllStringSubmatch(string(page), -1) {
		words := strings.Fields(m[1])
		switch {
		case words[0] == "pretrain" || words[0] == "finetune":
			if len(words) == 1 {
				continue
			}
			lines++
			out, err := exec.Command(command, words...).CombinedOutput()
			if err == nil || !strings.Contains(string(out), " is missing: ") {
				t.Errorf("diffclip %s: %v\n%s", m[1], err, out)
			}
		case strings.HasPrefix(words[0], "-"):
			flags++
			if !strings.Contains(help, "\n  "+words[0]+" ") {
				t.Errorf("%s: no such flag", m[1])
			}
		}
	}
	if lines < 15 || flags < 3 {
		t.Errorf("found %d command lines and %d flags: has the page another form?", lines, flags)
	}
}
