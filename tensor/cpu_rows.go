package tensor

import "diffclip/internal/kern"

type gatherJob struct {
	dst, x, fill []float32
	ids          []int32
	cols         int
}

func (j *gatherJob) run(_ *worker, lo, hi int) {
	c := j.cols
	for i := lo; i < hi; i++ {
		if id := int(j.ids[i]); id >= 0 {
			copy(j.dst[i*c:(i+1)*c], j.x[id*c:(id+1)*c])
		} else {
			copy(j.dst[i*c:(i+1)*c], j.fill)
		}
	}
}

// GatherRows is dst[i] = x[ids[i]], or fill where ids[i] is negative.
func (b *CPU) GatherRows(dst, x, fill *Tensor, ids Index) {
	checks.GatherRows(dst, x, fill, ids)
	list := ids.host("GatherRows")
	b.jobs.gather = gatherJob{dst.Data, x.Data, data(fill), list, x.Cols()}
	b.do(len(list), 1024, &b.jobs.gather)
}

// ScatterAddRows is dx[ids[i]] += dy[i], in the order of i.
func (b *CPU) ScatterAddRows(dx, dfill, dy *Tensor, ids Index) {
	checks.ScatterAddRows(dx, dfill, dy, ids)
	c := dy.Cols()
	for i, id := range ids.host("ScatterAddRows") {
		switch row := dy.Data[i*c : (i+1)*c]; {
		case id < 0 && dfill != nil:
			kern.Add(dfill.Data, dfill.Data, row)
		case id >= 0 && dx != nil:
			out := dx.Data[int(id)*c : (int(id)+1)*c]
			kern.Add(out, out, row)
		}
	}
}
