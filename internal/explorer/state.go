package explorer

import (
	"bytes"
	"fmt"
	"image/png"
	"math"
	"net/http"
	"path/filepath"
	"strconv"

	"diffclip/rsdata"
	"diffclip/vit"
)

// stateAnswer is what the page has to know to begin with.
type stateAnswer struct {
	Stamp   string `json:"stamp"` // changes with the run
	Run     string `json:"run"`
	Line    string `json:"line"`
	Stage1  bool   `json:"stage1"`
	Stage2  bool   `json:"stage2"`
	Texts   bool   `json:"texts"` // stage 2 compares with texts
	Report  bool   `json:"report"`
	Problem string `json:"problem,omitempty"` // why there are no data

	Scores     map[string]float64 `json:"scores,omitempty"` // in percent
	Scenes     []sceneState       `json:"scenes"`
	Modalities []vit.Modality     `json:"modalities"`
	Classes    []classState       `json:"classes"`
	Model      modelState         `json:"model"`
}

type sceneState struct {
	Name string `json:"name"`
	H    int    `json:"h"`
	W    int    `json:"w"`
}

type classState struct {
	Name  string `json:"name"`
	Color string `json:"color"`
	Safe  string `json:"safe"` // a colour that tells apart with colour blindness
	Text  string `json:"text,omitempty"`
}

type modelState struct {
	Window    int     `json:"window"`
	Patch     int     `json:"patch"`
	Heads     int     `json:"heads"`
	Depth     int     `json:"depth"`
	Timesteps int     `json:"timesteps"`
	MaskRatio float64 `json:"maskRatio"`
}

func (e *Explorer) state(w http.ResponseWriter, r *http.Request) error {
	var a stateAnswer
	if err := e.with(r.Context(), func(l *loaded) error { a = l.state(e); return nil }); err != nil {
		return err
	}
	return writeJSON(w, a)
}

func (l *loaded) state(e *Explorer) stateAnswer {
	name := filepath.Base(filepath.Clean(e.cfg.Dir))
	a := stateAnswer{Stamp: l.stamp, Run: name, Stage1: l.stage1 != nil, Stage2: l.stage2 != nil, Texts: l.hasTexts(), Report: e.folder.Has("report.html"),
		Scenes: []sceneState{}, Modalities: []vit.Modality{}, Classes: []classState{}}
	if m := l.metrics; m != nil {
		a.Scores = map[string]float64{}
		names, values := m.Scores.Columns()
		for i, v := range values {
			if !math.IsNaN(v) {
				a.Scores[names[i]] = 100 * v
			}
		}
	}
	if l.problem != nil {
		a.Problem, a.Line = l.problem.Error(), l.man.Data.Name
		return a
	}
	a.Line = l.x.DataLine()
	for _, s := range l.x.Data.Scenes {
		a.Scenes = append(a.Scenes, sceneState{s.Name, s.H, s.W})
	}
	a.Modalities = l.x.Config.Diffusion.Encoder.Modalities
	safe := rsdata.ColorBlindSafe(l.x.Data.Classes)
	for i, c := range l.x.Data.Classes {
		s := classState{Name: c.Name, Color: hex(c), Safe: hex(safe[i])}
		if a.Texts {
			s.Text = l.stage2.Text.Texts[i]
		}
		a.Classes = append(a.Classes, s)
	}
	v, d := l.encoderConfig(), l.x.Config.Diffusion
	a.Model = modelState{v.Window, v.Patch, v.Heads, v.Depth, v.Timesteps, d.MaskRatio}
	return a
}

func hex(c rsdata.Class) string { return fmt.Sprintf("#%02x%02x%02x", c.Color.R, c.Color.G, c.Color.B) }

// number reads a whole number of the query, in [low, high].
func number(r *http.Request, name string, low, high int) (int, error) {
	text := r.URL.Query().Get(name)
	v, err := strconv.Atoi(text)
	if err != nil || v < low || v > high {
		return 0, refuse(http.StatusBadRequest, "%s is %q: want a whole number from %d to %d", name, text, low, high)
	}
	return v, nil
}

// place reads a pixel of the query.
func (l *loaded) place(r *http.Request) (rsdata.Pixel, error) {
	var p rsdata.Pixel
	scene, err := number(r, "scene", 0, len(l.x.Data.Scenes)-1)
	if err != nil {
		return p, err
	}
	s := l.x.Data.Scenes[scene]
	row, err := number(r, "row", 0, s.H-1)
	if err != nil {
		return p, err
	}
	col, err := number(r, "col", 0, s.W-1)
	return rsdata.Pixel{Scene: int32(scene), Row: int32(row), Col: int32(col)}, err
}

// picture is a modality of a scene as PNG.
func (e *Explorer) picture(w http.ResponseWriter, r *http.Request) error {
	var file bytes.Buffer
	err := e.with(r.Context(), func(l *loaded) error {
		scene, err := l.scene(r)
		if err != nil {
			return err
		}
		k, err := number(r, "modality", 0, len(l.x.Data.Modalities)-1)
		if err != nil {
			return err
		}
		m := l.x.Data.Modalities[k]
		bands, ok := rsdata.TrueColorBands(m)
		if !ok {
			bands = rsdata.FalseColorBands(m)
		}
		return png.Encode(&file, rsdata.Preview(scene.Rasters[k], bands))
	})
	if err != nil {
		return err
	}
	writeBytes(w, "image/png", file.Bytes())
	return nil
}

// truth is the labels of a scene, a byte for each pixel, all 0 where none are known.
func (e *Explorer) truth(w http.ResponseWriter, r *http.Request) error {
	var labels []byte
	err := e.with(r.Context(), func(l *loaded) error {
		scene, err := l.scene(r)
		if err != nil {
			return err
		}
		if labels = scene.Labels; labels == nil {
			labels = make([]byte, scene.H*scene.W)
		}
		return nil
	})
	if err != nil {
		return err
	}
	writeBytes(w, "application/octet-stream", labels)
	return nil
}

// scene reads a scene of the query.
func (l *loaded) scene(r *http.Request) (*rsdata.Scene, error) {
	if err := l.needs(false, false); err != nil {
		return nil, err
	}
	i, err := number(r, "scene", 0, len(l.x.Data.Scenes)-1)
	if err != nil {
		return nil, err
	}
	return l.x.Data.Scenes[i], nil
}
