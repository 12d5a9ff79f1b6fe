package explorer

import (
	"net/http"

	"diffclip/internal/study"
	"diffclip/vit"
)

// looker returns what looks into the encoder of the stage that the query names.
func (l *loaded) looker(r *http.Request) (*study.Encoder, vit.Config, error) {
	stage, err := number(r, "stage", 1, 2)
	if err != nil {
		return nil, vit.Config{}, err
	}
	if err := l.needs(stage == 1, stage == 2); err != nil {
		return nil, vit.Config{}, err
	}
	if stage == 1 {
		return l.encoder1, l.stage1.Model.Config.Encoder, nil
	}
	return l.encoder2, l.stage2.Model.Config.Encoder, nil
}

type embeddingKey struct{ stage, modality int }

// embedding is test windows in the plane.
type embedding struct {
	Points []embeddedPoint `json:"points"`
}

type embeddedPoint struct {
	X     float64 `json:"x"`
	Y     float64 `json:"y"`
	Label int     `json:"label"`
	Scene int32   `json:"scene"`
	Row   int32   `json:"row"`
	Col   int32   `json:"col"`
}

// features embeds test windows by t-SNE, once for each stage and modality.
func (e *Explorer) features(w http.ResponseWriter, r *http.Request) error {
	var found *embedding
	err := e.with(r.Context(), func(l *loaded) error {
		looker, v, err := l.looker(r)
		if err != nil {
			return err
		}
		stage, _ := number(r, "stage", 1, 2)
		modality, err := number(r, "modality", 0, len(v.Modalities)-1)
		if err != nil {
			return err
		}
		key := embeddingKey{stage, modality}
		if found = l.embeddings[key]; found != nil {
			return nil
		}
		samples, places, err := l.x.EmbedTest(r.Context(), looker, modality)
		if err != nil {
			return tooFew(r, err)
		}
		found = &embedding{}
		for i, p := range places {
			s := samples[i]
			found.Points = append(found.Points, embeddedPoint{p[0], p[1], int(s.Label), s.Scene, s.Row, s.Col})
		}
		l.embeddings[key] = found
		return nil
	})
	if err != nil {
		return err
	}
	return writeJSON(w, found)
}

// tooFew says that windows cannot be embedded, unless the time was up.
func tooFew(r *http.Request, err error) error {
	if r.Context().Err() != nil {
		return r.Context().Err()
	}
	return failure{http.StatusConflict, err}
}
