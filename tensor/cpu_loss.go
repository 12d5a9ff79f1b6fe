package tensor

import "diffclip/internal/kern"

// CrossEntropy is the mean over rows of -log softmax(logits)[target].
func (b *CPU) CrossEntropy(loss, probs, logits *Tensor, targets []int32) {
	rows, c := logits.Rows(), logits.Cols()
	checks.CrossEntropy(loss, probs, logits, targets)
	lse := b.work[0].floats(rows)
	kern.SoftmaxRows(probs.Data, c, logits.Data, c, rows, c, 1, lse)
	var sum float64
	for r, t := range targets {
		sum += float64(lse[r]) - float64(logits.Data[r*c+int(t)])
	}
	loss.Data[0] = float32(sum / float64(rows))
}

// CrossEntropyBackward is dlogits (+)= dloss/rows·(probs - onehot).
func (b *CPU) CrossEntropyBackward(dlogits, dloss, probs *Tensor, targets []int32, acc bool) {
	rows, c := probs.Rows(), probs.Cols()
	checks.CrossEntropyBackward(dlogits, dloss, probs, targets)
	g := dloss.Data[0] / float32(rows)
	if !acc {
		clear(dlogits.Data)
	}
	kern.Axpy(g, probs.Data, dlogits.Data)
	for r, t := range targets {
		dlogits.Data[r*c+int(t)] -= g
	}
}

// SoftCrossEntropy is the mean over rows of -Σ targets·log softmax(logits).
func (b *CPU) SoftCrossEntropy(loss, probs, logits, targets *Tensor) {
	rows, c := logits.Rows(), logits.Cols()
	checks.SoftCrossEntropy(loss, probs, logits, targets)
	lse := b.work[0].floats(rows)
	kern.SoftmaxRows(probs.Data, c, logits.Data, c, rows, c, 1, lse)
	var sum float64
	for r := range rows {
		for i, t := range targets.Data[r*c : (r+1)*c] {
			sum += float64(t) * (float64(lse[r]) - float64(logits.Data[r*c+i]))
		}
	}
	loss.Data[0] = float32(sum / float64(rows))
}

// SoftCrossEntropyBackward is dlogits (+)= dloss/rows·(probs·Σtargets - targets).
func (b *CPU) SoftCrossEntropyBackward(dlogits, dloss, probs, targets *Tensor, acc bool) {
	rows, c := probs.Rows(), probs.Cols()
	checks.SoftCrossEntropyBackward(dlogits, dloss, probs, targets)
	g := dloss.Data[0] / float32(rows)
	if !acc {
		clear(dlogits.Data)
	}
	for r := range rows {
		t := targets.Data[r*c : (r+1)*c]
		out := dlogits.Data[r*c : (r+1)*c]
		kern.Axpy(g*kern.Sum(t), probs.Data[r*c:(r+1)*c], out)
		kern.Axpy(-g, t, out)
	}
}

// WeightedMSE is Σ_r w[r]·mean_c (x-target)².
func (b *CPU) WeightedMSE(loss, x, target, w *Tensor) {
	checks.WeightedMSE(loss, x, target, w)
	c := x.Cols()
	diff := b.work[0].floats(c)
	var sum float64
	for r, wr := range w.Data {
		if wr == 0 {
			continue
		}
		kern.Sub(diff, x.Data[r*c:(r+1)*c], target.Data[r*c:(r+1)*c])
		sum += float64(wr) * float64(kern.SumSq(diff))
	}
	loss.Data[0] = float32(sum / float64(c))
}

// WeightedMSEBackward is dx (+)= dloss·2·w[r]/C·(x-target).
func (b *CPU) WeightedMSEBackward(dx, dloss, x, target, w *Tensor, acc bool) {
	checks.WeightedMSEBackward(dx, dloss, x, target, w)
	c := x.Cols()
	for r, wr := range w.Data {
		k := float32(float64(dloss.Data[0]) * 2 * float64(wr) / float64(c))
		out := dx.Data[r*c : (r+1)*c]
		if !acc {
			kern.ScaleAdd(out, x.Data[r*c:(r+1)*c], k, target.Data[r*c:(r+1)*c], -k)
			continue
		}
		kern.Axpy(k, x.Data[r*c:(r+1)*c], out)
		kern.Axpy(-k, target.Data[r*c:(r+1)*c], out)
	}
}
