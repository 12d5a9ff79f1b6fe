package cuda

import (
	"slices"
	"testing"

	"diffclip/tensor"
)

// TestArgumentsOfManyOperations gives more indices than there is room for, in the
// middle of operations and without a wait between them: each operation gets its own.
func TestArgumentsOfManyOperations(t *testing.T) {
	b := open(t, Options{}, "async")
	const rows = 1000
	x := tensor.New(rows, 1)
	for i := range x.Data {
		x.Data[i] = float32(i)
	}
	b.Place(x)
	memory := 0
	for round := range 4 {
		var all []*tensor.Tensor
		for n := 100000; n < 700000; n += 100000 { // 4 MB in two pieces, then 8
			ids := make([]int32, n)
			for i := range ids {
				ids[i] = int32((i + n/100000) % rows)
			}
			y := b.Get(tensor.Of(n, 1))
			b.GatherRows(y, x, nil, tensor.IDs(ids))
			clear(ids)
			all = append(all, y)
		}
		for k, y := range all {
			got := y.Host()
			if !slices.Equal(got[:3], []float32{float32(k + 1), float32(k + 2), float32(k + 3)}) {
				t.Errorf("round %d, operation %d gathered %v", round, k, got[:3])
			}
			b.Put(y)
		}
		if round == 1 {
			memory = b.MemoryInUse()
		}
	}
	if len(b.args.old) > 0 || b.MemoryInUse() != memory {
		t.Errorf("%d old rooms are kept, %d bytes in use after four rounds, %d after two", len(b.args.old), b.MemoryInUse(), memory)
	}
}
