//go:build purego || !amd64

package kern

func (a *Attention) forwardStripes(*Workspace, []float32, []float32) bool { return false }

func (a *Attention) backwardStripes(*Workspace, AttentionGrad) bool { return false }
