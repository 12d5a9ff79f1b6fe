package docs_test

import (
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"diffclip/internal/run"
	"diffclip/rsdata"
)

// demoMoves is the share of pixels that may differ between the README's map and
// a demo of today. The same program gives the same map on processors of the same
// tier. Another order of sums, as in another tier, changes about 5 % of it, and
// another draw of the samples 16 %.
const demoMoves = 0.10

// TestDemoMap holds the README's map against that of a demo, whose folder
// DIFFCLIP_DEMO names: docs/demo-map.png is the demo's map.png.
func TestDemoMap(t *testing.T) {
	picture, err := readPNG("demo-map.png")
	if err != nil {
		t.Fatal(err)
	}
	dir := os.Getenv("DIFFCLIP_DEMO")
	if dir == "" {
		t.Skip("needs a demo, which takes minutes: diffclip demo -out DIR, then DIFFCLIP_DEMO=DIR go test -run TestDemoMap ./docs")
	}
	today, err := readPNG(filepath.Join(dir, "map.png"))
	if err != nil {
		t.Fatal(err)
	}
	share, err := moved(picture, today)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%.1f %% of the pixels differ", 100*share)
	if share > demoMoves {
		t.Errorf("%.1f %% of the pixels differ from the demo's map, want at most %.0f %%: look at %s and copy it to docs/demo-map.png", 100*share, 100*demoMoves, filepath.Join(dir, "map.png"))
	}
}

// TestDemoMapCanFail: a map upside down is not the map.
func TestDemoMapCanFail(t *testing.T) {
	picture, err := readPNG("demo-map.png")
	if err != nil {
		t.Fatal(err)
	}
	if share, err := moved(picture, picture); err != nil || share != 0 {
		t.Errorf("a picture differs from itself by %v, %v", share, err)
	}
	if share, err := moved(picture, upsideDown{picture}); err != nil || share <= demoMoves {
		t.Errorf("a map upside down differs by %v, %v", share, err)
	}
	if _, err := moved(picture, image.NewGray(image.Rect(0, 0, 9, 9))); err == nil {
		t.Error("pictures of different sizes were compared")
	}
}

// TestDemoIsAsSaid holds what the README says of the demo.
func TestDemoIsAsSaid(t *testing.T) {
	cfg, err := run.Preset("demo")
	if err != nil {
		t.Fatal(err)
	}
	c := newClaims(t, "../README.md")
	classes := len(rsdata.Synthetic(rsdata.DefaultSynthetic()).Classes)
	c.holds("../README.md", classes == 10 && cfg.Split.Shots == 3, "ten classes from three labels each")
}

type upsideDown struct{ image.Image }

func (u upsideDown) At(x, y int) color.Color { return u.Image.At(x, u.Bounds().Max.Y-1-y) }

func readPNG(path string) (image.Image, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	im, err := png.Decode(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return im, nil
}

// moved returns the share of pixels whose colours differ.
func moved(a, b image.Image) (float64, error) {
	if a.Bounds() != b.Bounds() {
		return 0, fmt.Errorf("pictures of %v and %v", a.Bounds(), b.Bounds())
	}
	differ := 0
	size := a.Bounds().Size()
	for y := range size.Y {
		for x := range size.X {
			r, g, b1, _ := a.At(x, y).RGBA()
			r2, g2, b2, _ := b.At(x, y).RGBA()
			if r != r2 || g != g2 || b1 != b2 {
				differ++
			}
		}
	}
	return float64(differ) / float64(size.X*size.Y), nil
}
