// Package kern holds the compute kernels of the CPU backend: matrix products
// and the row and element-wise functions of a transformer, on float32 slices.
//
// Every kernel is a plain Go function whose doc comment gives the equivalent
// loop. Behind it stand up to four implementations (see Tier): one in Go, and
// assembly for SSE, AVX2, AVX-512 and NEON that a small generator in ./gen writes.
// The tier is chosen once, when the program starts; DIFFCLIP_CPU overrides it,
// and the build tag purego leaves all assembly out.
//
// Kernels run on the calling goroutine, allocate nothing and give the same bits
// for the same input on the same tier. They check lengths and panic on a
// mistake, since a wrong length here is a wrong program.
//
// Read next: package tensor, whose CPU backend spreads these kernels over threads.
package kern
