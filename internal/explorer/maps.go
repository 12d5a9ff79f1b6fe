package explorer

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"sync"

	"diffclip/clip"
	"diffclip/internal/run"
	"diffclip/rsdata"
	"diffclip/tensor"
)

const (
	// coarsePixels is about how many pixels the first, quick map has.
	coarsePixels = 2500
	// mapPixels and mapValues bound the features that are kept of a scene: beyond
	// them the map has every second pixel, every third, and so on.
	mapPixels = 300_000
	mapValues = 64 << 20
)

// grid is the image features of every stride-th pixel of a scene.
type grid struct {
	stride, h, w, dim int
	values            []float32 // (h, w, dim)
}

func newGrid(s *rsdata.Scene, stride, dim int) *grid {
	g := &grid{stride: stride, h: (s.H + stride - 1) / stride, w: (s.W + stride - 1) / stride, dim: dim}
	g.values = make([]float32, g.h*g.w*dim)
	return g
}

// gridSize is the number of pixels of a grid.
func gridSize(s *rsdata.Scene, stride int) int {
	return ((s.H + stride - 1) / stride) * ((s.W + stride - 1) / stride)
}

// strides returns those of the maps to show one after another: a quick one and
// the best that can be kept, with one between them, a ninth of the best, where
// that takes long.
func strides(s *rsdata.Scene, dim int) []int {
	fine := 1
	for gridSize(s, fine) > mapPixels || gridSize(s, fine)*dim > mapValues {
		fine++
	}
	coarse := fine
	for gridSize(s, coarse) > coarsePixels {
		coarse++
	}
	switch {
	case coarse == fine:
		return []int{fine}
	case coarse < 6*fine:
		return []int{coarse, fine}
	}
	return []int{coarse, 3 * fine, fine}
}

// mapper computes the features of scenes in the background, with a model of its
// own: first a coarse grid, then finer ones.
type mapper struct {
	mu     sync.Mutex
	stamp  string
	cancel context.CancelFunc
	done   sync.WaitGroup
	scene  int // in work or done, -1 for none
	best   *grid
	at, of int // pixels of all grids
	err    error

	working sync.Mutex // held by the job that computes; the one before it was cancelled
	be      Backend    // of the jobs, nil before the first and after its device failed
}

func newMapper() *mapper { return &mapper{scene: -1, cancel: func() {}} }

// reset forgets everything where the run has changed.
func (m *mapper) reset(stamp string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.stamp == stamp {
		return
	}
	m.cancel()
	m.stamp, m.scene, m.best, m.err = stamp, -1, nil, nil
}

func (m *mapper) stop() {
	m.mu.Lock()
	m.cancel()
	m.mu.Unlock()
	m.done.Wait()
	m.drop()
}

// drop lets go of the backend.
func (m *mapper) drop() {
	if m.be != nil {
		m.be.Close()
		m.be = nil
	}
}

// mapState is how far a map is.
type mapState struct {
	Scene  int    `json:"scene"`
	Stride int    `json:"stride"` // of what is there, 0 for nothing yet
	Done   int    `json:"done"`
	Total  int    `json:"total"`
	Error  string `json:"error,omitempty"`
}

func (m *mapper) state() mapState {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := mapState{Scene: m.scene, Done: m.at, Total: m.of}
	if m.best != nil {
		s.Stride = m.best.stride
	}
	if m.err != nil {
		s.Error = m.err.Error()
	}
	return s
}

