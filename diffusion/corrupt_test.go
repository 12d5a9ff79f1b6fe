package diffusion

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"diffclip/internal/rng"
	"diffclip/vit"
)

// randomWindows returns windows that fit c.
func randomWindows(c Config, batch int, name string) [][]float32 {
	var out [][]float32
	for i, m := range c.Encoder.Modalities {
		x := make([]float32, batch*c.Encoder.Window*c.Encoder.Window*m.Bands)
		rng.New(9, name, uint64(i)).Normal(x, 0)
		out = append(out, x)
	}
	return out
}

func fill(c Config, seed uint64, windows [][]float32, batch int, step uint64) *Corrupted {
	corruptor := NewCorruptor(c, seed)
	out := corruptor.NewCorrupted(batch)
	corruptor.Fill(out, windows, step)
	return out
}

func TestFillDependsOnSeedAndStepAlone(t *testing.T) {
	c := small()
	windows := randomWindows(c, 6, "windows")
	corruptor := NewCorruptor(c, 1)
	used := corruptor.NewCorrupted(6)
	corruptor.Fill(used, randomWindows(c, 6, "others"), 3)
	corruptor.Fill(used, windows, 7)
	fresh := fill(c, 1, windows, 6, 7)
	if !reflect.DeepEqual(used, fresh) {
		t.Error("a batch depends on what was corrupted before")
	}
	for name, other := range map[string]*Corrupted{"step": fill(c, 1, windows, 6, 8), "seed": fill(c, 2, windows, 6, 7)} {
		a, b := fresh.Inputs[0], other.Inputs[0]
		if slices.Equal(fresh.Steps, other.Steps) || slices.Equal(a.Keep, b.Keep) || slices.Equal(a.Visible.Data, b.Visible.Data) {
			t.Errorf("another %s gives the same timesteps, masks or noise", name)
		}
		if !slices.Equal(a.Target.Data, b.Target.Data) {
			t.Errorf("another %s changes the clean windows", name)
		}
	}
	c.Encoder.Modalities[1].Bands = c.Encoder.Modalities[0].Bands
	corruptor = NewCorruptor(c, 1)
	drawn := corruptor.NewCorrupted(6)
	corruptor.draw(drawn, 7) // before there are windows, Visible is the noise
	if a, b := drawn.Inputs[0], drawn.Inputs[1]; slices.Equal(a.Visible.Data, b.Visible.Data) || slices.Equal(a.Keep, b.Keep) {
		t.Error("two modalities have the same masks or noise")
	}
}

func TestMasksAreUniformAndDistinct(t *testing.T) {
	c := small()
	const batch, steps = 8, 250
	l, k := c.Encoder.Tokens(), c.Keep()
	if k != 7 {
		t.Fatalf("%d of %d tokens are visible, want 7", k, l)
	}
	corruptor := NewCorruptor(c, 5)
	out := corruptor.NewCorrupted(batch)
	windows := randomWindows(c, batch, "windows")
	var counts [2][25]int
	times := map[int32]bool{}
	seen := map[string]bool{}
	for step := range steps {
		corruptor.Fill(out, windows, uint64(step))
		for _, s := range out.Steps {
			times[s] = true
		}
		for m := range counts {
			for b := range batch {
				keep := slices.Clone(out.Inputs[m].Keep[b*k : (b+1)*k])
				for _, at := range keep {
					counts[m][at]++
				}
				slices.Sort(keep)
				if len(slices.Compact(keep)) != k {
					t.Fatalf("a mask keeps a token twice: %v", keep)
				}
				seen[fmt.Sprint(keep)] = true
			}
		}
	}
	// A token is kept with probability 7/25: 560 of 2000 times, deviation 20.
	for m := range counts {
		for at, n := range counts[m] {
			near(t, fmt.Sprintf("modality %d: keeps of token %d", m, at), float64(n), 560, 5*20.1)
		}
	}
	if n := 2 * batch * steps; len(seen) < n-60 { // 480700 masks exist: 17 pairs of 4000 are equal by chance
		t.Errorf("%d different masks among %d", len(seen), n)
	}
	if len(times) != c.Encoder.Timesteps {
		t.Errorf("%d timesteps occur, want all %d", len(times), c.Encoder.Timesteps)
	}
}

// TestCorruptedPixels checks every visible pixel and every index against the
// window, for patches of more than one pixel too.
func TestCorruptedPixels(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"pixels":          func(*Config) {},
		"patches":         func(c *Config) { c.Encoder.Window, c.Encoder.Patch = 6, 2 },
		"no noise":        func(c *Config) { c.NoNoise = true },
		"no masks":        func(c *Config) { c.MaskRatio = 0 },
		"reference order": func(c *Config) { c.ReferenceOrder = true },
	} {
		t.Run(name, func(t *testing.T) {
			c := small()
			change(&c)
			const batch = 6
			windows := randomWindows(c, batch, "windows")
			out := fill(c, 1, windows, batch, 0)
			for m, in := range out.Inputs {
				checkPixels(t, c, in, windows[m], out.Steps)
				checkIndices(t, c, in)
			}
		})
	}
}

