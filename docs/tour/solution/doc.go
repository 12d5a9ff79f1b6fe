// Package solution holds one answer to each exercise of the tour.
package solution