// features returns what is there of a scene, nil for nothing yet, and begins to
// work on it. A failure that left nothing is told once, and asking again begins anew:
// the memory that was missing may be there again.
func (m *mapper) features(e *Explorer, l *loaded, scene int) (*grid, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case m.scene == scene && m.err != nil && m.best == nil:
		err := m.err
		m.scene, m.err = -1, nil
		// Whatever failed was the mapper's: models and backend of who asks are sound.
		return nil, refuse(http.StatusServiceUnavailable, "the map failed, asking again begins anew: %v", err)
	case m.scene == scene:
		return m.best, nil
	}
	m.cancel()
	ctx, cancel := context.WithCancel(context.Background())
	m.cancel, m.scene, m.best, m.err, m.at, m.of = cancel, scene, nil, nil, 0, 0
	m.done.Add(1)
	job := mapJob{mapper: m, ctx: ctx, x: l.x, scene: scene, stamp: m.stamp}
	go func() {
		defer m.done.Done()
		if err := job.run(e.folder.Path(run.Stage2File), e.cfg.Open); err != nil {
			job.keep(func() { m.err = err })
		}
	}()
	return nil, nil
}

// mapJob is the work on one scene.
type mapJob struct {
	*mapper
	ctx   context.Context
	x     *run.Experiment
	scene int
	stamp string
}

// keep changes the mapper, unless it has gone on to something else.
func (j *mapJob) keep(change func()) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.ctx.Err() == nil && j.mapper.scene == j.scene && j.mapper.stamp == j.stamp {
		change()
	}
}

func (j *mapJob) run(weights string, open func() (Backend, error)) (err error) {
	j.working.Lock()
	defer j.working.Unlock()
	defer func() {
		if device := (*tensor.DeviceError)(nil); errors.As(err, &device) {
			j.drop()
		}
	}()
	defer tensor.CatchDevice(&err)
	s, err := clip.Open(weights)
	if err != nil {
		return err
	}
	if j.be == nil {
		if j.be, err = open(); err != nil {
			return err
		}
	}
	c := s.Classifier(j.be)
	scene := j.x.Data.Scenes[j.scene]
	steps := strides(scene, c.Dim())
	total, done := 0, 0
	for _, stride := range steps {
		total += gridSize(scene, stride)
	}
	j.keep(func() { j.of = total })
	for _, stride := range steps {
		compute := j.windows
		if stride == 1 {
			compute = j.whole
		}
		if err := compute(c, stride, done); err != nil {
			return err
		}
		done += gridSize(scene, stride)
	}
	return nil
}

// windows computes the windows of a grid one by one, after done pixels of others.
func (j *mapJob) windows(c *clip.Classifier, stride, done int) error {
	g := newGrid(j.x.Data.Scenes[j.scene], stride, c.Dim())
	pixels := make([]rsdata.Pixel, 0, g.h*g.w)
	for i := range g.h * g.w {
		pixels = append(pixels, rsdata.Pixel{Scene: int32(j.scene), Row: int32(i / g.w * stride), Col: int32(i % g.w * stride)})
	}
	const batch = 256
	for lo := 0; lo < len(pixels); lo += batch {
		hi := min(lo+batch, len(pixels))
		if err := c.Features(j.ctx, j.x.Windows, pixels[lo:hi], g.values[lo*g.dim:hi*g.dim]); err != nil {
			return err
		}
		j.keep(func() { j.at = done + hi })
	}
	j.keep(func() { j.best = g })
	return nil
}

// whole computes every pixel, each of which is embedded once.
func (j *mapJob) whole(c *clip.Classifier, stride, done int) error {
	g := newGrid(j.x.Data.Scenes[j.scene], stride, c.Dim())
	err := clip.SceneFeatures(j.ctx, c, j.x.Data, j.x.Windows, j.scene, func(row int, features []float32) error {
		copy(g.values[row*g.w*g.dim:], features)
		j.keep(func() { j.at = done + (row+1)*g.w })
		return nil
	})
	if err == nil {
		j.keep(func() { j.best = g })
	}
	return err
}

// question is what a request for a map or a pixel asks: the texts to classify by,
// none for the run's own.
type question struct {
	Scene, Row, Col int
	Texts           []string
}

const (
	maxTexts      = 64
	maxTextLength = 400
)

