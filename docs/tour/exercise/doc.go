// Package exercise is for the reader: one function a chapter, which returns
// ErrUnsolved until you write it. Then
//
//	go test -v ./docs/tour/exercise
//
// says what is solved, what is wrong, and what is still to do. Package solution
// holds one answer to each; look there last.
package exercise

import "errors"

// ErrUnsolved is what an exercise returns until it is solved.
var ErrUnsolved = errors.New("not solved yet")
