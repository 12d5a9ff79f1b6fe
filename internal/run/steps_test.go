package run

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"diffclip/optim/train"
)

func TestStepsAreFollowed(t *testing.T) {
	f := Folder{t.TempDir()}
	if curves, err := f.Steps(); curves != nil || err != nil {
		t.Errorf("%v, %v of a folder without steps", curves, err)
	}
	heard := 0
	for _, name := range []string{Stage1Name, Stage2Name} {
		h, done := f.logSteps(name, train.Hooks{OnStep: func(train.Step) { heard++ }})
		for i := range 3 {
			h.OnStep(train.Step{Epoch: i, Done: i + 1, Total: 3, Loss: 1 / float64(i+1), LR: 1e-3})
		}
		done()
	}
	curves, err := f.Steps()
	if err != nil || len(curves) != 2 || heard != 6 {
		t.Fatalf("%d curves, %d steps heard, error %v", len(curves), heard, err)
	}
	for _, c := range curves {
		first, last := c.Points[0], c.Points[len(c.Points)-1]
		if first != (StepPoint{1, 3, 1, 1, 1e-3}) || last.Step != 3 || last.Epoch != 3 {
			t.Errorf("%s: from %+v to %+v", c.Name, first, last)
		}
	}
}

// Half a line at the end, steps done again after a resume, and rubbish.
func TestStepsOfAnyFile(t *testing.T) {
	f := Folder{t.TempDir()}
	lines := []string{"a,1,9,1,3,0.1", "a,2,9,1,2,0.1", "a,3,9,1,1,0.1", "b,1,2,1,7,0.1", "rubbish", "a,x,9,1,1,0.1", "a,0,9,1,1,0.1", "a,2,9,1,2.5,0.1", "a,4,9"}
	if err := os.WriteFile(f.Path(StepsFile), []byte(strings.Join(lines, "\n")), 0o666); err != nil {
		t.Fatal(err)
	}
	curves, err := f.Steps()
	if err != nil || len(curves) != 2 {
		t.Fatalf("%d curves, error %v", len(curves), err)
	}
	want := []StepPoint{{1, 9, 1, 3, 0.1}, {2, 9, 1, 2.5, 0.1}}
	if !slices.Equal(curves[0].Points, want) {
		t.Errorf("%v, want %v", curves[0].Points, want)
	}
}

// The end of a very long file is followed, as is what comes after a stretch of it that
// was never written, as a machine without power leaves it.
func TestStepsOfALongFile(t *testing.T) {
	f := Folder{t.TempDir()}
	var b strings.Builder
	b.WriteString(strings.Repeat("\x00", 100_000) + "\n")
	const last = 700_000
	for i := range last {
		fmt.Fprintf(&b, "stage 1,%d,%d,1,0.5,0.001\n", i+1, last)
	}
	if b.Len() < maxSteps+1<<20 {
		t.Fatalf("%d bytes are not many", b.Len())
	}
	for _, text := range []string{b.String(), b.String()[:1<<20]} {
		if err := os.WriteFile(f.Path(StepsFile), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		curves, err := f.Steps()
		if err != nil || len(curves) != 1 {
			t.Fatalf("%d curves, error %v", len(curves), err)
		}
		if got, want := curves[0].Points[len(curves[0].Points)-1].Step, strings.Count(text, "\n")-1; got != want {
			t.Errorf("%d bytes: the last step is %d, want %d", len(text), got, want)
		}
	}
}

func TestStepsThatCannotBeWritten(t *testing.T) {
	f := Folder{t.TempDir() + "/none"}
	heard := 0
	h, done := f.logSteps(Stage1Name, train.Hooks{OnStep: func(train.Step) { heard++ }})
	h.OnStep(train.Step{Done: 1, Total: 1})
	if done(); heard != 1 {
		t.Errorf("%d steps heard, want 1", heard)
	}
}
