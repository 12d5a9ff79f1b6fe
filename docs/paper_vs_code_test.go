package docs_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"diffclip/internal/run"
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

// TestPresetIsAsPrinted holds the page's column of -preset best to the preset.
func TestPresetIsAsPrinted(t *testing.T) {
	page, err := os.ReadFile("paper-vs-code.md")
	if err != nil {
		t.Fatal(err)
	}
	c, err := run.Preset("best")
	if err != nil {
		t.Fatal(err)
	}
	e, p, f, text := c.Diffusion.Encoder, c.Pretrain, c.Finetune, c.Classifier.Text
	for _, want := range []string{
		fmt.Sprintf("| %d blocks, width %d, %d heads | Less", e.Depth, e.Dim, e.Heads),
		fmt.Sprintf("`pretrain -decoder-depth %d`", c.Diffusion.DecoderDepth),
		fmt.Sprintf("| %d blocks, width %d | Less", text.Depth, text.Dim),
		fmt.Sprintf("`pretrain -scaling %s -mnf %d`", c.Scaling.Method, c.Scaling.MNF),
		fmt.Sprintf("`pretrain -pretrain-samples %d`", c.Split.Unlabelled),
		fmt.Sprintf("`pretrain -epochs %d -batch %d`", p.Epochs, p.Batch),
		fmt.Sprintf("| %d updates", p.Epochs*c.Split.Unlabelled/p.Batch),
		fmt.Sprintf("after %d epochs of warm-up, with gradients clipped at norm %g | Nothing in time | `pretrain -lr %g`", p.WarmUp, p.Clip, p.LR),
		fmt.Sprintf("`finetune -pool %s`", c.Classifier.Pool),
		fmt.Sprintf("`finetune -targets %s`", c.Classifier.Targets),
		fmt.Sprintf("`finetune -temperature %g`", c.Classifier.Temperature),
		fmt.Sprintf("deviation 2e-5 | %g |", c.Classifier.HeadStd),
		fmt.Sprintf("`finetune -head-fit %s`", f.HeadFit),
		fmt.Sprintf("`finetune -epochs %d -lr %g -freeze %d`", f.Epochs, f.LR, f.FreezeEncoder),
	} {
		if !strings.Contains(string(page), want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if !p.Symmetries || !f.Symmetries || len(p.Crops) > 0 || !f.FixNorms {
		t.Error("the page says that both stages flip and rotate windows, that none are cropped, and that statistics stay fixed")
	}
}