func (l *loaded) question(r *http.Request) (*question, error) {
	q := &question{}
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(q); err != nil {
		return nil, refuse(http.StatusBadRequest, "the request cannot be read: %v", err)
	}
	if err := l.needs(false, true); err != nil {
		return nil, err
	}
	if q.Scene < 0 || q.Scene >= len(l.x.Data.Scenes) {
		return nil, refuse(http.StatusBadRequest, "scene %d of %d", q.Scene, len(l.x.Data.Scenes))
	}
	if s := l.x.Data.Scenes[q.Scene]; q.Row < 0 || q.Row >= s.H || q.Col < 0 || q.Col >= s.W {
		return nil, refuse(http.StatusBadRequest, "row %d, column %d of a scene of %d x %d pixels", q.Row, q.Col, s.H, s.W)
	}
	if len(q.Texts) > maxTexts {
		return nil, refuse(http.StatusBadRequest, "%d texts: at most %d are compared", len(q.Texts), maxTexts)
	}
	for i, text := range q.Texts {
		if len(text) > maxTextLength {
			return nil, refuse(http.StatusBadRequest, "text %d has %d bytes: at most %d are read", i+1, len(text), maxTextLength)
		}
	}
	return q, nil
}

// classifier encodes the texts of a question.
func (l *loaded) classifier(q *question) (*clip.Classifier, error) {
	if len(q.Texts) == 0 {
		return l.own, nil
	}
	if !l.hasTexts() {
		return nil, refuse(http.StatusConflict, "the classifier of this run has a linear head, which compares with no text: ask without texts, or train one with -head text")
	}
	if l.texts == nil {
		tok, err := l.stage2.Text.Reader(l.man.Config.Text.BPE)
		if err != nil {
			return nil, failure{http.StatusConflict, err}
		}
		l.texts = tok
	}
	prompts, err := clip.Tokenize(l.texts, q.Texts)
	if err != nil {
		return nil, failure{http.StatusBadRequest, err}
	}
	for i, p := range prompts {
		if len(p) > l.stage2.Model.Config.Text.Context {
			return nil, refuse(http.StatusBadRequest, "text %d has %d tokens, the text encoder reads %d: shorten it", i+1, len(p), l.stage2.Model.Config.Text.Context)
		}
	}
	return clip.NewClassifier(l.x.Backend, l.stage2.Model, prompts), nil
}

// sceneMap classifies a scene by texts: a byte for the number of the best text at
// each pixel of the grid, from 1, then a byte for its probability, 255 for one.
// Headers give the grid. Where nothing is computed yet the answer is empty, 204.
func (e *Explorer) sceneMap(w http.ResponseWriter, r *http.Request) error {
	var g *grid
	var out []byte
	err := e.with(r.Context(), func(l *loaded) error {
		q, err := l.question(r)
		if err != nil {
			return err
		}
		c, err := l.classifier(q)
		if err != nil {
			return err
		}
		if g, err = e.maps.features(e, l, q.Scene); err != nil || g == nil {
			return err
		}
		out, err = g.classify(r.Context(), c)
		return err
	})
	if err != nil {
		return err
	}
	if g == nil {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	h := w.Header()
	h.Set("X-Width", strconv.Itoa(g.w))
	h.Set("X-Height", strconv.Itoa(g.h))
	h.Set("X-Stride", strconv.Itoa(g.stride))
	writeBytes(w, "application/octet-stream", out)
	return nil
}

// classify returns the best text of each pixel and its probability.
func (g *grid) classify(ctx context.Context, c *clip.Classifier) ([]byte, error) {
	const batch = 8192
	k, n := c.Classes(), g.h*g.w
	out, probs := make([]byte, 2*n), make([]float32, min(batch, n)*k)
	for lo := 0; lo < n; lo += batch {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		hi := min(lo+batch, n)
		if err := c.Score(g.values[lo*g.dim:hi*g.dim], probs[:(hi-lo)*k]); err != nil {
			return nil, err
		}
		for i := range hi - lo {
			p := probs[i*k : (i+1)*k]
			best := clip.Best(p)
			out[lo+i], out[n+lo+i] = byte(best+1), byte(255*p[best]+0.5)
		}
	}
	return out, nil
}
