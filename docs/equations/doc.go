// Command equations writes docs/equations.md: every numbered equation of the
// paper, the functions that compute it and the tests that hold it.
//
// A function claims an equation by a comment that names it, as in "Eq. (9)", in
// its doc comment or its body. Tests are named in the table of equations.
package main

//go:generate go run .