// checkPixels wants the implied noise of each visible value to be standard
// normal, and none with NoNoise.
func checkPixels(t *testing.T, c Config, in CorruptedInput, window []float32, steps []int32) {
	t.Helper()
	e, s := c.Encoder, DefaultSchedule(c.Encoder.Timesteps)
	area, pixels, bands, k, order := e.Window*e.Window, e.PatchPixels(), in.Visible.Cols(), c.Keep(), e.PixelOrder()
	if c.ReferenceOrder {
		k = e.Tokens()
	}
	var noise []float64
	for row := range in.Visible.Rows() {
		b, i := row/(k*pixels), row%(k*pixels)
		token := i / pixels
		if !c.ReferenceOrder {
			token = int(in.Keep[b*k+token])
		}
		at := int(order[token*pixels+i%pixels])
		for band := range bands {
			clean, got := window[(b*area+at)*bands+band], in.Visible.Data[row*bands+band]
			if target := in.Target.Data[((b*e.Tokens()+token)*pixels+i%pixels)*bands+band]; target != clean {
				t.Fatalf("target %v of sample %d, token %d, want %v", target, b, token, clean)
			}
			if c.NoNoise {
				if got != clean {
					t.Fatalf("visible value %v, want %v", got, clean)
				}
				continue
			}
			a := s.AlphaCumprod[steps[b]]
			noise = append(noise, (float64(got)-math.Sqrt(a)*float64(clean))/math.Sqrt(1-a))
		}
	}
	if !c.NoNoise {
		n := len(noise)
		m, v := moments(n, func(i int) float64 { return noise[i] })
		near(t, "mean of the noise", m, 0, 5/math.Sqrt(float64(n)))
		near(t, "variance of the noise", v, 1, 5*math.Sqrt(2/float64(n)))
	}
}

func checkIndices(t *testing.T, c Config, in CorruptedInput) {
	t.Helper()
	l, k := c.Encoder.Tokens(), c.Keep()
	sum := 0.0
	for _, w := range in.Weight.Data {
		sum += float64(w)
	}
	want := 1.1
	if l == k {
		want = 1
	}
	near(t, "sum of the loss weights", sum, want, 1e-6)
	for i, from := range in.from.IDs {
		b, at := i/k, int(in.Keep[i])
		if int(from) != b*l+at || int(in.rows.IDs[i]) != 1+at || int(in.places.IDs[b*(1+k)+1+i%k]) != 1+at || int(in.restore.IDs[b*(1+l)+1+at]) != 1+l+b%shardSamples*(1+k)+1+i%k {
			t.Fatalf("visible token %d: from %d, rows %d, places %d, restore %d", i, from, in.rows.IDs[i], in.places.IDs[b*(1+k)+1+i%k], in.restore.IDs[b*(1+l)+1+at])
		}
	}
	visible := 0
	for i, r := range in.restore.IDs {
		switch at := i % (1 + l); {
		case int(r) > l:
			visible++
		case int(r) != at:
			t.Fatalf("masked token %d is restored from position %d", at, r)
		}
	}
	if batch := in.restore.Len() / (1 + l); visible != batch*(1+k) {
		t.Errorf("%d tokens are restored from the encoder, want %d", visible, batch*(1+k))
	}
}

// TestWithoutNoise: visible pixels stay clean and every step is the first, as in
// stage 2.
func TestWithoutNoise(t *testing.T) {
	c := small()
	c.NoNoise = true
	windows := randomWindows(c, 4, "windows")
	corruptor := NewCorruptor(c, 1)
	got := corruptor.NewCorrupted(4)
	corruptor.FillAt(got, windows, 3, 20) // leaves other timesteps behind
	corruptor.Fill(got, windows, 3)
	for i, step := range got.Steps {
		if step != 0 {
			t.Errorf("sample %d has timestep %d", i, step)
		}
	}
	in := &got.Inputs[0]
	bands := in.Visible.Cols()
	for i, token := range in.from.IDs {
		for j := range bands {
			if want := windows[0][int(token)*bands+j]; in.Visible.Data[i*bands+j] != want {
				t.Fatalf("visible token %d: %v, want the clean %v", i, in.Visible.Data[i*bands+j], want)
			}
		}
	}
}

func TestFillRefusesOtherModalities(t *testing.T) {
	defer func() {
		if r := recover(); r == nil || !strings.Contains(fmt.Sprint(r), "1 modalities given, the model has 2") {
			t.Errorf("panic %v", r)
		}
	}()
	c := small()
	fill(c, 1, randomWindows(c, 2, "windows")[:1], 2, 0)
}

