package explorer

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"diffclip/internal/run"
)

const (
	livePause  = 400 * time.Millisecond // between two looks at the folder
	liveStill  = 15 * time.Second       // after which a silent stream says that it is alive
	livePoints = 500                    // of a curve
)

// liveCurve is the course of one training: over its steps where they are known,
// else over its epochs.
type liveCurve struct {
	Name   string       `json:"name"`
	Unit   string       `json:"unit"`
	Total  int          `json:"total"`  // units of the whole training
	Points [][3]float64 `json:"points"` // unit, loss, learning rate
}

// curves reads the course of the trainings from the folder.
func (e *Explorer) curves() ([]liveCurve, error) {
	steps, err := e.folder.Steps()
	if err != nil {
		return nil, err
	}
	out := []liveCurve{}
	have := map[string]bool{}
	for _, c := range steps {
		l := liveCurve{Name: c.Name, Unit: "step"}
		for _, p := range c.Points {
			l.Total = p.Total
			l.Points = append(l.Points, [3]float64{float64(p.Step), p.Loss, p.LR})
		}
		have[c.Name] = true
		out = append(out, l.thinned())
	}
	epochs, err := e.folder.History()
	if err != nil {
		return nil, err
	}
	for _, c := range epochs {
		if have[c.Name] {
			continue
		}
		l := liveCurve{Name: c.Name, Unit: "epoch", Total: len(c.Epochs)}
		for _, p := range c.Epochs {
			l.Points = append(l.Points, [3]float64{float64(p.Epoch + 1), p.Loss, p.LR})
		}
		out = append(out, l.thinned())
	}
	return out, nil
}

// thinned averages neighbouring points where there are too many; losses that are
// not finite, which JSON cannot write, are left out.
func (l liveCurve) thinned() liveCurve {
	kept := l.Points[:0]
	for _, p := range l.Points {
		if finite(p[1]) != nil && finite(p[2]) != nil {
			kept = append(kept, p)
		}
	}
	each := (len(kept) + livePoints - 1) / livePoints
	l.Points = [][3]float64{}
	for lo := 0; lo < len(kept); lo += each {
		part := kept[lo:min(lo+each, len(kept))]
		last, sum := part[len(part)-1], 0.0
		for _, p := range part {
			sum += p[1]
		}
		l.Points = append(l.Points, [3]float64{last[0], sum / float64(len(part)), last[2]})
	}
	return l
}

// follower sends what has changed since it last looked.
type follower struct {
	e       *Explorer
	w       http.ResponseWriter
	control *http.ResponseController
	sent    map[string]string
	files   string // state of the files that curves come from
}

// events streams server-sent events: "curves", "map" and "stamp", each when it
// changes.
func (e *Explorer) events(w http.ResponseWriter, r *http.Request) {
	select {
	case e.streams <- struct{}{}:
		defer func() { <-e.streams }()
	default:
		http.Error(w, fmt.Sprintf("%d pages follow this run already: close one", maxStreams), http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	http.NewResponseController(w).SetReadDeadline(time.Time{}) // the stream has no end
	f := &follower{e: e, w: w, control: http.NewResponseController(w), sent: map[string]string{}}
	tick := time.NewTicker(livePause)
	defer tick.Stop()
	spoke := time.Now()
	for {
		said, err := f.look()
		if err != nil {
			return // the browser has gone
		}
		if said {
			spoke = time.Now()
		} else if time.Since(spoke) > liveStill {
			spoke = time.Now()
			if f.write(": still here\n\n") != nil {
				return
			}
		}
		select {
		case <-r.Context().Done():
			return
		case <-tick.C:
		}
	}
}

// look sends what is new, and reports whether there was anything.
func (f *follower) look() (said bool, err error) {
	send := func(name string, v any) {
		text, jsonErr := json.Marshal(v)
		if err != nil || jsonErr != nil || f.sent[name] == string(text) {
			return
		}
		f.sent[name], said = string(text), true
		err = f.write(fmt.Sprintf("event: %s\ndata: %s\n\n", name, text))
	}
	if files := f.e.courseStamp(); files != f.files || f.sent["curves"] == "" {
		f.files = files
		curves, readErr := f.e.curves()
		if readErr != nil {
			send("problem", readErr.Error())
		} else {
			send("curves", curves)
		}
	}
	send("map", f.e.maps.state())
	send("stamp", f.e.stamp())
	return said, err
}

// write sends text, within a time that a browser which still listens needs.
func (f *follower) write(text string) error {
	f.control.SetWriteDeadline(time.Now().Add(10 * time.Second))
	if _, err := f.w.Write([]byte(text)); err != nil {
		return err
	}
	return f.control.Flush()
}

// courseStamp tells one state of the files of curves from another.
func (e *Explorer) courseStamp() string {
	var b strings.Builder
	for _, name := range []string{run.StepsFile, run.HistoryFile} {
		if info, err := os.Stat(e.folder.Path(name)); err == nil {
			fmt.Fprint(&b, info.Size(), info.ModTime().UnixNano(), ";")
		}
	}
	return b.String()
}
