package rsdata

// shrinker reduces pictures of H x W pixels to a square of fewer by cutting out the
// square in the middle and taking the mean over the area of each new pixel.
type shrinker struct {
	h, w, side int
	rows, cols []span
	lines      []float32 // (side, W) rows already reduced
}

// span is the pixels that one new pixel covers along a side, and how much of each.
type span struct {
	first   int
	weights []float32 // sum 1
}

// newShrinker keeps a share of the shorter side.
func newShrinker(h, w, side int, share float64) *shrinker {
	crop := float64(min(h, w)) * share
	return &shrinker{h: h, w: w, side: side, rows: spans(h, crop, side), cols: spans(w, crop, side), lines: make([]float32, side*w)}
}

// spans cuts the middle of n pixels, of which it takes crop, into parts.
func spans(n int, crop float64, parts int) []span {
	out := make([]span, parts)
	begin, width := (float64(n)-crop)/2, crop/float64(parts)
	for i := range out {
		lo, hi := begin+float64(i)*width, begin+float64(i+1)*width
		out[i].first = min(int(lo), n-1)
		for at := out[i].first; at < n && float64(at) < hi; at++ {
			covered := min(float64(at+1), hi) - max(float64(at), lo)
			out[i].weights = append(out[i].weights, float32(covered/width))
		}
	}
	return out
}

// shrink writes the reduced picture: pixel i of it to dst[i*stride].
func (s *shrinker) shrink(dst []uint8, stride int, src []uint8) {
	clear(s.lines)
	last := s.cols[s.side-1]
	from, to := s.cols[0].first, last.first+len(last.weights)
	for r, span := range s.rows {
		line := s.lines[r*s.w+from : r*s.w+to]
		for k, weight := range span.weights {
			at := (span.first + k) * s.w
			row := src[at+from : at+to]
			for c := range line {
				line[c] += float32(weight * float32(row[c]))
			}
		}
	}
	for r := range s.side {
		line := s.lines[r*s.w : (r+1)*s.w]
		for c, span := range s.cols {
			var sum float32
			for k, weight := range span.weights {
				sum += float32(weight * line[span.first+k])
			}
			dst[(r*s.side+c)*stride] = uint8(min(sum+0.5, 255))
		}
	}
}
