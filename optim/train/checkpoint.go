package train

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"diffclip/nn"
	"diffclip/tensor"
)

// state is where a run is.
type state struct {
	Epoch   int     `json:"epoch"` // to be done next
	Step    int     `json:"step"`  // of that epoch, to be done next
	LossSum float64 `json:"loss_sum"`
	Updates int     `json:"updates"`
	History []Epoch `json:"history"`
	Seconds float64 `json:"seconds"` // that all parts of the run took up to here

	since  time.Time // where Seconds ends
	saved  time.Time // when save was called last
	looked time.Time // when the log was read last
}

// tick brings Seconds up to now.
func (at *state) tick() {
	now := time.Now()
	at.Seconds += now.Sub(at.since).Seconds()
	at.since = now
}

const (
	stateKey    = "diffclip.state"
	identityKey = "diffclip.identity"
	optimPrefix = "optimizer."
)

// save writes the checkpoint, whole or not at all, of steps that were looked at. It is an error, and the last
// checkpoint stays, where an update has spoilt the weights.
func (l *Loop) save(at *state) error {
	defer func() { at.saved = time.Now() }()
	if spoilt := l.spoilt(); spoilt != "" {
		n := l.Batches.Steps()
		last := max(at.Epoch*n+at.Step-1, 0)
		return &NonFiniteError{Name: l.Name, Epoch: last / n, Step: last % n, Weights: spoilt}
	}
	if l.Checkpoint == "" {
		return nil
	}
	at.Updates = l.Opt.Steps()
	at.tick()
	text, err := json.Marshal(at)
	if err != nil {
		return err
	}
	tensors := l.Set.State()
	for name, t := range l.Opt.State() {
		tensors[optimPrefix+name] = t
	}
	meta := map[string]string{stateKey: string(text), identityKey: l.Identity}
	if err := nn.WriteState(l.Checkpoint, tensors, meta); err != nil {
		return fmt.Errorf("%s: saving the checkpoint: %w", l.Name, err)
	}
	return nil
}

// spoilt returns the first parameter or buffer that is not finite, "" if all are.
func (l *Loop) spoilt() string {
	for _, p := range l.Set.Params() {
		if !allFinite(p.Value) {
			return p.Name
		}
	}
	for _, b := range l.Set.Buffers() {
		if !allFinite(b.Value) {
			return b.Name
		}
	}
	return ""
}

func allFinite(t *tensor.Tensor) bool {
	for _, v := range t.Host() {
		if !finite(float64(v)) {
			return false
		}
	}
	return true
}

// startOver says what to do about a checkpoint that is damaged.
const startOver = "remove the file to train from the start"

// load restores model, optimiser and place from the checkpoint.
func (l *Loop) load(at *state) error {
	tensors, meta, err := nn.ReadState(l.Checkpoint)
	if err != nil {
		return fmt.Errorf("%s: resuming: %w; %s", l.Name, err, startOver)
	}
	if meta[identityKey] != l.Identity {
		return fmt.Errorf("%s: %s was made by a run with another configuration; resume with the same options, or start anew in another folder", l.Name, l.Checkpoint)
	}
	if err := json.Unmarshal([]byte(meta[stateKey]), at); err != nil {
		return fmt.Errorf("%s: %s: its state cannot be read: %w; %s", l.Name, l.Checkpoint, err, startOver)
	}
	if at.Epoch < 0 || at.Epoch > l.Epochs || at.Step < 0 || at.Step > l.Batches.Steps() || at.Updates < 0 || at.Seconds < 0 || len(at.History) != at.Epoch {
		return fmt.Errorf("%s: %s: its state is damaged: epoch %d of %d, step %d of %d, %d epochs of history; %s",
			l.Name, l.Checkpoint, at.Epoch, l.Epochs, at.Step, l.Batches.Steps(), len(at.History), startOver)
	}
	model, opt := map[string]*tensor.Tensor{}, map[string]*tensor.Tensor{}
	for name, t := range tensors {
		if own, ok := strings.CutPrefix(name, optimPrefix); ok {
			opt[own] = t
		} else {
			model[name] = t
		}
	}
	if err := l.Set.Load(model).Err(); err != nil {
		return fmt.Errorf("%s: %s: %w; %s", l.Name, l.Checkpoint, err, startOver)
	}
	if err := l.Opt.SetState(opt, at.Updates); err != nil {
		return fmt.Errorf("%s: %s: %w; %s", l.Name, l.Checkpoint, err, startOver)
	}
	if l.OnResume != nil {
		n := l.Batches.Steps()
		l.OnResume(at.Epoch*n+at.Step, l.Epochs*n, at.Seconds)
	}
	return nil
}
