package reproduce

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"

	"diffclip/internal/run"
)

// cellFormat is the version of the files of cells. It changes where methods change
// in a way that their settings do not show.
const cellFormat = 1

// cell is one method in one setting on one scene from one seed.
type cell struct {
	scene    *Scene
	arm      *Arm
	seed     uint64
	config   run.Config
	keep     kept
	identity []byte // JSON of everything that the result depends on
	key      string // names the file
}

// identity is what the result of a cell depends on.
type identity struct {
	Format    int        `json:"format"`
	Method    string     `json:"method"`
	Data      string     `json:"data"`                // fingerprint of the scene
	Texts     []string   `json:"texts,omitempty"`     // of the classes
	Tokenizer string     `json:"tokenizer,omitempty"` // hash of its vocabulary
	Config    run.Config `json:"config"`
	Keep      kept       `json:"keep"`
}

// kept says what a cell keeps beside its scores.
type kept struct {
	Maps  bool `json:"maps"`  // the label of every pixel
	Plane bool `json:"plane"` // where t-SNE puts test windows
}

// newCell completes a configuration and names the cell.
func newCell(s *Scene, a *Arm, cfg run.Config, keep kept) (*cell, error) {
	cfg.Data = s.Path
	id := identity{Format: cellFormat, Method: a.Train.name(), Data: s.fingerprint, Config: a.Train.settings(cfg), Keep: keep}
	if id.Config.Text.Tokenizer != "" {
		t, err := s.text(cfg.Text)
		if err != nil {
			return nil, err
		}
		id.Texts, id.Tokenizer = t.Texts, t.Hash
	}
	text, key, err := keyOf(id)
	return &cell{scene: s, arm: a, seed: cfg.Split.Seed, config: cfg, keep: keep, identity: text, key: key}, err
}

// keyOf names a value by its content.
func keyOf(v any) (text []byte, key string, err error) {
	if text, err = json.Marshal(v); err != nil {
		return nil, "", fmt.Errorf("reproduce: %w", err)
	}
	return text, fmt.Sprintf("%x", sha256.Sum256(text))[:24], nil
}

// String names the cell for people.
func (c *cell) String() string {
	name := c.scene.Label + ", " + c.arm.Method
	if c.arm.Setting != "" {
		name = c.scene.Label + ", " + c.arm.Setting + ", " + c.arm.Method
	}
	return fmt.Sprintf("%s, seed %d", name, c.seed)
}
