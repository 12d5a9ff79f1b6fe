package diffusion

import (
	"math"
	"testing"

	"diffclip/internal/rng"
	"diffclip/vit"
)

// The share of timesteps below T/4 is (1/4)^(1/p) for T·uᵖ.
func TestTimestepPower(t *testing.T) {
	for _, p := range []float64{1, 2, 3} {
		cfg := Default(vit.Default(vit.Modality{Name: "a", Bands: 1}))
		cfg.TimestepPower = p
		c := NewCorruptor(cfg, 1)
		const n = 20000
		low := 0
		for i := range n {
			at := c.timestep(rng.New(1, "test", 0), i)
			if at < 0 || at >= 1000 {
				t.Fatalf("power %v: timestep index %d outside of the schedule", p, at)
			}
			if at < 250 {
				low++
			}
		}
		want := math.Pow(0.25, 1/p)
		if got := float64(low) / n; math.Abs(got-want) > 0.015 {
			t.Errorf("power %v: %.3f of the timesteps lie in the first quarter, want %.3f", p, got, want)
		}
	}
}
