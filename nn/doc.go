// Package nn builds layers from the operations of package autograd: linear
// layers, normalisations, attention, the transformer block, embeddings and
// convolutions, with the initialisers and the state-dict names of PyTorch, so
// that converted weights load.
//
// A layer is made in a Scope, which names its parameters and draws their
// initial values, and is applied to a tape:
//
//	set := nn.NewSet(seed)
//	fc := nn.NewLinear(set.Root().Sub("fc"), 128, 10) // fc.weight, fc.bias
//	y := fc.Forward(tape, x)
//
// A Set's State is every value by name; WriteState and ReadState keep it in a file.
//
// Read next: package optim, which trains what is built here, then package vit.
package nn
