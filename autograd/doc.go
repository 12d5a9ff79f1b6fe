// Package autograd differentiates: a Tape records operations as they are
// computed, and Backward walks the record from the loss to the parameters.
//
//	tape := autograd.NewTape(tensor.NewCPU(0), autograd.Train)
//	y := tape.Linear(tape.Input(x), tape.Param(w), tape.Param(b))
//	loss := tape.WeightedMSE(y, target, weights)
//	tape.Backward(loss)    // w.Grad and b.Grad now hold the gradient
//	tape.Reset()           // every buffer goes back to the backend
//
// Nothing is hidden: an operation is a method of Tape that computes its value,
// and a top-level function, registered beside it, that computes the gradients
// of its inputs from that of its output. There are no closures on the tape, but
// what Shards, Recompute and Custom are given, and, once buffers exist, no
// allocations but Custom's. Training or evaluation is a property of the tape, never a
// flag left behind on a module.
//
// Shards runs a part of the graph slice by slice over the batch, on several
// threads, with results that do not depend on how many. Recompute trades time
// for memory. Custom takes an operation that is not there.
//
// Read next: package nn, the layers built from these operations.
package autograd
