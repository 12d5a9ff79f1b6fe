// Command architecture writes docs/architecture/packages.svg, the picture of the
// packages and their imports, and the list of packages in docs/architecture.md.
package main

//go:generate go run .
