package progress

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"
)

// clock is a fake clock that the test moves.
type clock struct{ t time.Time }

func (c *clock) now() time.Time       { return c.t }
func (c *clock) pass(d time.Duration) { c.t = c.t.Add(d) }

func begin(b *bytes.Buffer, total, columns int) (*Progress, *clock) {
	c := &clock{time.Unix(1000, 0)}
	return start(b, "stage 1", total, c.now, func() int { return columns }, false), c
}

// screen returns the lines that a terminal would show.
func screen(s string) []string {
	var lines []string
	for _, line := range strings.Split(s, "\n") {
		parts := strings.Split(line, "\r")
		lines = append(lines, strings.TrimSuffix(parts[len(parts)-1], "\x1b[K"))
	}
	return lines
}

func TestLineOnATerminal(t *testing.T) {
	for _, c := range []struct {
		columns int
		want    string
	}{
		{100, "stage 1 [======                  ]  25% 30s left  loss 0.5"},
		{60, "stage 1 [======                  ]  25% 30s left  loss 0.5"},
		{54, "stage 1 [====            ]  25% 30s left  loss 0.5"},
		{50, "stage 1 [==      ]  25% 30s left  loss 0.5"},
		{40, "stage 1 [==      ]  25% 30s left  loss"},
		{34, "stage 1 [==      ]  25% 30s left"},
		{30, "stage 1  25% 30s left  loss 0"},
		{24, "stage 1  25% 30s left"},
		{20, "stage  25% 30s left"},
	} {
		var b bytes.Buffer
		p, clock := begin(&b, 100, c.columns)
		clock.pass(10 * time.Second)
		p.Step(25, "loss\n0.5")
		lines := screen(b.String())
		if got := lines[len(lines)-1]; got != c.want {
			t.Errorf("%d columns:\n got %q\nwant %q", c.columns, got, c.want)
		}
		if n := length(lines[0]); n >= c.columns {
			t.Errorf("%d columns: the line takes %d", c.columns, n)
		}
	}
}

func TestRedrawsSparingly(t *testing.T) {
	var b bytes.Buffer
	p, clock := begin(&b, 1000, 80)
	for i := range 1000 {
		clock.pass(time.Millisecond)
		p.Step(i+1, "")
	}
	if n := strings.Count(b.String(), "\r"); n < 10 || n > 12 {
		t.Errorf("%d drawings in a second, want ten or so", n)
	}
	p.Done("loss 0.25")
	p.Done("again")
	p.Step(5, "late")
	if got := screen(b.String()); len(got) != 2 || got[0] != "stage 1: loss 0.25 (1.0s)" || got[1] != "" {
		t.Errorf("the screen ends as %q", got)
	}
}

// What follows a phase that failed does not go on in its line.
func TestCloseEndsTheLine(t *testing.T) {
	var b bytes.Buffer
	p, _ := begin(&b, 10, 80)
	p.Close()
	if b.Len() > 0 {
		t.Errorf("a phase that showed nothing ends with %q", &b)
	}
	p, clock := begin(&b, 10, 80)
	clock.pass(time.Second)
	p.Step(5, "")
	p.Close()
	p.Step(6, "late")
	p.Done("late")
	p.Close()
	b.WriteString("interrupted")
	if got := screen(b.String()); len(got) != 2 || !strings.HasPrefix(got[0], "stage 1 [") || got[1] != "interrupted" {
		t.Errorf("the screen ends as %q", got)
	}
}

func TestQuietInAPipe(t *testing.T) {
	var b bytes.Buffer
	p, clock := begin(&b, 10, 0)
	for i := range 10 {
		clock.pass(20 * time.Second)
		p.Step(i+1, "x")
	}
	const minutely = "stage 1:  30% 2m20s left  x\nstage 1:  60% 1m20s left  x\nstage 1:  90% 20s left  x\n"
	if b.String() != minutely {
		t.Errorf("wrote %q before the end", b.String())
	}
	p.Done("")
	p.Close()
	if b.String() != minutely+"stage 1 (3m20s)\n" {
		t.Errorf("wrote %q", b.String())
	}

	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	q := New(w, "pipe", 2)
	q.Step(1, "")
	q.Done("end")
	w.Close()
	var got bytes.Buffer
	got.ReadFrom(r)
	if !strings.HasPrefix(got.String(), "pipe: end (") || strings.ContainsAny(got.String(), "\r\x1b") {
		t.Errorf("a real pipe got %q", got.String())
	}
}

func TestTimeLeft(t *testing.T) {
	p, clock := begin(&bytes.Buffer{}, 1000, 80)
	p.Resume(500) // an earlier run's
	for i := range 100 {
		clock.pass(time.Second)
		p.Step(501+i, "")
	}
	if got := p.timeLeft(600); got != "6m40s left" {
		t.Errorf("one unit a second, 400 to do: %q", got)
	}
	for i := range 80 { // now twice as fast
		clock.pass(time.Second)
		p.Step(602+2*i, "")
	}
	if got := p.timeLeft(760); got != "2m01s left" { // 240 / (2 - exp(-80/20)) s
		t.Errorf("two units a second, 240 to do: %q", got)
	}
	if got := p.timeLeft(1000); got != "" {
		t.Errorf("nothing to do: %q", got)
	}
}

func TestUnknownTotalAndColor(t *testing.T) {
	var b bytes.Buffer
	p, clock := begin(&b, 0, 80)
	clock.pass(time.Second)
	p.Step(7, "reading")
	if got := screen(b.String())[0]; got != "stage 1 7  reading" {
		t.Errorf("got %q", got)
	}
	b.Reset()
	q, clock := begin(&b, 2, 80)
	q.color = true
	clock.pass(time.Second)
	q.Step(1, "")
	if !strings.Contains(b.String(), "[\x1b[32m============\x1b[0m            ]") {
		t.Errorf("got %q", b.String())
	}
}

func TestNilIsQuiet(t *testing.T) {
	var p *Progress
	p.Resume(1)
	p.Step(1, "x")
	p.Done("x")
	p.Close()
}

func TestDuration(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0.0s", 420 * time.Millisecond: "0.4s", 9960 * time.Millisecond: "10s", 59600 * time.Millisecond: "1m00s",
		185 * time.Second: "3m05s", time.Hour - time.Second: "59m59s", time.Hour - 100*time.Millisecond: "1h00m", 127 * time.Minute: "2h07m",
	} {
		if got := duration(d); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
}
