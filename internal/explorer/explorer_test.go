package explorer

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image/png"
	"io"
	"maps"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"diffclip/clip"
	"diffclip/internal/run"
	"diffclip/internal/run/runtest"
	"diffclip/internal/testenv"
	"diffclip/rsdata"
	"diffclip/tensor"
)

// trained is a run of both stages that the tests share and do not change.
var trained string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "explorer")
	if err == nil {
		trained = filepath.Join(dir, "small")
		_, err = runtest.Train(context.Background(), trained)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

type client struct {
	*testing.T
	e    *Explorer
	host string
}

func open(t *testing.T, dir string) *client {
	t.Helper()
	e, err := New(Config{Dir: dir, Open: func() (Backend, error) { return tensor.NewCPU(2), nil }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return &client{t, e, "127.0.0.1:8080"}
}

// ask makes a request; a body is posted.
func (c *client) ask(path, body string, header ...string) *httptest.ResponseRecorder {
	method := http.MethodGet
	if body != "" {
		method = http.MethodPost
	}
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Host = c.host
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	c.e.ServeHTTP(w, r)
	return w
}

// answer decodes an answer that must be fine.
func (c *client) answer(v any, path, body string) {
	c.Helper()
	w := c.ask(path, body)
	if w.Code != http.StatusOK {
		c.Fatalf("%s: %d %s", path, w.Code, w.Body)
	}
	if err := json.Unmarshal(w.Body.Bytes(), v); err != nil {
		c.Fatalf("%s: %v", path, err)
	}
}

func TestPageAndState(t *testing.T) {
	c := open(t, trained)
	for path, kind := range map[string]string{"/": "text/html; charset=utf-8", "/style.css": "text/css; charset=utf-8", "/app.js": "text/javascript; charset=utf-8"} {
		w := c.ask(path, "")
		if w.Code != http.StatusOK || w.Header().Get("Content-Type") != kind || w.Header().Get("Content-Security-Policy") != policy {
			t.Errorf("%s: %d %v", path, w.Code, w.Header())
		}
	}
	if text := c.ask("/", "").Body.String(); strings.Contains(text, "style=") || strings.Contains(text, "<style") || strings.Contains(text, " onclick") {
		t.Error("the page has what its own policy forbids")
	}
	if w := c.ask("/report.html", ""); w.Code != http.StatusOK || !strings.Contains(w.Header().Get("Content-Security-Policy"), "style-src 'unsafe-inline'") || strings.Contains(w.Header().Get("Content-Security-Policy"), "script-src") {
		t.Errorf("the report: %d %v", w.Code, w.Header())
	}
	for _, path := range []string{"/run.json", "/stage2.safetensors", "/../run.json", "/static/app.js"} {
		if w := c.ask(path, ""); w.Code == http.StatusOK {
			t.Errorf("%s is served", path)
		}
	}
	var s stateAnswer
	c.answer(&s, "/api/state", "")
	if !s.Stage1 || !s.Stage2 || !s.Report || s.Problem != "" || s.Run != "small" || len(s.Classes) != 10 || len(s.Scenes) != 1 || s.Scenes[0].H != 160 {
		t.Errorf("state %+v", s)
	}
	if s.Model.Heads != 2 || s.Model.Depth != 2 || s.Model.Window != 5 || s.Scores["OA"] <= 0 || !s.Texts || s.Classes[0].Text == "" {
		t.Errorf("state %+v", s)
	}
}

// The answers for a pixel are what the classifier gives.
func TestPixelAndMap(t *testing.T) {
	c := open(t, trained)
	s2, err := clip.Open(filepath.Join(trained, run.Stage2File))
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := runtest.Config()
	if err != nil {
		t.Fatal(err)
	}
	data := rsdata.Synthetic(cfg.Scene)
	windows := rsdata.NewWindows(data, s2.Scaling, 5)
	be := tensor.NewCPU(1)
	defer be.Close()
	texts := []string{s2.Text.Texts[3], "a lake", s2.Text.Texts[0]}
	tok, err := s2.Text.Reader("")
	if err != nil {
		t.Fatal(err)
	}
	prompts, err := clip.Tokenize(tok, texts)
	if err != nil {
		t.Fatal(err)
	}
	asked, _ := json.Marshal(texts)
	for name, q := range map[string]struct {
		body    string
		prompts clip.Prompts
	}{"own": {`{"scene":0,"row":50,"col":70}`, s2.Text.Prompts}, "others": {`{"scene":0,"row":50,"col":70,"texts":` + string(asked) + `}`, prompts}} {
		var a pixelAnswer
		c.answer(&a, "/api/pixel", q.body)
		want := make([]float32, len(q.prompts))
		if err := clip.NewClassifier(be, s2.Model, q.prompts).Probabilities(t.Context(), windows, []rsdata.Pixel{{Row: 50, Col: 70}}, want); err != nil {
			t.Fatal(err)
		}
		for i := range want {
			if math.Abs(float64(a.Probabilities[i]-want[i])) > 1e-5 {
				t.Errorf("%s: %v, want %v", name, a.Probabilities, want)
				break
			}
		}
		if a.Truth != int(data.Scenes[0].Labels[50*220+70]) {
			t.Errorf("%s: truth %d", name, a.Truth)
		}
		if name == "others" && (len(a.Unseen[0]) != 0 || !slices.Contains(a.Unseen[1], "lake")) {
			t.Errorf("unseen %q", a.Unseen)
		}
		labels, stride := c.wholeMap(q.body)
		if stride != 1 || len(labels) != 2*160*220 {
			t.Fatalf("%s: %d bytes of stride %d", name, len(labels), stride)
		}
		best := clip.Best(want)
		if at := 50*220 + 70; int(labels[at]) != best+1 || math.Abs(float64(labels[160*220+at])-255*float64(want[best])) > 1 {
			t.Errorf("%s: the map has %d with %d, want %d with %.0f", name, labels[at], labels[160*220+at], best+1, 255*want[best])
		}
	}
	if w := c.ask("/api/truth?scene=0", ""); !bytes.Equal(w.Body.Bytes(), data.Scenes[0].Labels) {
		t.Error("the true classes are others")
	}
}

// A linear head compares with no text, and a question by texts is not answered by something else.
func TestLinearHeadTakesNoTexts(t *testing.T) {
	folder, x, _, err := runtest.Begin(filepath.Join(t.TempDir(), "run"))
	if err != nil {
		t.Fatal(err)
	}
	x.Config.Classifier.Head, x.Config.Classifier.Classes = clip.HeadLinear, len(x.Data.Classes)
	model, err := clip.New(x.Config.Classifier, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := folder.SaveStage2(x, model); err != nil {
		t.Fatal(err)
	}
	c := open(t, folder.Dir)
	var s stateAnswer
	c.answer(&s, "/api/state", "")
	if !s.Stage2 || s.Texts || s.Classes[0].Text != "" {
		t.Errorf("state %+v", s)
	}
	var a pixelAnswer
	c.answer(&a, "/api/pixel", `{"scene":0,"row":5,"col":7}`)
	if len(a.Probabilities) != len(x.Data.Classes) {
		t.Errorf("%d probabilities of %d classes", len(a.Probabilities), len(x.Data.Classes))
	}
	for _, path := range []string{"/api/pixel", "/api/map"} {
		if w := c.ask(path, `{"scene":0,"row":5,"col":7,"texts":["a lake","a road"]}`); w.Code != http.StatusConflict || !strings.Contains(w.Body.String(), "linear head") {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}

// The scores are those of the task: an exam's are not OA, AA and kappa.
func TestScoresOfAYesOrNoTask(t *testing.T) {
	l := &loaded{man: &run.Manifest{}, problem: errors.New("no data"), metrics: &run.Metrics{
		Scores: rsdata.Scores{OA: 0.9, Binary: &rsdata.BinaryScores{ACC: 0.9, AUC: math.NaN(), SE: 0.5, SP: 0.75}}}}
	if got, want := l.state(&Explorer{}).Scores, map[string]float64{"ACC": 90, "SE": 50, "SP": 75}; !maps.Equal(got, want) {
		t.Errorf("scores %v, want %v", got, want)
	}
}

// wholeMap asks until the map is complete.
func (c *client) wholeMap(body string) ([]byte, int) {
	c.Helper()
	for deadline := time.Now().Add(testenv.Patience); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		w := c.ask("/api/map", body)
		if w.Code != http.StatusOK && w.Code != http.StatusNoContent {
			c.Fatalf("%d %s", w.Code, w.Body)
		}
		if w.Header().Get("X-Stride") == "1" {
			return w.Body.Bytes(), 1
		}
	}
	c.Fatal("the map was never complete")
	return nil, 0
}

// A map whose device has failed says so once, leaves the models of other answers alone,
// and is begun anew when it is asked for again.
func TestMapIsTriedAgain(t *testing.T) {
	opened := 0
	e, err := New(Config{Dir: trained, Open: func() (Backend, error) {
		if opened++; opened == 2 {
			panic(&tensor.DeviceError{Err: errors.New("no memory is left")})
		}
		return tensor.NewCPU(2), nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	c := &client{t, e, "127.0.0.1:8080"}
	if w := c.ask("/api/map", "{}"); w.Code != http.StatusNoContent {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	before := e.loaded
	for deadline := time.Now().Add(testenv.Patience); e.maps.state().Error == ""; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the map does not fail")
		}
	}
	if w := c.ask("/api/map", "{}"); w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), "no memory is left") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if e.loaded != before {
		t.Error("the models are read again")
	}
	c.wholeMap("{}")
}

// slowReader is a client that does not take its answer until it is let go.
type slowReader struct {
	*httptest.ResponseRecorder
	begun, release chan struct{}
}

func (w *slowReader) Write(b []byte) (int, error) {
	close(w.begun)
	<-w.release
	return len(b), nil
}

// A client that is slow to read keeps nobody else waiting.
func TestSlowReader(t *testing.T) {
	c := open(t, trained)
	c.wholeMap("{}")
	for _, path := range []string{"/api/truth?scene=0", "/api/picture?scene=0&modality=0", "/api/map"} {
		method := http.MethodGet
		if path == "/api/map" {
			method = http.MethodPost
		}
		r := httptest.NewRequest(method, path, strings.NewReader("{}"))
		r.Host = c.host
		r.Header.Set("Content-Type", "application/json")
		slow := &slowReader{httptest.NewRecorder(), make(chan struct{}), make(chan struct{})}
		done := make(chan struct{})
		go func() {
			defer close(done)
			c.e.ServeHTTP(slow, r)
		}()
		<-slow.begun
		ctx, cancel := context.WithTimeout(t.Context(), testenv.Patience)
		if err := c.e.with(ctx, func(*loaded) error { return nil }); err != nil {
			t.Errorf("%s: others wait for it: %v", path, err)
		}
		cancel()
		close(slow.release)
		<-done
	}
}

func TestPicturesOfWindows(t *testing.T) {
	c := open(t, trained)
	if w := c.ask("/api/picture?scene=0&modality=1", ""); w.Code != http.StatusOK {
		t.Errorf("%d %s", w.Code, w.Body)
	} else if im, err := png.Decode(w.Body); err != nil || im.Bounds().Dx() != 220 {
		t.Errorf("%v, %v", im, err)
	}
	for _, stage := range []int{1, 2} {
		var a attentionAnswer
		c.answer(&a, fmt.Sprintf("/api/attention?scene=0&row=3&col=219&stage=%d&block=1&token=0", stage), "")
		if len(a.Modalities) != 2 || len(a.Modalities[1].Heads) != 3 || a.Modalities[0].Heads[0].Name != "mean" {
			t.Fatalf("%d modalities", len(a.Modalities))
		}
		for _, h := range a.Modalities[0].Heads {
			if !(h.Class > 0 && h.Class < 1 && h.Top > 0 && h.Class+h.Top <= 1) || !strings.HasPrefix(h.Image, "data:image/png;base64,") {
				t.Errorf("%s: class token %v, top %v", h.Name, h.Class, h.Top)
			}
		}
	}
	var few, many restoreAnswer
	c.answer(&few, "/api/restore?scene=0&row=40&col=40&t=1&ratio=0.5", "")
	c.answer(&many, "/api/restore?scene=0&row=40&col=40&t=1000&ratio=0.5", "")
	if few.Modalities[0].Clean != many.Modalities[0].Clean || few.Modalities[0].Noised == many.Modalities[0].Noised || few.Modalities[0].Masked == nil {
		t.Error("the timestep changes the wrong pictures")
	}
	var none restoreAnswer
	c.answer(&none, "/api/restore?scene=0&row=40&col=40&t=1&ratio=0", "")
	if none.Modalities[0].Masked != nil || none.Modalities[0].Visible == nil {
		t.Error("an error of masked pixels where none is masked")
	}
	var f embedding
	c.answer(&f, "/api/features?stage=1&modality=1", "")
	if len(f.Points) != 150 {
		t.Errorf("%d points, want 150", len(f.Points))
	}
}

func TestBadQuestions(t *testing.T) {
	c := open(t, trained)
	long := `["` + strings.Repeat("x", 401) + `"]`
	for _, q := range []struct {
		path, body string
		status     int
		want       string
	}{
		{"/api/picture?scene=1&modality=0", "", 400, "scene is"},
		{"/api/picture?scene=0&modality=x", "", 400, "whole number from 0 to 1"},
		{"/api/truth", "", 400, "scene is"},
		{"/api/attention?scene=0&row=0&col=0&stage=3&block=0&token=0", "", 400, "stage is"},
		{"/api/attention?scene=0&row=0&col=0&stage=2&block=2&token=0", "", 400, "block is"},
		{"/api/attention?scene=0&row=0&col=0&stage=2&block=0&token=26", "", 400, "token is"},
		{"/api/attention?scene=0&row=160&col=0&stage=2&block=0&token=0", "", 400, "row is"},
		{"/api/restore?scene=0&row=0&col=-1&t=1&ratio=0", "", 400, "col is"},
		{"/api/restore?scene=0&row=0&col=0&t=0&ratio=0", "", 400, "t is"},
		{"/api/restore?scene=0&row=0&col=0&t=1&ratio=1", "", 400, "mask ratio"},
		{"/api/restore?scene=0&row=0&col=0&t=1&ratio=NaN", "", 400, "mask ratio"},
		{"/api/features?stage=2&modality=2", "", 400, "modality is"},
		{"/api/pixel", `{"scene":0,"row":0,"col":220}`, 400, "column 220"},
		{"/api/pixel", `{"scene":-1}`, 400, "scene -1"},
		{"/api/pixel", `{"cell":1}`, 400, "cannot be read"},
		{"/api/pixel", `nonsense`, 400, "cannot be read"},
		{"/api/map", `{"texts":` + long + `}`, 400, "401 bytes"},
		{"/api/map", `{"texts":["` + strings.Repeat("zq", 150) + `"]}`, 400, "shorten it"},
		{"/api/map", `{"texts":[` + strings.Repeat(`"a",`, 64) + `"b"]}`, 400, "65 texts"},
		{"/api/map", `{"texts":["` + strings.Repeat("x", maxBody) + `"]}`, 400, "too large"},
		{"/api/pixel", "", 404, ""},
		{"/api/nothing", "", 404, ""},
	} {
		w := c.ask(q.path, q.body)
		if w.Code != q.status || !strings.Contains(w.Body.String(), q.want) {
			t.Errorf("%s %.60s: %d %.200s, want %d and %q", q.path, q.body, w.Code, w.Body, q.status, q.want)
		}
	}
}

func TestWhoIsAnswered(t *testing.T) {
	c := open(t, trained)
	for _, q := range []struct {
		host   string
		header []string
		body   string
		remote bool
		status int
	}{
		{"127.0.0.1:8080", nil, "", false, 200},
		{"localhost:8080", nil, "", false, 200},
		{"[::1]:8080", nil, "", false, 200},
		{"evil.example:8080", nil, "", false, 421},
		{"192.168.1.5:8080", nil, "", false, 421},
		{"192.168.1.5:8080", nil, "", true, 200},
		{"evil.example", nil, "", true, 421},
		{"", nil, "", false, 421},
		{"127.0.0.1:8080", []string{"Origin", "http://127.0.0.1:8080"}, "", false, 200},
		{"127.0.0.1:8080", []string{"Origin", "http://evil.example"}, "", false, 403},
		{"127.0.0.1:8080", []string{"Origin", "null"}, "", false, 403},
		{"127.0.0.1:8080", []string{"Origin", "https://127.0.0.1:8080"}, "", false, 403},
		{"127.0.0.1:8080", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors"}, "", false, 403},
		{"127.0.0.1:8080", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate"}, "", false, 200},
		{"127.0.0.1:8080", []string{"Content-Type", "text/plain"}, `{}`, false, 415},
	} {
		c.host, c.e.cfg.Remote = q.host, q.remote
		if w := c.ask("/api/state", q.body, q.header...); w.Code != q.status {
			t.Errorf("%q %q: %d %s, want %d", q.host, q.header, w.Code, w.Body, q.status)
		}
	}
}

func TestListen(t *testing.T) {
	for _, c := range []struct {
		addr   string
		remote bool
		want   string // of the error, "" for none
	}{
		{"127.0.0.1:0", false, ""}, {"localhost:0", false, ""}, {"0.0.0.0:0", true, ""},
		{"0.0.0.0:0", false, "-remote"}, {":0", false, "-remote"}, {"example.com:80", false, "-remote"}, {"192.168.1.5:80", false, "-remote"},
		{"127.0.0.1", false, "HOST:PORT"}, {"127.0.0.1:99999", false, "cannot listen"},
	} {
		l, err := Listen(c.addr, c.remote)
		if c.want == "" != (err == nil) || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s, remote %v: error %v, want %q", c.addr, c.remote, err, c.want)
		}
		if err == nil {
			l.Close()
		}
	}
}

// A run grows while it is looked at: nothing, stage 1, stage 2.
func TestRunInProgress(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	if _, err := New(Config{Dir: dir}); err == nil || !strings.Contains(err.Error(), "no run") {
		t.Errorf("error %v without a run", err)
	}
	folder, x, man, err := runtest.Begin(dir)
	if err != nil {
		t.Fatal(err)
	}
	c := open(t, dir)
	var s stateAnswer
	c.answer(&s, "/api/state", "")
	if s.Stage1 || s.Stage2 || s.Report || len(s.Scenes) != 1 {
		t.Errorf("state %+v of an empty run", s)
	}
	refused := func(path, body, want string) {
		t.Helper()
		if w := c.ask(path, body); w.Code != 404 || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s: %d %s, want %q", path, w.Code, w.Body, want)
		}
	}
	const at = "?scene=0&row=1&col=1&"
	refused("/api/restore"+at+"t=1&ratio=0", "", "stage 1 has not been trained")
	refused("/api/attention"+at+"stage=1&block=0&token=0", "", "stage 1 has not been trained")
	refused("/api/features?stage=2&modality=0", "", "stage 2 has not been trained")
	refused("/api/map", "{}", "stage 2 has not been trained")
	stage1, _, err := folder.TrainStage1(t.Context(), x, man, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	before := s.Stamp
	c.answer(&s, "/api/state", "")
	if !s.Stage1 || s.Stage2 || s.Stamp == before {
		t.Errorf("state %+v after stage 1", s)
	}
	var r restoreAnswer
	c.answer(&r, "/api/restore"+at+"t=1&ratio=0.5", "")
	refused("/api/pixel", "{}", "stage 2 has not been trained")
	if _, _, err := folder.TrainStage2(t.Context(), x, man, stage1.Set.State(), io.Discard); err != nil {
		t.Fatal(err)
	}
	var p pixelAnswer
	c.answer(&p, "/api/pixel", "{}")
	if len(p.Probabilities) != 10 {
		t.Errorf("%d probabilities", len(p.Probabilities))
	}
	if err := os.WriteFile(folder.Path(run.Stage1File), []byte("not weights"), 0o666); err != nil {
		t.Fatal(err)
	}
	if w := c.ask("/api/state", ""); w.Code != 500 || !strings.Contains(w.Body.String(), run.Stage1File) {
		t.Errorf("%d %s of weights that cannot be read", w.Code, w.Body)
	}
}

// A run whose data are gone still shows its curves, and says why nothing else.
func TestDataGone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	folder, _, man, err := runtest.Begin(dir)
	if err != nil {
		t.Fatal(err)
	}
	man.Config.Data = filepath.Join(dir, "nowhere")
	if err := folder.SaveManifest(man); err != nil {
		t.Fatal(err)
	}
	c := open(t, dir)
	var s stateAnswer
	c.answer(&s, "/api/state", "")
	if !strings.Contains(s.Problem, "-data") || len(s.Scenes) != 0 {
		t.Errorf("problem %q, %d scenes", s.Problem, len(s.Scenes))
	}
	if w := c.ask("/api/truth?scene=0", ""); w.Code != 404 || !strings.Contains(w.Body.String(), "-data") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	e, err := New(Config{Dir: dir, Data: run.Synthetic})
	if err != nil {
		t.Fatal(err)
	}
	c.e = e
	c.answer(&s, "/api/state", "")
	if s.Problem = ""; len(s.Scenes) != 1 {
		t.Errorf("%d scenes with -data", len(s.Scenes))
	}
}

// A run of stage 1 on a scene without labels is looked into; what needs labels says so.
func TestRunWithoutLabels(t *testing.T) {
	cfg, err := runtest.Config()
	if err != nil {
		t.Fatal(err)
	}
	cfg.Data = "../../rsdata/testdata/scaled.tif"
	x, err := run.Prepare(cfg, run.Given{Stage1: true}, tensor.NewCPU(1))
	if err != nil {
		t.Fatal(err)
	}
	folder, err := run.Create(filepath.Join(t.TempDir(), "run"), false)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := folder.TrainStage1(t.Context(), x, run.NewManifest(x), io.Discard); err != nil {
		t.Fatal(err)
	}
	c := open(t, folder.Dir)
	var s stateAnswer
	c.answer(&s, "/api/state", "")
	if !s.Stage1 || s.Problem != "" || len(s.Scenes) != 1 || len(s.Classes) != 0 {
		t.Errorf("state %+v", s)
	}
	for path, code := range map[string]int{"/api/features?stage=1&modality=0": 409, "/api/attention?stage=1&block=0&token=0&scene=0&row=2&col=2": 200, "/api/restore?scene=0&row=2&col=2&t=1&ratio=0.5": 200} {
		if w := c.ask(path, ""); w.Code != code || code == 409 && !strings.Contains(w.Body.String(), "no test windows") {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}

// limited ends what waits for something that does not come.
func limited(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), testenv.Patience)
	t.Cleanup(cancel)
	return ctx
}

// stream reads events until one of the name fulfils a condition.
func stream(t *testing.T, in *bufio.Reader, name string, fulfils func(data string) bool) {
	t.Helper()
	at := ""
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			t.Fatalf("the stream ended before %q: %v", name, err)
		}
		line = strings.TrimSpace(line)
		if event, ok := strings.CutPrefix(line, "event: "); ok {
			at = event
		}
		if data, ok := strings.CutPrefix(line, "data: "); ok && at == name && fulfils(data) {
			return
		}
	}
}

// A server follows a training, and ends when it is told to, streams and all.
func TestServeFollowsAndEnds(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	folder, x, man, err := runtest.Begin(dir)
	if err != nil {
		t.Fatal(err)
	}
	e, err := New(Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	l, err := Listen("127.0.0.1:0", false)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- e.Serve(ctx, l) }()
	request, err := http.NewRequestWithContext(limited(t), http.MethodGet, "http://"+l.Addr().String()+"/api/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	reply, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	in := bufio.NewReader(reply.Body)
	stream(t, in, "curves", func(data string) bool { return data == "[]" })
	if _, _, err := folder.TrainStage1(t.Context(), x, man, io.Discard); err != nil {
		t.Fatal(err)
	}
	stream(t, in, "curves", func(data string) bool {
		var curves []liveCurve
		if err := json.Unmarshal([]byte(data), &curves); err != nil {
			t.Fatal(err)
		}
		return len(curves) == 1 && curves[0].Name == run.Stage1Name && curves[0].Unit == "step" && curves[0].Points[len(curves[0].Points)-1][0] == float64(curves[0].Total)
	})
	stream(t, in, "stamp", func(data string) bool { return strings.Contains(data, run.Stage1File) })
	cancel()
	select {
	case err := <-ended:
		if !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
	case <-time.After(testenv.Patience):
		t.Fatal("the server goes on")
	}
}

func TestThinned(t *testing.T) {
	l := liveCurve{}
	for i := range 1201 {
		l.Points = append(l.Points, [3]float64{float64(i + 1), float64(i % 3), 0.1})
	}
	l.Points[7][1] = math.NaN()
	got := l.thinned().Points
	if len(got) != 400 || got[0] != [3]float64{3, 1, 0.1} || got[399][0] != 1201 {
		t.Errorf("%d points, from %v to %v", len(got), got[0], got[len(got)-1])
	}
}

func TestStrides(t *testing.T) {
	for _, c := range []struct {
		h, w, dim int
		want      []int
	}{{30, 40, 64, []int{1}}, {160, 220, 64, []int{4, 1}}, {600, 600, 64, []int{12, 6, 2}}, {349, 1905, 128, []int{17, 6, 2}}, {5000, 5000, 128, []int{100, 30, 10}}} {
		if got := strides(&rsdata.Scene{H: c.h, W: c.w}, c.dim); !slices.Equal(got, c.want) {
			t.Errorf("%d x %d: strides %v, want %v", c.h, c.w, got, c.want)
		}
	}
}

// Only so many may wait.
func TestTooManyWait(t *testing.T) {
	c := open(t, trained)
	for range maxWaiting {
		c.e.queue <- struct{}{}
	}
	if w := c.ask("/api/state", ""); w.Code != http.StatusServiceUnavailable {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
