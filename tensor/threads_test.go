package tensor_test

import (
	"slices"
	"testing"

	"diffclip/internal/rng"
	"diffclip/tensor"
)

// TestSumsForAnyThreads: sums over many rows, which are cut into chunks that threads share
// out by chance, have the same bits from any number of threads, every time.
func TestSumsForAnyThreads(t *testing.T) {
	const rows, cols = 16 * 300, 24 // sixteen chunks
	x, dy, gamma := tensor.New(rows, cols), tensor.New(rows, cols), tensor.New(cols)
	for name, v := range map[string]*tensor.Tensor{"x": x, "dy": dy, "gamma": gamma} {
		rng.New(1, name, 0).Normal(v.Data, 0)
	}
	sums := func(be tensor.Backend) map[string][]float32 {
		y, dx, total := tensor.New(rows, cols), tensor.New(rows, cols), tensor.New(cols)
		mean, rstd, dgamma, dbeta := tensor.New(rows), tensor.New(rows), tensor.New(cols), tensor.New(cols)
		be.SumLeading(total, x)
		be.LayerNorm(y, mean, rstd, x, gamma, gamma, 1e-5)
		be.LayerNormBackward(dx, dgamma, dbeta, dy, x, mean, rstd, gamma, false)
		all := map[string][]float32{"SumLeading": total.Data, "LayerNorm": slices.Concat(dgamma.Data, dbeta.Data)}
		mean, rstd, dgamma, dbeta = tensor.New(cols), tensor.New(cols), tensor.New(cols), tensor.New(cols)
		be.BatchNorm(y, mean, rstd, x, gamma, gamma, 1e-5, true)
		be.BatchNormBackward(dx, dgamma, dbeta, dy, x, y, mean, rstd, gamma, true, false)
		all["BatchNorm"] = slices.Concat(mean.Data, rstd.Data, dgamma.Data, dbeta.Data)
		return all
	}
	var want map[string][]float32
	for _, threads := range []int{1, 2, 4} {
		be := tensor.NewCPU(threads)
		for range 10 {
			got := sums(be)
			if want == nil {
				want = got
			}
			for name := range want {
				if !slices.Equal(got[name], want[name]) {
					t.Errorf("%s: %d threads give other bits than one", name, threads)
				}
			}
		}
		be.Close()
	}
}

// TestSumsAreThoseOfSixteenths: every chunk has a sum of its own, whatever thread makes it,
// and these are added in order: what a lane makes of each, which does not cut.
func TestSumsAreThoseOfSixteenths(t *testing.T) {
	const chunk, cols = 300, 24
	const rows = 16 * chunk
	x, dy, gamma := tensor.New(rows, cols), tensor.New(rows, cols), tensor.New(cols)
	for name, v := range map[string]*tensor.Tensor{"x": x, "dy": dy, "gamma": gamma} {
		rng.New(1, name, 0).Normal(v.Data, 0)
	}
	be := tensor.NewCPU(1)
	defer be.Close()
	sums := func(be tensor.Backend, from, to int) []float32 {
		x, dy := x.RowRange(from, to), dy.RowRange(from, to)
		y, dx, mean, rstd := tensor.New(to-from, cols), tensor.New(to-from, cols), tensor.New(to-from), tensor.New(to-from)
		total, dgamma, dbeta := tensor.New(cols), tensor.New(cols), tensor.New(cols)
		be.SumLeading(total, &x)
		be.LayerNorm(y, mean, rstd, &x, gamma, gamma, 1e-5)
		be.LayerNormBackward(dx, dgamma, dbeta, &dy, &x, mean, rstd, gamma, false)
		return slices.Concat(total.Data, dgamma.Data, dbeta.Data)
	}
	want := make([]float32, 3*cols)
	for from := 0; from < rows; from += chunk {
		for i, v := range sums(be.Lane(0), from, from+chunk) {
			want[i] += v
		}
	}
	if got := sums(be, 0, rows); !slices.Equal(got, want) {
		t.Errorf("sums %v, want %v", got, want)
	}
}

// TestBatchMeanCountsEveryChunk: what a chunk adds up to counts beside one that is so large
// that it cannot hold both.
func TestBatchMeanCountsEveryChunk(t *testing.T) {
	const chunk, rows, cols, most = 300, 16 * 300, 24, 1 << 30
	x := tensor.New(rows, cols)
	for i := range x.Data {
		switch row := i / cols; {
		case row == 1:
			x.Data[i] = most
		case row >= chunk:
			x.Data[i] = 1
		}
	}
	be := tensor.NewCPU(1)
	defer be.Close()
	ones, mean, rstd := tensor.New(cols), tensor.New(cols), tensor.New(cols)
	be.Fill(ones, 1)
	be.BatchNorm(tensor.New(rows, cols), mean, rstd, x, ones, ones, 1e-5, false)
	const want = (most + 15.0*chunk) / rows
	for i, v := range mean.Data {
		if v != float32(want) {
			t.Fatalf("mean of channel %d is %v, want %v", i, v, float32(want))
		}
	}
}
