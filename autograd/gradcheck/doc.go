// Package gradcheck holds the engine against plain mathematics.
//
// The functions of the reference files are every operation of package autograd
// as a reader would write it down: float64, one loop per index of the formula,
// no tricks. They are what an operation means.
//
// Check computes a Case on a tape and compares: the float32 value with the
// float64 reference, and the float32 gradient of every input with central
// differences of the reference, whose error (about 1e-9) is far below float32.
// It repeats this in every situation a backward pass has to handle: gradients
// that start empty or hold something already, parameters, frozen inputs, kept
// gradients, recomputation.
package gradcheck
