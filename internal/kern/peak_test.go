package kern

import (
	"testing"
	"time"
)

func TestMeasurePeak(t *testing.T) {
	onEveryTier(t, func(t *testing.T) {
		if p := MeasurePeak(time.Millisecond); !(p > 0) {
			t.Errorf("%v GFLOP/s", p)
		}
	})
}
