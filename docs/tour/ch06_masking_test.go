package tour_test

import (
	"fmt"
	"slices"

	"diffclip/diffusion"
	"diffclip/vit"
)

// smallStage1 is stage 1 for one modality of a single band.
func smallStage1() diffusion.Config {
	return diffusion.Default(vit.Default(vit.Modality{Name: "height", Bands: 1}))
}

// What the model sees of a window: # is visible, a point is masked.
func Example_mask() {
	cfg := smallStage1()
	corruptor := diffusion.NewCorruptor(cfg, 1)
	batch := corruptor.NewCorrupted(1)
	corruptor.Fill(batch, [][]float32{make([]float32, 121)}, 0)

	keep := batch.Inputs[0].Keep
	fmt.Println(len(keep), "of", cfg.Encoder.Tokens(), "patches are visible")
	for row := range int32(11) {
		for col := range int32(11) {
			if slices.Contains(keep, row*11+col) {
				fmt.Print("#")
			} else {
				fmt.Print(".")
			}
		}
		fmt.Println()
	}
	// Output:
	// 36 of 121 patches are visible
	// .#.#.#.#...
	// .#.#...#.##
	// #......#...
	// ..##.##....
	// #.#....#...
	// #.#...###..
	// ..........#
	// .#..#....#.
	// ...#..#....
	// ...#.#..#..
	// ..##....#.#
}

// Every sample and every step has a mask of its own, and the same one each time.
func Example_masksDiffer() {
	corruptor := diffusion.NewCorruptor(smallStage1(), 1)
	batch := corruptor.NewCorrupted(2)
	windows := [][]float32{make([]float32, 2*121)}
	for _, step := range []uint64{0, 1, 0} {
		corruptor.Fill(batch, windows, step)
		keep := batch.Inputs[0].Keep
		fmt.Println("step", step, "first sample", keep[:4], "second sample", keep[36:40])
	}
	// Output:
	// step 0 first sample [38 120 7 36] second sample [2 72 34 3]
	// step 1 first sample [43 54 38 93] second sample [43 26 24 111]
	// step 0 first sample [38 120 7 36] second sample [2 72 34 3]
}

// The encoder's work, by the length of what it reads.
func Example_savings() {
	cfg := smallStage1()
	visible, all := 1+cfg.Keep(), 1+cfg.Encoder.Tokens()
	fmt.Printf("tokens: %d of %d\n", visible, all)
	fmt.Printf("pairs in attention: %d of %d, %.0f %%\n", visible*visible, all*all, 100*float64(visible*visible)/float64(all*all))
	// Output:
	// tokens: 37 of 122
	// pairs in attention: 1369 of 14884, 9 %
}
