// Package tour holds the examples of the guided tour: thirteen chapters, beside
// these files, for someone who knows Go and no deep learning. Start with
// 00-scalar-autograd.md. Each example is run by go test, and a test holds every
// listing, output, reference and command of the chapters against the code.
package tour
