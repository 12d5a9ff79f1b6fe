package browsertest

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"diffclip/internal/explorer"
	"diffclip/internal/run"
	"diffclip/internal/run/runtest"
	"diffclip/internal/testenv"
)

//go:embed page.js
var pageCheck string

// page is a browser at the explorer or the report of a run.
type page struct {
	*testing.T
	*Browser
	address string
}

// serve opens an explorer of a run, with a browser to look at it.
func serve(t *testing.T, dir string) *page {
	t.Helper()
	e, err := explorer.New(explorer.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	l, err := explorer.Listen("127.0.0.1:0", false)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- e.Serve(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("the server ended with %v", err)
		}
	})
	return &page{t, browser(t), "http://" + l.Addr().String() + "/"}
}

func browser(t *testing.T) *Browser {
	t.Helper()
	b, err := Open(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b
}

// trained returns the run to look at, which RUN may name.
func trained(t *testing.T) string {
	t.Helper()
	if dir := os.Getenv("RUN"); dir != "" {
		return dir
	}
	dir := filepath.Join(t.TempDir(), "small")
	if _, err := runtest.Train(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

func (p *page) must(err error) {
	p.Helper()
	if err != nil {
		p.Fatal(err)
	}
}

// text returns what a script expression is, as text.
func (p *page) text(expression string) string {
	p.Helper()
	var v any
	p.must(p.Eval("return "+expression, &v))
	return fmt.Sprint(v)
}

// until waits for an expression to be true.
func (p *page) until(what, expression string) {
	p.Helper()
	for deadline := time.Now().Add(testenv.Patience); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		if p.text("Boolean("+expression+")") == "true" {
			return
		}
	}
	p.Fatalf("it never came to this: %s", what)
}

// sound checks what every view must keep, and takes a picture of it.
func (p *page) sound(name string) {
	p.Helper()
	var faults []string
	p.must(p.Eval(pageCheck, &faults))
	for _, f := range faults {
		p.Errorf("%s: %s", name, f)
	}
	p.quiet(name)
	if dir := os.Getenv("SCREENSHOTS"); dir != "" {
		p.must(p.Screenshot(filepath.Join(dir, name+".png"), true))
	}
}

// quiet checks that the console has nothing to say.
func (p *page) quiet(name string) {
	p.Helper()
	log, err := p.Log()
	p.must(err)
	for _, line := range log {
		p.Errorf("%s: console: %s", name, line)
	}
}

// shift is how far the page has moved by itself since it was opened, as Lighthouse
// reckons it; up to 0.1 is good.
const shift = `let sum = 0;
const o = new PerformanceObserver(() => {});
o.observe({type: 'layout-shift', buffered: true});
for (const e of o.takeRecords()) if (!e.hadRecentInput) sum += e.value;
return sum;`

// still checks that the page did not move by itself.
func (p *page) still(name string) {
	p.Helper()
	var moved float64
	p.must(p.Eval(shift, &moved))
	if moved > 0.1 {
		p.Errorf("%s: the layout shifts by %.3f, want at most 0.1", name, moved)
	}
}

const loaded = `!document.getElementById('main').hidden && document.getElementById('map-wait').hidden && document.querySelectorAll('#scatter circle').length && /classified/.test(document.getElementById('map-state').textContent) &&
	/Most likely/.test(document.getElementById('pixel-place').textContent) && [...document.querySelectorAll('.tiles img')].every((i) => i.alt) && document.querySelectorAll('.curve polyline').length >= 4`

var views = []struct {
	name          string
	width, height int
	phone, dark   bool
}{{"desktop", 1280, 900, false, false}, {"phone", 390, 844, true, false}, {"desktop-dark", 1280, 900, false, true}, {"phone-dark", 360, 740, true, true}}

func TestExplorer(t *testing.T) {
	p := serve(t, trained(t))
	for _, v := range views {
		p.must(p.Size(v.width, v.height, v.phone, v.dark))
		p.must(p.Go(p.address))
		p.until("everything is there", loaded)
		p.still("explorer-" + v.name)
		p.sound("explorer-" + v.name)
	}
	p.must(p.Size(1280, 900, false, false))
	p.must(p.Go(p.address))
	p.until("everything is there", loaded)
	t.Run("map", p.pixels)
	t.Run("sliders", p.sliders)
	t.Run("attention", p.heads)
	t.Run("texts", p.ask)
	t.Run("late", p.late)
	t.Run("features", p.points)
	p.sound("explorer-used")
}

// pixels chooses pixels by mouse and by keyboard.
func (p *page) pixels(t *testing.T) {
	p.must(p.Click("#canvas")) // its middle
	// Twice down, as once may lead to where the page was opened, whose text may still stand there.
	p.must(p.Type("#canvas", KeyRight+KeyDown+KeyDown))
	p.until("it is the one below and right of the middle", "/^Row 8[23], column 11[12]\\./.test(document.getElementById('pixel-place').textContent)")
	p.must(p.Click("#legend li:nth-child(2) button"))
	if got := p.text("document.querySelector('#legend li:nth-child(2) button').getAttribute('aria-pressed')"); got != "true" {
		t.Errorf("a pressed class says %s", got)
	}
	p.must(p.Click("#legend li:nth-child(2) button"))
	color := "document.querySelector('#legend .swatch').style.background"
	own := p.text(color)
	p.must(p.Eval("const s = document.getElementById('palette'); s.value = 'safe'; s.dispatchEvent(new Event('change'))", nil))
	if p.text(color) == own {
		t.Error("the safe colours are the classes' own")
	}
	drawn := map[string]string{}
	for _, layer := range []string{"picture 1", "truth", "sure", "map"} {
		p.must(p.Eval("const s = document.getElementById('layer'); s.value = arguments[0]; s.dispatchEvent(new Event('change'))", nil, layer))
		picture := p.text("document.getElementById('canvas').toDataURL()")
		if other := drawn[picture]; other != "" {
			t.Errorf("the layers %q and %q look the same", layer, other)
		}
		drawn[picture] = layer
	}
}

// sliders moves both sliders and waits for other pictures.
func (p *page) sliders(t *testing.T) {
	const seen = "document.querySelector('#restore-maps figure:nth-child(2) img').src"
	for _, slider := range []string{"#t", "#ratio"} {
		before := p.text(seen)
		p.must(p.Type(slider, KeyEnd))
		p.until("the slider "+slider+" changes what stage 1 sees", fmt.Sprintf("%s !== %q", seen, before))
	}
	if got := p.text("document.getElementById('ratio-value').textContent"); !strings.HasPrefix(got, "9") {
		t.Errorf("the mask ratio says %s", got)
	}
}

// heads looks through another block, and by a clicked patch.
func (p *page) heads(t *testing.T) {
	const mean = "document.querySelector('#attention-maps figure:nth-child(2) img').src"
	before := p.text(mean)
	p.must(p.Eval("const s = document.getElementById('attention-block'); s.value = 0; s.dispatchEvent(new Event('change'))", nil))
	p.until("another block attends elsewhere", fmt.Sprintf("%s !== %q", mean, before))
	before = p.text(mean)
	p.must(p.Click("#attention-maps figure button"))
	p.until("the patch in the middle asks", fmt.Sprintf("document.getElementById('attention-token').value > 0 && %s !== %q", mean, before))
	p.must(p.Click("#attention-maps figure:nth-child(4) button"))
	if got := p.text("document.getElementById('attention-head').value"); got != "2" {
		t.Errorf("the clicked head is %s, want 2", got)
	}
}

// ask types a text of its own and scores the scene by it.
func (p *page) ask(t *testing.T) {
	names := "document.querySelectorAll('#legend li').length"
	before := p.text(names)
	p.must(p.Type("#new-text", "a patch of a small lake"))
	p.must(p.Click("#texts-form .primary"))
	p.until("the new text is on the map", fmt.Sprintf("%s > %s && [...document.querySelectorAll('#legend .share')].every((s) => s.textContent)", names, before))
	if p.text(leastAlike) != "true" {
		t.Error("two colours of the legend are alike")
	}
	if p.text("document.querySelector('#legend li:last-child').getBoundingClientRect().bottom <= innerHeight") != "true" {
		t.Error("the new text's place in the legend is out of sight")
	}
	p.until("words are named that training has not met", "/lake/.test(document.getElementById('texts-note').textContent)")
	if got := p.text("document.querySelector('#bars li:last-child .name').textContent"); got != "a patch of a small lake" {
		t.Errorf("the last bar is of %q", got)
	}
	p.must(p.Type("#new-text", "a patch of a small lake"))
	p.must(p.Click("#texts-form .primary"))
	p.until("the same text twice is refused", "/the same/.test(document.getElementById('texts-note').textContent)")
	if got := p.text("(document.getElementById('texts-reset').click(), document.getElementById('map-wait').checkVisibility() && document.getElementById('map-wait').textContent)"); got != "scoring the scene" {
		t.Errorf("the box of the map says %q while the scene is scored", got)
	}
	p.until("the run's own texts are back", fmt.Sprintf("%s === %s", names, before))
}

// late asks by other texts while a map by texts of before is still on its way: that one is
// not taken for the map by the new ones.
func (p *page) late(t *testing.T) {
	const shares = "[...document.querySelectorAll('#legend .share')].every((s) => s.textContent)"
	p.must(p.Eval(`
		const fetch = window.fetch;
		window.answers = [];
		window.fetch = async (path, ...rest) => {
			const answer = await fetch(path, ...rest);
			if (String(path).startsWith('api/map')) {
				await new Promise((done) => setTimeout(done, 1000));
				setTimeout(() => window.answers.push(`+shares+`), 300);
			}
			return answer;
		};`, nil))
	p.must(p.Type("#new-text", "a patch of a small lake"))
	p.must(p.Eval("document.querySelector('#texts-form .primary').click(); document.getElementById('texts-reset').click()", nil))
	p.until("both maps are there", "window.answers.length === 2")
	if got := p.text("window.answers.join()"); got != "false,true" {
		t.Errorf("whether the legend has shares after each answer: %s", got)
	}
}

// leastAlike is true where no two colours of the legend are near each other.
const leastAlike = `(() => {
	const rgb = [...document.querySelectorAll('#legend .swatch')].map((e) => getComputedStyle(e).backgroundColor.match(/\d+/g).map(Number));
	return rgb.every((a, i) => rgb.every((b, j) => i === j || Math.hypot(...a.map((v, k) => v - b[k])) > 50));
})()`

// points goes through the features by keyboard.
func (p *page) points(t *testing.T) {
	p.must(p.Eval("document.querySelector('#scatter circle').focus()", nil))
	first := p.text("document.getElementById('features-point').textContent")
	p.must(p.Type("#scatter circle[tabindex='0']", KeyRight))
	p.until("the next point is chosen", fmt.Sprintf("document.getElementById('features-point').textContent !== %q", first))
	at := p.text("document.getElementById('features-point').textContent.match(/row \\d+, column \\d+/)[0]")
	p.until("it is framed in the scene", fmt.Sprintf("document.getElementById('pixel-place').textContent.toLowerCase().startsWith(%q)", at))
	if p.text("document.activeElement.tagName") != "circle" {
		t.Error("the focus is lost")
	}
}

// A training is followed from its first step.
func TestTrainingLive(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "live")
	folder, x, man, err := runtest.Begin(dir)
	if err != nil {
		t.Fatal(err)
	}
	p := serve(t, dir)
	p.must(p.Size(1280, 900, false, false))
	p.must(p.Go(p.address))
	p.until("the page says what is missing", "/Stage 1 has not been trained/.test(document.getElementById('restore-message').textContent) && /Stage 2 has not/.test(document.getElementById('pixel-message').textContent)")
	p.sound("explorer-empty")
	stage1, _, err := folder.TrainStage1(t.Context(), x, man, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	p.until("the curve of stage 1 is drawn", "document.querySelectorAll('.curve polyline.loss').length === 1 && document.querySelectorAll('.curve circle.end').length === 2 && /step (\\d+) of \\1,/.test(document.querySelector('.curve span').textContent)")
	p.until("its restorations are shown", "[...document.querySelectorAll('#restore-maps img')].length && [...document.querySelectorAll('#restore-maps img')].every((i) => i.alt)")
	p.must(p.Eval("window.waits = []; new MutationObserver(() => waits.push(document.getElementById('map-wait').textContent)).observe(document.getElementById('map-wait'), {childList: true})", nil))
	if _, _, err := folder.TrainStage2(t.Context(), x, man, stage1.Set.State(), io.Discard); err != nil {
		t.Fatal(err)
	}
	p.until("the box says how far the map is", "waits.some((text) => /^computing the map, \\d+\\s%$/.test(text))")
	p.until("the map comes by itself", "/classified/.test(document.getElementById('map-state').textContent)")
	p.quiet("live")
}

// The report is at rest, sound in every view, and needs neither script nor a second file.
func TestReport(t *testing.T) {
	dir := trained(t)
	path, err := filepath.Abs(run.Folder{Dir: dir}.Path("report.html"))
	p := &page{t, browser(t), (&url.URL{Scheme: "file", Path: path}).String()}
	p.must(err)
	for _, v := range views {
		p.must(p.Size(v.width, v.height, v.phone, v.dark))
		p.must(p.Go(p.address))
		p.still("report-" + v.name)
		p.sound("report-" + v.name)
	}
	if got := p.text("document.scripts.length + performance.getEntriesByType('resource').filter((r) => !r.name.startsWith('data:')).length"); got != "0" {
		t.Errorf("the report has or loads %s scripts and files", got)
	}
	for _, title := range []string{"Map", "Classes", "Where the class token looks", "Losses and learning rates"} {
		if p.text(fmt.Sprintf("[...document.querySelectorAll('h2')].some((e) => e.textContent === %q)", title)) != "true" {
			t.Errorf("the report has no section %q", title)
		}
	}
	t.Run("map", p.mapPictures)
	p.must(p.Size(1280, 900, false, false))
	t.Run("keyboard", p.tabs)
}

// mapPictures wants the map as wide as a phone at most, and its colours to change
// without a script, by keyboard.
func (p *page) mapPictures(t *testing.T) {
	const widest = "Math.max(...[...document.querySelectorAll('.choice img')].map((e) => e.getBoundingClientRect().width))"
	if p.text(widest+" <= innerWidth && "+widest+" > 0.8 * innerWidth") != "true" {
		t.Errorf("the map is %s pixels wide on a phone of %s", p.text(widest), p.text("innerWidth"))
	}
	const shown = "[...document.querySelectorAll('.choice .one, .choice .two')].map((e) => e.className.slice(-3) + ' ' + e.checkVisibility()).filter((v, i, a) => a.indexOf(v) === i).join()"
	if got := p.text(shown); got != "one true,two false" {
		t.Fatalf("the maps that are shown: %s", got)
	}
	p.must(p.Type(".choice input", KeyRight))
	if got := p.text(shown); got != "one false,two true" {
		t.Errorf("after the arrow key the maps that are shown: %s", got)
	}
}

// tabs goes through the page by the tab key: it must meet all that can be
// scrolled, followed or chosen, show where it is, and bring that into view.
func (p *page) tabs(t *testing.T) {
	p.must(p.Go(p.address))
	p.must(p.Eval("for (const e of document.querySelectorAll('*')) if (e.scrollWidth > e.clientWidth + 1 && e.clientWidth && /auto|scroll/.test(getComputedStyle(e).overflowX) && e.tabIndex < 0) e.dataset.lost = '1'", nil))
	if lost := p.text("document.querySelectorAll('[data-lost]').length"); lost != "0" {
		t.Errorf("%s boxes scroll by mouse alone", lost)
	}
	want := p.text("[...document.querySelectorAll('a, input:checked, [tabindex=\"0\"]')].filter((e) => e.checkVisibility()).length")
	seen := "0"
	for range 200 {
		p.must(p.Press(KeyTab))
		var fault string
		p.must(p.Eval(tabStop, &fault))
		if fault == "end" {
			break
		}
		if fault != "" {
			t.Error(fault)
		}
		seen = p.text("document.querySelectorAll('[data-met]').length")
	}
	if seen != want {
		t.Errorf("the tab key stops at %s places, want %s", seen, want)
	}
}

// tabStop marks the element that has the focus and says what is wrong with it.
const tabStop = `const e = document.activeElement;
if (e === document.body || e.dataset.met) return 'end';
e.dataset.met = '1';
const box = e.getBoundingClientRect(), style = getComputedStyle(e), name = e.outerHTML.slice(0, 80);
if (style.outlineStyle === 'none' || parseFloat(style.outlineWidth) < 2) return 'no outline shows the focus: ' + name;
if (box.bottom <= 0 || box.top >= innerHeight) return 'the focus is out of sight: ' + name;
return '';`
