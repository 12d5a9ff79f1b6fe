package run

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"diffclip/clip"
	"diffclip/optim/train"
	"diffclip/tensor"
)

// A window of a yes-or-no task is called positive where that is at least as likely as not,
// which with two classes is where it is the likelier one.
func TestYesIsTheLikelierClass(t *testing.T) {
	x := small(t)
	d, err := x.Data.Select(1, 2)
	if err != nil {
		t.Fatal(err)
	}
	d.Positive = 2
	cfg := x.Config
	cfg.Split.Shots, cfg.Split.PerClassTest = 4, 100
	if x, err = Prepare(cfg, Given{Data: d, Scaling: x.Scaling}, tensor.NewCPU(1)); err != nil {
		t.Fatal(err)
	}
	m, err := clip.New(x.Config.Classifier, 1)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x.Evaluate(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	classes := c.PerClass()
	if c.Binary == nil || c.Binary.SE != classes[1].Recall || c.Binary.SP != classes[0].Recall || c.Binary.ACC != c.OA() {
		t.Errorf("SE, SP, ACC %+v, recalls %v and %v, OA %v", c.Binary, classes[1].Recall, classes[0].Recall, c.OA())
	}
	if classes[0].Predicted == 0 || classes[1].Predicted == 0 {
		t.Error("all windows are called alike, which says nothing of the threshold")
	}
}

// The time of a stage that goes on counts what run.json knows of, which may be more than its
// checkpoint does.
func TestTimeBeforeAnInterruption(t *testing.T) {
	x, dir := small(t), t.TempDir()
	x.Config.Pretrain.Epochs, x.Config.Pretrain.Batch = 4, 10
	folder, man := Folder{dir}, NewManifest(x)
	ctx, cancel := context.WithCancel(t.Context())
	_, _, err := folder.RunStage1(ctx, x, man, train.Hooks{Checkpoint: folder.Path(Checkpoint1File), OnStep: func(s train.Step) {
		if s.Done == 3 {
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) || !folder.Has(Checkpoint1File) {
		t.Fatalf("interrupted: %v", err)
	}
	man.Seconds[Stage1Name] = 1000
	if _, _, err := folder.TrainStage1(t.Context(), x, man, io.Discard); err != nil {
		t.Fatal(err)
	}
	if s := man.Seconds[Stage1Name]; s < 1000 || s > 1600 {
		t.Errorf("%v seconds in all, after 1000", s)
	}
}

// An interrupted training does not end as one that is complete.
func TestWatchEndsAsTheTrainingDid(t *testing.T) {
	for _, c := range []struct {
		err  error
		want string
	}{{nil, "stage 2: loss 0.2500 ("}, {context.Canceled, ""}} {
		var log bytes.Buffer
		hooks, end := Watch(&log, "stage 2", "")
		hooks.OnStep(train.Step{Done: 1, Total: 2, Loss: 0.25})
		end(c.err)
		if !strings.HasPrefix(log.String(), c.want) || (c.want == "") != (log.Len() == 0) {
			t.Errorf("ended by %v: %q, expected %q", c.err, log.String(), c.want)
		}
	}
}

// The bar of a training does not stand at its end while the head is refined, which has one of its own.
func TestWatchTellsOfTheHead(t *testing.T) {
	var log bytes.Buffer
	hooks, end := Watch(&log, "stage 2", "")
	hooks.OnStep(train.Step{Done: 2, Total: 2, Loss: 0.25})
	hooks.OnFit(0, 4096)
	if !strings.HasPrefix(log.String(), "stage 2: loss 0.2500 (") {
		t.Errorf("while the head is refined: %q", log.String())
	}
	hooks.OnFit(4096, 4096)
	end(nil)
	if lines := strings.Split(log.String(), "\n"); len(lines) != 3 || !strings.HasPrefix(lines[1], "head, refined on 4096 windows without labels (") {
		t.Errorf("in the end: %q", log.String())
	}
}
