package tour_test

import (
	"fmt"

	"diffclip/rsdata"
)

// A map that calls everything meadow, where one pixel in twenty is water.
func Example_allMeadow() {
	c := rsdata.NewConfusion(2)
	for i := range 100 {
		truth := 0
		if i < 5 {
			truth = 1
		}
		c.Add(truth, 0)
	}
	fmt.Printf("OA %.2f, AA %.2f, kappa %.2f\n", c.OA(), c.AA(), c.Kappa())
	// Output:
	// OA 0.95, AA 0.50, kappa 0.00
}

// A better map of the same scene has the lower overall accuracy.
func Example_someWater() {
	c := rsdata.Confusion{Counts: [][]int64{
		{88, 7}, // meadow: 88 right, 7 called water
		{1, 4},  // water: 1 called meadow, 4 right
	}}
	fmt.Printf("OA %.2f, AA %.2f, kappa %.2f\n", c.OA(), c.AA(), c.Kappa())
	for i, s := range c.PerClass() {
		fmt.Printf("class %d: recall %.2f, precision %.2f\n", i+1, s.Recall, s.Precision)
	}
	// Output:
	// OA 0.92, AA 0.86, kappa 0.46
	// class 1: recall 0.93, precision 0.99
	// class 2: recall 0.80, precision 0.36
}

// The same scene, split in two ways.
func Example_protocols() {
	scene := rsdata.Synthetic(rsdata.DefaultSynthetic())
	for _, protocol := range []rsdata.Protocol{rsdata.Random, rsdata.Disjoint} {
		split, err := scene.Split(rsdata.SplitConfig{Protocol: protocol, Shots: 8, Window: 11, TrainShare: 0.5})
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%s: %d windows train, %.0f %% of the test windows share pixels with one of them\n",
			protocol, len(split.Train), 100*float64(split.OverlapTrainTest)/float64(len(split.Test)))
	}
	// Output:
	// random: 80 windows train, 64 % of the test windows share pixels with one of them
	// disjoint: 80 windows train, 0 % of the test windows share pixels with one of them
}

// Five seeds, one line.
func Example_seeds() {
	oa := []float64{0.871, 0.902, 0.855, 0.889, 0.878}
	fmt.Println("OA", rsdata.Summarise(oa).Percent(), "over", len(oa), "draws of the samples")
	// Output:
	// OA 87.9 ± 1.8 over 5 draws of the samples
}
