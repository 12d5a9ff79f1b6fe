package kern

import "fmt"

// sameLen panics unless every slice is as long as the first; it returns that
// length.
func sameLen(op string, first []float32, rest ...[]float32) int {
	for _, r := range rest {
		if len(r) != len(first) {
			panic(fmt.Sprintf("kern: %s: lengths differ: %s", op, lengths(append([][]float32{first}, rest...))))
		}
	}
	return len(first)
}

func lengths(s [][]float32) string {
	n := make([]int, len(s))
	for i, v := range s {
		n[i] = len(v)
	}
	return fmt.Sprint(n)
}

// checkRows panics unless x holds rows x cols elements at stride ld.
func checkRows(op, name string, x []float32, ld, rows, cols int) {
	if rows < 0 || cols < 0 || ld < cols {
		panic(fmt.Sprintf("kern: %s: %s is %d x %d with stride %d", op, name, rows, cols, ld))
	}
	if rows > 0 && cols > 0 && len(x) < (rows-1)*ld+cols {
		panic(fmt.Sprintf("kern: %s: %s holds %d elements, want at least %d for %d x %d with stride %d",
			op, name, len(x), (rows-1)*ld+cols, rows, cols, ld))
	}
}

// checkLen panics unless x holds at least n elements.
func checkLen(op, name string, x []float32, n int) {
	if len(x) < n {
		panic(fmt.Sprintf("kern: %s: %s holds %d elements, want at least %d", op, name, len(x), n))
	}
}
