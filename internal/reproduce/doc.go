// Package reproduce runs the paper's experiments and sets what they give beside
// what the paper prints.
//
// A Study is one table or figure, written down as data: its methods and settings,
// in a file of its own. One runner serves them all. It divides a study in cells
// (data set, method, setting, seed), computes those that are not there yet, and
// writes tables, charts and a page. A cell is kept under a name made from
// everything that its result depends on, so that a run which was stopped goes on,
// studies share cells, and no changed setting meets an old result.
//
// Read next: study.go, then table1.go.
package reproduce
