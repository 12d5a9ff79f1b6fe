// Package progress shows how far a long run is: on a terminal one line that is
// redrawn, with the time left; elsewhere a line a minute and one at the end.
package progress

import (
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"sync"
	"time"
	"unicode"
)

const (
	redraw   = 100 * time.Millisecond // shortest time between two drawings
	report   = time.Minute            // time between two lines where there is no terminal
	memory   = 20 * time.Second       // time constant of the rate that the time left rests on
	barWidth = 24                     // of a bar with room enough
	barLeast = 8
)

// Progress is the progress of one phase. Its methods may be called from any
// goroutine; on a nil *Progress they do nothing.
type Progress struct {
	mu       sync.Mutex
	w        io.Writer
	title    string
	total    int
	now      func() time.Time
	columns  func() int // of the terminal, 0 where there is none
	color    bool
	begun    time.Time
	drawn    time.Time
	last     time.Time // of the last Step
	done     int
	rate     float64 // units per second, smoothed, times weight
	weight   float64 // how much of the smoothing's memory is filled, 0..1
	shown    bool
	finished bool
}

// New begins a phase of total units; 0 stands for an unknown number. It draws
// where w is a terminal (an *os.File such as os.Stderr) other than TERM=dumb,
// in colour unless NO_COLOR is set.
func New(w io.Writer, title string, total int) *Progress {
	columns := func() int { return 0 }
	if f, ok := w.(interface{ Fd() uintptr }); ok && os.Getenv("TERM") != "dumb" {
		columns = func() int { return terminalColumns(f.Fd()) }
	}
	return start(w, title, total, time.Now, columns, os.Getenv("NO_COLOR") == "")
}

func start(w io.Writer, title string, total int, now func() time.Time, columns func() int, color bool) *Progress {
	t := now()
	return &Progress{w: w, title: clean(title), total: total, now: now, columns: columns, color: color, begun: t, drawn: t, last: t}
}

// Resume says that done units were finished in an earlier run, so that they do
// not count as work of this one.
func (p *Progress) Resume(done int) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done = done
}

// Step says that done units are finished, with a short note such as a loss. On a
// terminal it draws at most ten times a second, and the last unit always.
func (p *Progress) Step(done int, note string) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.finished {
		return
	}
	now := p.now()
	if dt := now.Sub(p.last).Seconds(); dt > 0 {
		share := 1 - math.Exp(-dt/memory.Seconds())
		p.rate += share * (float64(done-p.done)/dt - p.rate)
		p.weight += share * (1 - p.weight)
		p.done, p.last = done, now
	}
	if p.shown && now.Sub(p.drawn) < redraw && done != p.total {
		return
	}
	columns := p.columns()
	if columns <= 0 && now.Sub(p.drawn) >= report && done != p.total {
		io.WriteString(p.w, p.title+": "+strings.TrimRight(p.facts(done)+"  "+clean(note), " ")+"\n")
		p.drawn = now
	}
	if columns > 0 {
		io.WriteString(p.w, "\r"+p.line(done, clean(note), columns-1)+"\x1b[K")
		p.drawn, p.shown = now, true
	}
}

// Done ends the phase with one line: the title, the note and the time it took.
// Later calls do nothing.
func (p *Progress) Done(note string) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.finished {
		return
	}
	p.finished = true
	text := p.title
	if note = clean(note); note != "" {
		text += ": " + note
	}
	text += " (" + duration(p.now().Sub(p.begun)) + ")"
	if p.shown {
		text = "\r" + text + "\x1b[K"
	}
	io.WriteString(p.w, text+"\n")
}

// Close ends the line of a phase that was not done, so that what is written next, such
// as why, has a line of its own. After Done it does nothing.
func (p *Progress) Close() {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shown && !p.finished {
		io.WriteString(p.w, "\n")
	}
	p.finished = true
}

// line composes the line for at most width columns. Where it is too long the bar
// becomes shorter; what still does not fit is left out, first the note, then the
// bar, then the end of the title.
func (p *Progress) line(done int, note string, width int) string {
	facts := p.facts(done)
	room := width - length(facts) - 1
	title := cut(p.title, room)
	room -= length(title)
	bar := ""
	if p.total > 0 && room >= barLeast+3 {
		width := barWidth
		for width > barLeast && room < width+3+length(note)+2 { // rather a short bar than half a note
			width -= 8
		}
		filled := int(math.Round(p.share(done) * float64(width)))
		full, rest := strings.Repeat("=", filled), strings.Repeat(" ", width-filled)
		if p.color {
			full = "\x1b[32m" + full + "\x1b[0m"
		}
		bar = " [" + full + rest + "]"
		room -= width + 3
	}
	if note != "" && room > 4 {
		note = "  " + cut(note, room-2)
	} else {
		note = ""
	}
	return strings.TrimRight(title+bar+" "+facts+note, " ")
}

// share is how much of the phase is done, in [0, 1].
func (p *Progress) share(done int) float64 {
	return min(max(float64(done)/float64(p.total), 0), 1)
}

// facts says how much is done, and how long the rest may take.
func (p *Progress) facts(done int) string {
	if p.total <= 0 {
		return fmt.Sprint(done)
	}
	return strings.TrimRight(fmt.Sprintf("%3.0f%% %s", math.Floor(100*p.share(done)), p.timeLeft(done)), " ")
}

// timeLeft estimates from the smoothed rate.
func (p *Progress) timeLeft(done int) string {
	if p.weight == 0 || p.rate <= 0 || done >= p.total {
		return ""
	}
	seconds := float64(p.total-done) * p.weight / p.rate
	if seconds > 99*3600 {
		return "days left"
	}
	return duration(time.Duration(seconds*float64(time.Second))) + " left"
}

// duration formats with the two largest units: 0.4s, 12s, 3m05s, 2h07m.
func duration(d time.Duration) string {
	switch {
	case d < 9950*time.Millisecond:
		return fmt.Sprintf("%.1fs", d.Seconds())
	case d < 59500*time.Millisecond:
		return fmt.Sprintf("%.0fs", d.Seconds())
	case d < time.Hour-500*time.Millisecond:
		d = d.Round(time.Second)
		return fmt.Sprintf("%dm%02ds", int(d.Minutes()), int(d.Seconds())%60)
	}
	d = d.Round(time.Minute)
	return fmt.Sprintf("%dh%02dm", int(d.Hours()), int(d.Minutes())%60)
}

// clean takes out what could move the cursor or break the line.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s)
}

func length(s string) int { return len([]rune(s)) }

// cut shortens s to n letters.
func cut(s string, n int) string {
	if r := []rune(s); len(r) > max(n, 0) {
		return string(r[:max(n, 0)])
	}
	return s
}
