package run

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"

	"diffclip/internal/figure"
	"diffclip/optim/train"
)

// Curve is the history of one training.
type Curve struct {
	Name   string
	Epochs []train.Epoch
}

// HistoryFile has the loss and the learning rate of every epoch.
const HistoryFile = "history.csv"

// SaveHistory writes the curves to history.csv. Trainings that the file holds
// already and curves does not name stay in it.
func (f Folder) SaveHistory(curves ...Curve) error {
	earlier, err := f.History()
	if err != nil {
		return err
	}
	named := map[string]bool{}
	for _, c := range curves {
		named[c.Name] = true
	}
	var all []Curve
	for _, c := range earlier {
		if !named[c.Name] {
			all = append(all, c)
		}
	}
	return f.Write(HistoryFile, func(w io.Writer) error { return writeHistory(w, append(all, curves...)) })
}

func writeHistory(w io.Writer, curves []Curve) error {
	out := csv.NewWriter(w)
	out.Write([]string{"training", "epoch", "loss", "learning_rate"})
	for _, c := range curves {
		for _, e := range c.Epochs {
			out.Write([]string{c.Name, strconv.Itoa(e.Epoch + 1), strconv.FormatFloat(e.Loss, 'g', -1, 64), strconv.FormatFloat(e.LR, 'g', -1, 64)})
		}
	}
	out.Flush()
	return out.Error()
}

// History reads history.csv; a folder without one has no curves.
func (f Folder) History() ([]Curve, error) {
	file, err := os.Open(f.Path(HistoryFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	in := csv.NewReader(io.LimitReader(file, maxManifest))
	in.FieldsPerRecord = 4
	var curves []Curve
	for line := 1; ; line++ {
		row, err := in.Read()
		if err == io.EOF {
			return curves, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.Path(HistoryFile), err)
		}
		if line == 1 {
			continue
		}
		epoch, err1 := strconv.Atoi(row[1])
		loss, err2 := strconv.ParseFloat(row[2], 64)
		lr, err3 := strconv.ParseFloat(row[3], 64)
		if err := errors.Join(err1, err2, err3); err != nil {
			return nil, fmt.Errorf("%s: line %d: %w", f.Path(HistoryFile), line, err)
		}
		if n := len(curves); n == 0 || curves[n-1].Name != row[0] {
			curves = append(curves, Curve{Name: row[0]})
		}
		c := &curves[len(curves)-1]
		c.Epochs = append(c.Epochs, train.Epoch{Epoch: epoch - 1, Loss: loss, LR: lr})
	}
}

// LossFigure draws the losses of one or more trainings.
func LossFigure(title string, curves ...Curve) figure.Figure {
	fig := &figure.Lines{Title: title, X: figure.Axis{Label: "epoch", Whole: true}, Y: figure.Axis{Label: "loss"}}
	for _, c := range curves {
		s := figure.Series{Name: c.Name}
		for _, e := range c.Epochs {
			s.X, s.Y = append(s.X, float64(e.Epoch+1)), append(s.Y, e.Loss)
		}
		fig.Series = append(fig.Series, s)
	}
	return fig
}

// rateFigure draws the learning rate of a training.
func rateFigure(title string, c Curve) figure.Figure {
	fig := &figure.Lines{Title: title, X: figure.Axis{Label: "epoch", Whole: true}, Y: figure.Axis{Label: "learning rate"}}
	s := figure.Series{Name: c.Name}
	for _, e := range c.Epochs {
		s.X, s.Y = append(s.X, float64(e.Epoch+1)), append(s.Y, e.LR)
	}
	fig.Series = []figure.Series{s}
	return fig
}
