package reproduce

import (
	"context"
	"fmt"

	"diffclip/clip"
	"diffclip/internal/baseline"
	"diffclip/internal/run"
	"diffclip/rsdata"
	"diffclip/tensor"
)

// A trainer learns from the training samples of an experiment.
type trainer interface {
	// name tells methods apart in the key of a cell.
	name() string
	// settings returns the part of a configuration that the result depends on.
	// What it leaves at zero does not matter.
	settings(c run.Config) run.Config
	// work estimates the cost on an experiment, in windows that go through an
	// encoder of 121 tokens; stage1 is false where stage 1 is there already.
	work(c run.Config, classes int, stage1 bool) float64
	// train returns a classifier.
	train(ctx context.Context, j *job) (classifier, error)
}

// A classifier gives pixels their classes.
type classifier interface {
	// classify returns the label of each pixel, from 1.
	classify(ctx context.Context, pixels []rsdata.Pixel) ([]uint8, error)
}

// sceneMapper is a classifier with a faster way to classify all pixels of a scene.
type sceneMapper interface {
	mapScene(ctx context.Context, scene int) ([]uint8, error)
}

// prober is a classifier that knows how sure it is.
type prober interface {
	probabilities(ctx context.Context, pixels []rsdata.Pixel) ([]float32, error)
}

// classicalNames are the methods of package baseline that tables have rows for.
var classicalNames = []string{"svm", "rf", "lda", "svm-pca", "lda-pca"}

// classicalArms makes an arm of each method.
func classicalArms(names []string) []Arm {
	var arms []Arm
	for _, name := range names {
		m, err := baseline.FindMethod(name)
		if err != nil {
			panic(fmt.Errorf("reproduce: %w", err))
		}
		arms = append(arms, Arm{Method: name, Train: classical{m}})
	}
	return arms
}

// classical is a method of package baseline.
type classical struct{ method baseline.Method }

func (c classical) name() string { return "baseline " + c.method.Name }

func (c classical) settings(cfg run.Config) run.Config {
	var out run.Config
	out.Split = cfg.Split
	out.Split.Unlabelled = 0
	return out
}

func (c classical) work(run.Config, int, bool) float64 { return 200 }

func (c classical) train(ctx context.Context, j *job) (classifier, error) {
	t, err := j.scene.evaluator.Train(ctx, j.x.Split, c.method, j.x.Split.Config.Seed)
	return trainedClassical{t}, err
}

type trainedClassical struct{ *baseline.Trained }

// classifyChunk is how many pixels' features are held at a time.
const classifyChunk = 4096

func (t trainedClassical) classify(ctx context.Context, pixels []rsdata.Pixel) ([]uint8, error) {
	labels := make([]uint8, 0, len(pixels))
	for lo := 0; lo < len(pixels); lo += classifyChunk {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		for _, k := range t.Predict(pixels[lo:min(lo+classifyChunk, len(pixels))]) {
			labels = append(labels, uint8(k+1))
		}
	}
	return labels, nil
}

// diffclip is the method of the paper; alone leaves stage 1 out.
type diffclip struct{ alone bool }

func (d diffclip) name() string {
	if d.alone {
		return "stage 2 alone"
	}
	return "diffclip"
}

func (d diffclip) settings(c run.Config) run.Config {
	if d.alone {
		return c.Stage2()
	}
	return c.Nameless()
}

// Costs of a window, in encoder passes: forward, backward and update; the decoders
// of stage 1 see every patch, its encoder few.
const (
	stage1Passes = 2.5
	stage2Passes = 3
)

func (d diffclip) work(c run.Config, classes int, stage1 bool) float64 {
	size := float64(c.Classifier.Encoder.Tokens()) / 121
	w := size * stage2Passes * float64(c.Finetune.Epochs*c.Split.Shots*classes)
	if stage1 && !d.alone {
		windows := max(c.Split.Unlabelled, 0)
		if c.NeedsLabels() {
			windows = c.Split.Shots * classes
		}
		w += size * stage1Passes * float64(c.Pretrain.Epochs*windows)
	}
	return w
}

func (d diffclip) train(ctx context.Context, j *job) (classifier, error) {
	var state map[string]*tensor.Tensor
	if !d.alone {
		first, err := j.stage1(ctx)
		if err != nil {
			return nil, err
		}
		state = first.Set.State()
	}
	model, err := j.finetune(ctx, state)
	if err != nil {
		return nil, err
	}
	return &trainedClip{j.x, clip.NewClassifier(j.x.Backend, model, j.x.Text.Prompts)}, nil
}

type trainedClip struct {
	x *run.Experiment
	c *clip.Classifier
}

// probabilities returns those of each class, (len(pixels), K).
func (t *trainedClip) probabilities(ctx context.Context, pixels []rsdata.Pixel) ([]float32, error) {
	probs := make([]float32, len(pixels)*t.c.Classes())
	return probs, t.c.Probabilities(ctx, t.x.Windows, pixels, probs)
}

func (t *trainedClip) classify(ctx context.Context, pixels []rsdata.Pixel) ([]uint8, error) {
	probs, err := t.probabilities(ctx, pixels)
	if err != nil {
		return nil, err
	}
	k := t.c.Classes()
	labels := make([]uint8, len(pixels))
	for i := range labels {
		labels[i] = uint8(clip.Best(probs[i*k:(i+1)*k]) + 1)
	}
	return labels, nil
}

func (t *trainedClip) mapScene(ctx context.Context, scene int) ([]uint8, error) {
	var all []uint8
	err := clip.MapScene(ctx, t.c, t.x.Data, t.x.Windows, scene, func(_ int, labels []uint8, _, _ []float32) error {
		all = append(all, labels...)
		return nil
	})
	return all, err
}
