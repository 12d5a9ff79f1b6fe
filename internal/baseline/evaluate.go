package baseline

import (
	"context"
	"fmt"
	"strings"

	"diffclip/rsdata"
)

// Components is how many components of each modality the methods named "-pca" and "-mnf" see.
const Components = 20

// Method is a classifier with its settings and the features it sees.
type Method struct {
	Name, Summary string
	projection    Projection
	build         func(seed uint64) Classifier
}

// classifiers are what methods are made of, each for both kinds of features.
var classifiers = []Method{
	{Name: "svm", Summary: "RBF support vector machine, C and gamma by cross-validation", build: newSVM},
	{Name: "rf", Summary: "random forest of 300 trees", build: func(seed uint64) Classifier { return &Forest{Trees: 300, Seed: seed} }},
	{Name: "lda", Summary: "linear discriminant analysis, covariance shrunk after Ledoit and Wolf", build: func(uint64) Classifier { return &LDA{Shrinkage: AutoShrinkage} }},
	{Name: "mean", Summary: "nearest class mean", build: func(uint64) Classifier { return &NearestMean{} }},
}

func newSVM(seed uint64) Classifier {
	return &TunedSVM{C: []float64{10, 1, 100, 1000}, Gamma: []float64{1, 0.1, 0.3, 3}, Folds: 5, Seed: seed}
}

// Methods lists every method. Plain names see standardised bands, those ending in "-pca" whitened principal components,
// those in "-mnf" minimum noise fractions.
func Methods() []Method {
	var all []Method
	for _, c := range classifiers {
		c.Summary += "; standardised bands"
		all = append(all, c)
	}
	for _, c := range classifiers {
		c.Name += "-pca"
		c.Summary += fmt.Sprintf("; %d whitened principal components", Components)
		c.projection.PCA = Components
		all = append(all, c)
	}
	for _, c := range classifiers {
		c.Name += "-mnf"
		c.Summary += fmt.Sprintf("; %d minimum noise fractions", Components)
		c.projection.MNF = Components
		all = append(all, c)
	}
	return all
}

// FindMethod returns the method of a name; the error lists all names.
func FindMethod(name string) (Method, error) {
	var names []string
	for _, m := range Methods() {
		if m.Name == name {
			return m, nil
		}
		names = append(names, m.Name)
	}
	return Method{}, fmt.Errorf("no baseline is called %q: want %s", name, strings.Join(names, ", "))
}

// Evaluator evaluates methods on many splits of one dataset and fits each kind of features once.
type Evaluator struct {
	data     *rsdata.Dataset
	features map[Projection]*Features
}

// NewEvaluator returns an evaluator for a dataset. It is not safe for concurrent use.
func NewEvaluator(d *rsdata.Dataset) *Evaluator {
	return &Evaluator{data: d, features: map[Projection]*Features{}}
}

// Trained is a method that has learned.
type Trained struct {
	features   *Features
	classifier Classifier
}

// Train trains a method on the training samples of a split. The seed decides what the method draws. Validation and
// unlabelled samples are not used.
func (e *Evaluator) Train(ctx context.Context, split *rsdata.Split, m Method, seed uint64) (*Trained, error) {
	f := e.features[m.projection]
	if f == nil {
		var err error
		if f, err = NewFeatures(e.data, m.projection); err != nil {
			return nil, err
		}
		e.features[m.projection] = f
	}
	classes := make([]int, len(split.Train))
	for i, s := range split.Train {
		classes[i] = int(s.Label) - 1
	}
	c := m.build(seed)
	if err := c.Fit(ctx, f.At(rsdata.Pixels(nil, split.Train)), classes); err != nil {
		return nil, fmt.Errorf("dataset %q, baseline %s: %w", e.data.Name, m.Name, err)
	}
	return &Trained{f, c}, nil
}

// Predict returns the class of every pixel, numbered from 0.
func (t *Trained) Predict(pixels []rsdata.Pixel) []int {
	return t.classifier.Predict(t.features.At(pixels))
}

// Evaluate trains a method as Train does and counts what it makes of the test samples.
func (e *Evaluator) Evaluate(ctx context.Context, split *rsdata.Split, m Method, seed uint64) (*rsdata.Confusion, error) {
	t, err := e.Train(ctx, split, m, seed)
	if err != nil {
		return nil, err
	}
	confusion := rsdata.NewConfusion(len(e.data.Classes))
	for i, k := range t.Predict(rsdata.Pixels(nil, split.Test)) {
		confusion.Add(int(split.Test[i].Label)-1, k)
	}
	return confusion, nil
}
