//go:build purego || !(amd64 || arm64)

package kern

func detect() []Tier { return nil }