func TestConfigCheck(t *testing.T) {
	if err := small().Check(); err != nil {
		t.Fatal(err)
	}
	d := Default(vit.Default(vit.Modality{Name: "hsi", Bands: 144}, vit.Modality{Name: "lidar", Bands: 1}))
	if err := d.Check(); err != nil || d.Keep() != 36 {
		t.Errorf("published sizes: %v, %d visible tokens, want 36", err, d.Keep())
	}
	if want := (Config{Encoder: d.Encoder, DecoderDepth: 3, MaskRatio: 0.7, MaskedWeight: 0.1, VisibleWeight: 1}); !reflect.DeepEqual(d, want) {
		t.Errorf("published sizes: %+v, want %+v", d, want)
	}
	tenth := small()
	tenth.Encoder.Window, tenth.MaskRatio = 10, 0.9 // 100·(1-0.9) is a little less than 10
	if got := tenth.Keep(); got != 10 {
		t.Errorf("a tenth of 100 tokens are %d, want 10", got)
	}
	for name, change := range map[string]func(*Config){
		"most blocks":         func(c *Config) { c.DecoderDepth = vit.MaxDepth },
		"largest weights":     func(c *Config) { c.MaskedWeight, c.VisibleWeight, c.ClassWeight, c.Classes = 1e6, 1e6, 1e6, 1 },
		"classes alone":       func(c *Config) { c.MaskedWeight, c.VisibleWeight, c.ClassWeight, c.Classes = 0, 0, 1, 1 },
		"the paper's loss":    func(c *Config) { c.MaskedWeight, c.VisibleWeight, c.PaperLoss = 0, 0, true },
		"masked alone":        func(c *Config) { c.VisibleWeight = 0 },
		"visible alone":       func(c *Config) { c.MaskedWeight = 0 },
		"one visible token":   func(c *Config) { c.MaskRatio = 0.96 },
		"every token visible": func(c *Config) { c.MaskRatio = 0 },
	} {
		c := small()
		change(&c)
		if err := c.Check(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for want, change := range map[string]func(*Config){
		"no modalities":     func(c *Config) { c.Encoder.Modalities = nil },
		"decoder depth 0":   func(c *Config) { c.DecoderDepth = 0 },
		"decoder depth 999": func(c *Config) { c.DecoderDepth = 99999 },
		"mask ratio 1":      func(c *Config) { c.MaskRatio = 1 },
		"mask ratio NaN":    func(c *Config) { c.MaskRatio = math.NaN() },
		"mask ratio -0.1":   func(c *Config) { c.MaskRatio = -0.1 },
		"leaves none":       func(c *Config) { c.MaskRatio = 0.99 },
		"loss weights -1":   func(c *Config) { c.MaskedWeight = -1 },
		"loss weights +Inf": func(c *Config) { c.MaskedWeight = math.Inf(1) },
		"weight +Inf of":    func(c *Config) { c.ClassWeight, c.Classes = math.Inf(1), 2 },
		"nothing to learn":  func(c *Config) { c.MaskedWeight, c.VisibleWeight = 0, 0 },
		"25 of 25 of which": func(c *Config) { c.MaskRatio, c.VisibleWeight = 0, 0 },
		"loss weights 0.1 ": func(c *Config) { c.VisibleWeight = math.NaN() },
		"0 classes":         func(c *Config) { c.ClassWeight = 1 },
		"weight -1 of":      func(c *Config) { c.ClassWeight = -1 },
	} {
		c := small()
		change(&c)
		if err := c.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one that says %q", err, want)
		}
		if _, err := New(c, 1); err == nil {
			t.Errorf("%s: a model was made", want)
		}
	}
}

// FillAt fixes the timestep and nothing else.
func TestFillAt(t *testing.T) {
	c := small()
	windows := randomWindows(c, 4, "windows")
	drawn := fill(c, 1, windows, 4, 7)
	corruptor := NewCorruptor(c, 1)
	fixed := corruptor.NewCorrupted(4)
	for _, at := range []int{0, c.Encoder.Timesteps - 1} {
		corruptor.FillAt(fixed, windows, 7, at)
		for m := range fixed.Inputs {
			if !slices.Equal(fixed.Inputs[m].Keep, drawn.Inputs[m].Keep) {
				t.Errorf("modality %d: another mask", m)
			}
		}
		for b, step := range fixed.Steps {
			if step != int32(at) {
				t.Errorf("sample %d has timestep %d, want %d", b, step, at)
			}
		}
	}
	corruptor.FillAt(fixed, windows, 7, int(drawn.Steps[2]))
	k := c.Keep()
	in, want := fixed.Inputs[0].Visible, drawn.Inputs[0].Visible
	size := len(in.Data) / (4 * k)
	if !slices.Equal(in.Data[2*k*size:3*k*size], want.Data[2*k*size:3*k*size]) {
		t.Error("at the drawn timestep the noised pixels differ from the drawn ones")
	}
}
