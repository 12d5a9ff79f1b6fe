package cuda

import "diffclip/tensor"

// GatherRows is dst[i] = x[ids[i]], or fill where ids[i] is negative.
func (b *Backend) GatherRows(dst, x, fill *tensor.Tensor, ids tensor.Index) {
	checks.GatherRows(dst, x, fill, ids)
	if buffer, _ := x.Buffer(); buffer == nil && ids.Drawn == nil {
		b.gatherHost(dst, x, fill, ids.IDs)
	} else {
		b.k.GatherRows(b.out(dst), b.in(x), b.in(fill), b.index(ids), ids.Len(), dst.Cols())
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
func (b *Backend) ScatterAddRows(dx, dfill, dy *tensor.Tensor, ids tensor.Index) {
	checks.ScatterAddRows(dx, dfill, dy, ids)
	if n, cols := ids.Len(), dy.Cols(); n > 0 {
		if dfill != nil {
			b.k.SumUnset(b.out(dfill), b.in(dy), b.index(ids), n, cols)
		}
		if d := ids.Drawn; dx != nil && d != nil {
			b.k.ScatterAddDrawn(b.out(dx), b.in(dy), b.in(&d.Words).At(d.Len), d.Rows, cols, d.Shared, d.Samples)
		} else if dx != nil {
			b.lists = b.lists.Sort(ids.IDs, dx.Rows())
			b.k.ScatterAddRows(b.out(dx), b.in(dy), b.words(b.lists), dx.Rows(), cols)
		}
	}
	b.done()
}
