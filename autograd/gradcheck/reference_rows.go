package gradcheck

// GatherRows is x[ids[i]] for rows of cols elements, or fill where ids[i] is
// negative.
func GatherRows(x, fill []float64, ids []int32, cols int) []float64 {
	var y []float64
	for _, id := range ids {
		if id < 0 {
			y = append(y, fill...)
		} else {
			y = append(y, x[int(id)*cols:(int(id)+1)*cols]...)
		}
	}
	return y
}

// Concat joins tensors along a dimension: each is outer blocks, of sizes[i]
// elements, that are laid side by side.
func Concat(outer int, sizes []int, xs ...[]float64) []float64 {
	var y []float64
	for o := range outer {
		for i, x := range xs {
			y = append(y, x[o*sizes[i]:(o+1)*sizes[i]]...)
		}
	}
	return y
}

// Slice takes elements [from, to) of each block of size elements.
func Slice(x []float64, size, from, to int) []float64 {
	var y []float64
	for base := 0; base < len(x); base += size {
		y = append(y, x[base+from:base+to]...)
	}
	return y
}
