package reproduce

import (
	"fmt"
	"io"
	"math"

	"diffclip/internal/progress"
	"diffclip/optim/train"
)

// meter shows how far all cells of a study are, on one line.
type meter struct {
	bar   *progress.Progress
	done  float64 // work of what is finished
	parts float64 // of the cell at hand
}

func newMeter(log io.Writer, title string, total float64) *meter {
	return &meter{bar: progress.New(log, title, int(math.Ceil(total)))}
}

// hooks follow a training that takes so much work.
func (m *meter) hooks(checkpoint string, work float64, what string) train.Hooks {
	before := m.parts
	reach := func(done, total int) int {
		m.parts = before + work*float64(done)/float64(total)
		return int(m.done + m.parts)
	}
	return train.Hooks{Checkpoint: checkpoint,
		OnResume: func(done, total int, _ float64) { m.bar.Resume(reach(done, total)) },
		OnStep: func(s train.Step) {
			m.bar.Step(reach(s.Done, s.Total), fmt.Sprintf("%s, epoch %d, loss %.3f", what, s.Epoch+1, s.Loss))
		}}
}

// finish counts a cell that took so much work.
func (m *meter) finish(work float64, what string) {
	m.done += work
	m.parts = 0
	m.bar.Step(int(m.done), what)
}
