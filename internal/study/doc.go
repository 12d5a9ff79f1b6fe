// Package study looks into trained models, for pictures and for the explorer:
// where a token attends, what stage 1 restores at a chosen timestep and mask
// ratio, and where the features of windows lie.
//
// Everything is computed on a tape as in training. Read next: package
// internal/run, which draws it, and package internal/explorer, which serves it.
package study
