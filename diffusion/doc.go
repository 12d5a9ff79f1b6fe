// Package diffusion is stage 1 of DiffCLIP, unsupervised mask diffusion: most
// patches of a window are masked, the visible ones are noised, and the shared
// encoder with one light decoder per modality restores the window.
//
// Schedule holds the noise of Eq. (1)-(5), Corruptor masks and noises a batch,
// Model restores it and gives the loss of Eq. (6) and (9), and Sample runs the
// reverse process from noise, or from a masked window, to a clean one. A Trained is
// a model in a file, for Open.
//
// Read next: package clip, stage 2.
package diffusion
