//go:build purego || !(amd64 || arm64)

package kern

func runPanel(_ Tier, _ int, p panel) { genericPanel(&p) }

func runPeak(_ Tier, n int) (flops int) { return peakGeneric(n) }

func yardstickTile(Tier) (rows, cols int) { return yardstickRows, yardstickCols }

func runYardstick(_ Tier, c, a, b []float32, tiles int) { yardstickGeneric(c, a, b, tiles) }
