// Package optim moves parameters down their gradients: Adam, AdamW and SGD in
// PyTorch's arithmetic over one flat buffer, learning-rate schedules, and
// gradient clipping.
//
// Read next: package vit, the first model made of layers.
package optim
