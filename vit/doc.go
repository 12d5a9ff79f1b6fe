// Package vit is the image side of DiffCLIP: a stem per modality that turns the
// pixels of a window into tokens, and the encoder, a vision transformer whose
// blocks all modalities share. It is Eq. (7) of the paper.
//
// A window of side w is cut into patches of p x p pixels, L = (w/p)² tokens.
// The stem reduces each pixel's bands to the width of the encoder, unless its kind
// is StemLinear, embeds each patch, adds its positional embedding, and puts a class
// token in front that carries the diffusion timestep.
//
// Read next: package diffusion, which trains the encoder without labels, and
// package clip, which ties it to language.
package vit
