package figure

import (
	"math"
	"slices"
	"testing"
)

func TestContrast(t *testing.T) {
	if got := Contrast(RGB{}, RGB{255, 255, 255}); math.Abs(got-21) > 1e-9 {
		t.Errorf("black on white: %v, want 21", got)
	}
	// WebAIM's checker gives 4.54 for #767676 on white.
	if got := Contrast(RGB{0x76, 0x76, 0x76}, RGB{255, 255, 255}); math.Abs(got-4.54) > 0.005 {
		t.Errorf("#767676 on white: %v, want 4.54", got)
	}
}

// Text wants 4.5:1 and graphics 3:1 against the page, in both modes (WCAG 2.1 AA).
func TestRolesAreReadable(t *testing.T) {
	check := func(name string, c, background RGB, want float64) {
		if got := Contrast(c, background); got < want {
			t.Errorf("%s: contrast %.2f, want at least %.1f", name, got, want)
		}
	}
	for _, r := range []role{ink, muted} {
		check(roleName(r)+" light", r.modes().light, page.modes().light, 4.5)
		check(roleName(r)+" dark", r.modes().dark, page.modes().dark, 4.5)
	}
	for i := range seriesColors {
		check(roleName(series+role(i))+" light", seriesColors[i].light, page.modes().light, 3)
		check(roleName(series+role(i))+" dark", seriesColors[i].dark, page.modes().dark, 3)
	}
	for i := range 256 {
		c := Sequential(float64(i) / 255)
		check("number on "+c.Hex(), over(c), c, 4.5)
	}
}

func TestSequentialRisesInLightness(t *testing.T) {
	last := -1.0
	for i := range 256 {
		l := okLab(Sequential(float64(i) / 255).linear())[0]
		if l < last || i%4 == 0 && l == last { // neighbours may round to the same bytes
			t.Fatalf("lightness falls at %d: %v after %v", i, l, last)
		}
		last = l
	}
	if Sequential(-1) != Sequential(0) || Sequential(2) != Sequential(1) || Sequential(math.NaN()) != (RGB{128, 128, 128}) {
		t.Error("values outside 0..1 are not clamped, or NaN is not grey")
	}
}

// Distances in OKLab, in whichever sight two colours are most alike; 0.02 is
// about what side by side can just be told apart.
func TestCategoricalIsDistinct(t *testing.T) {
	for _, c := range []struct {
		n    int
		want float64
	}{{7, 0.075}, {8, 0.075}, {11, 0.075}, {15, 0.075}, {20, 0.06}} {
		colors := Categorical(c.n)
		if len(colors) != c.n {
			t.Fatalf("%d colours for %d", len(colors), c.n)
		}
		least := math.Inf(1)
		for i := range colors {
			for k := range i {
				least = min(least, Distinctness(colors[i], colors[k]))
			}
		}
		t.Logf("%d colours: least distance %.3f", c.n, least)
		if least < c.want {
			t.Errorf("%d colours: least distance %.3f, want %.3f", c.n, least, c.want)
		}
	}
	if Distinctness(RGB{200, 30, 30}, RGB{200, 30, 30}) != 0 {
		t.Error("a colour is distinct from itself")
	}
	if d := Distinctness(RGB{}, RGB{255, 255, 255}); math.Abs(d-1) > 1e-3 {
		t.Errorf("black to white is %v, want 1", d)
	}
}

func TestExtendGoesOn(t *testing.T) {
	all, first := Categorical(20), Categorical(12)
	if got := Extend(first, 8); !slices.Equal(got, all) {
		t.Errorf("12 colours and 8 more are %v, want %v", got, all)
	}
	if got := Extend(first, 0); !slices.Equal(got, first) {
		t.Errorf("no more colours give %v", got)
	}
}
