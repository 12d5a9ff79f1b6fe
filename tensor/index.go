package tensor

// Index says which rows: a list in memory of Go, or one that a device drew and has.
type Index struct {
	IDs   []int32
	Drawn *Drawn // in place of IDs
}

// IDs is the index of a list in memory of Go.
func IDs(ids []int32) Index { return Index{IDs: ids} }

// None reports whether there is no list, not even one of length 0.
func (x Index) None() bool { return x.IDs == nil && x.Drawn == nil }

// Len returns the length of the list.
func (x Index) Len() int {
	if x.Drawn != nil {
		return x.Drawn.Len
	}
	return len(x.IDs)
}

// Part returns the part [lo, hi) of a list. One that a device drew stays whole.
func (x Index) Part(lo, hi int) Index {
	if x.Drawn == nil {
		return IDs(x.IDs[lo:hi])
	}
	check(lo == 0 && hi == x.Drawn.Len, "Index", "a list that a device drew is not cut")
	return x
}

// host returns a list for a backend that draws none.
func (x Index) host(op string) []int32 {
	check(x.Drawn == nil, op, "the list lies on a device")
	return x.IDs
}

// Drawn is a list of rows on the device that drew it, for samples of which each
// names a row once at most. Any number of samples may name each of the first Shared
// rows, and one sample alone each of the others.
type Drawn struct {
	Len, Rows, Shared, Samples int

	// Words are int32 in the place of float32: the list, and after it, for every row,
	// where in the list it is named: for each of the shared rows in every sample in
	// turn, for the others once; -1 for nowhere.
	Words Tensor
}

// words returns how many Words there are.
func (d *Drawn) words() int { return d.Len + d.Shared*d.Samples + d.Rows - d.Shared }
