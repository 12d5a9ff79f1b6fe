package reproduce

import (
	"fmt"

	"diffclip/internal/cells"
	"diffclip/internal/run"
)

// cell is one method in one setting on one scene from one seed.
type cell struct {
	scene    *Scene
	arm      *Arm
	seed     uint64
	config   run.Config
	keep     kept
	identity cells.Identity
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
	id := identity{Format: cells.Format, Method: a.Train.name(), Data: s.fingerprint, Config: a.Train.settings(cfg), Keep: keep}
	if id.Config.Text.Tokenizer != "" {
		t, err := s.text(cfg.Text)
		if err != nil {
			return nil, err
		}
		id.Texts, id.Tokenizer = t.Texts, t.Hash
	}
	named, err := cells.Identify(id)
	return &cell{scene: s, arm: a, seed: cfg.Split.Seed, config: cfg, keep: keep, identity: named}, err
}

// String names the cell for people.
func (c *cell) String() string {
	name := c.scene.Label + ", " + c.arm.Method
	if c.arm.Setting != "" {
		name = c.scene.Label + ", " + c.arm.Setting + ", " + c.arm.Method
	}
	return fmt.Sprintf("%s, seed %d", name, c.seed)
}
