package run

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"

	"diffclip/optim/train"
)

// StepsFile follows a training while it goes on: one line for a step, appended
// as it is made. Where steps are short it leaves some out, so that which ones it
// has depends on the clock; history.csv has every epoch.
const StepsFile = "steps.csv"

// stepsEvery is the shortest time between two lines of a training.
const stepsEvery = 200 * time.Millisecond

// maxSteps bounds what is read of a steps.csv, in bytes: most of a day.
const maxSteps = 16 << 20

// StepPoint is one update of a training.
type StepPoint struct {
	Step, Total, Epoch int // from 1
	Loss, LR           float64
}

// StepCurve is what steps.csv says of one training.
type StepCurve struct {
	Name   string
	Points []StepPoint
}

// logSteps makes hooks append to steps.csv as well, and returns what to call at
// the end. A file that cannot be written is no reason to stop a training: who
// follows it then sees whole stages alone.
func (f Folder) logSteps(name string, h train.Hooks) (train.Hooks, func()) {
	file, err := os.OpenFile(f.Path(StepsFile), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o666)
	if err != nil {
		return h, func() {}
	}
	var last time.Time
	inner := h.OnStep
	h.OnStep = func(s train.Step) {
		if inner != nil {
			inner(s)
		}
		if now := time.Now(); err == nil && (now.Sub(last) >= stepsEvery || s.Done == s.Total) {
			last = now
			_, err = fmt.Fprintf(file, "%s,%d,%d,%d,%g,%g\n", name, s.Done, s.Total, s.Epoch+1, s.Loss, s.LR)
		}
	}
	return h, func() { file.Close() }
}

// Steps reads steps.csv, which a training may be writing to; a folder without one
// has no curves. A step that comes again, as after a resume, replaces what was
// there from it on. Lines that cannot be read, such as one half written, are left
// out, and of a file that is very long the beginning is.
func (f Folder) Steps() ([]StepCurve, error) {
	file, err := os.Open(f.Path(StepsFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	if info, err := file.Stat(); err == nil && info.Size() > maxSteps {
		if _, err := file.Seek(-maxSteps, io.SeekEnd); err != nil {
			return nil, err
		}
	}
	var curves []StepCurve
	in := bufio.NewScanner(io.LimitReader(file, 2*maxSteps)) // it may grow meanwhile
	in.Buffer(nil, 2*maxSteps)
	for in.Scan() {
		name, p, ok := parseStep(in.Text())
		if !ok {
			continue
		}
		at := 0
		for at < len(curves) && curves[at].Name != name {
			at++
		}
		if at == len(curves) {
			curves = append(curves, StepCurve{Name: name})
		}
		c := &curves[at]
		for n := len(c.Points); n > 0 && c.Points[n-1].Step >= p.Step; n-- {
			c.Points = c.Points[:n-1]
		}
		c.Points = append(c.Points, p)
	}
	return curves, in.Err()
}

func parseStep(line string) (name string, p StepPoint, ok bool) {
	part := strings.Split(line, ",")
	if len(part) != 6 {
		return "", p, false
	}
	var errs [5]error
	p.Step, errs[0] = strconv.Atoi(part[1])
	p.Total, errs[1] = strconv.Atoi(part[2])
	p.Epoch, errs[2] = strconv.Atoi(part[3])
	p.Loss, errs[3] = strconv.ParseFloat(part[4], 64)
	p.LR, errs[4] = strconv.ParseFloat(part[5], 64)
	return part[0], p, errors.Join(errs[:]...) == nil && p.Step >= 1 && p.Step <= p.Total
}
