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

func TestPeakRunCounts(t *testing.T) {
	onEveryTier(t, func(t *testing.T) {
		if one, ten := PeakRun(1), PeakRun(10); one < 2 || ten != 10*one {
			t.Errorf("%v operations in a round, %v in ten", one, ten)
		}
	})
}
