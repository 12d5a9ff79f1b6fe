package cuda

import (
	"math"

	"diffclip/tensor"
)

// GatherRows is dst[i] = x[ids[i]], or fill where ids[i] is negative.
func (b *Backend) GatherRows(dst, x, fill *tensor.Tensor, ids []int32) {
	checks.GatherRows("GatherRows", dst, x, fill, ids)
	if buffer, _ := x.Buffer(); buffer == nil {
		b.gatherHost(dst, x, fill, ids)
	} else {
		b.k.GatherRows(b.out(dst), b.in(x), b.in(fill), b.ints(ids), len(ids), dst.Cols())
	}
	b.done()
}

// gatherHost gathers rows of a table in memory of Go: only they are copied, and
// not the table.
func (b *Backend) gatherHost(dst, x, fill *tensor.Tensor, ids []int32) {
	cols := dst.Cols()
	var host []float32
	if fill != nil {
		host = fill.Host()
	}
	b.rows = b.rows[:0]
	for _, id := range ids {
		if id < 0 {
			b.rows = append(b.rows, host...)
		} else {
			b.rows = append(b.rows, x.Data[int(id)*cols:(int(id)+1)*cols]...)
		}
	}
	dst.Write(b.rows)
}

// ScatterAddRows is dx[ids[i]] += dy[i], in the order of i.
func (b *Backend) ScatterAddRows(dx, dfill, dy *tensor.Tensor, ids []int32) {
	n, cols, rows := len(ids), dy.Cols(), 0
	if dx != nil {
		rows = dx.Rows()
	}
	if n > 0 {
		scatter := b.k.ScatterAddRows
		if b.occurOnce(ids, rows) {
			scatter = b.k.ScatterAddRowsOnce
		}
		scatter(b.out(dx), b.out(dfill), b.in(dy), b.ints(ids), n, rows, cols)
	}
	b.done()
}

// occurOnce reports whether no id but negative ones occurs twice among so many rows.
func (b *Backend) occurOnce(ids []int32, rows int) bool {
	if len(b.seen) < rows {
		b.seen = make([]uint32, rows)
		b.turn = 0
	}
	if b.turn == math.MaxUint32 {
		clear(b.seen)
		b.turn = 0
	}
	b.turn++
	for _, id := range ids {
		if id < 0 || int(id) >= rows {
			continue
		}
		if b.seen[id] == b.turn {
			return false
		}
		b.seen[id] = b.turn
	}
	return true
}
