package rsdata_test

import (
	"fmt"

	"diffclip/rsdata"
)

// The way of the data: a scene, a split, a scaling, windows.
func Example() {
	d := rsdata.Synthetic(rsdata.DefaultSynthetic())
	split, err := d.Split(rsdata.SplitConfig{Protocol: rsdata.Disjoint, Shots: 8, Window: 11, TrainShare: 0.5, Unlabelled: 500})
	if err != nil {
		fmt.Println(err)
		return
	}
	scaling, err := rsdata.Fit(d, rsdata.DefaultScaling())
	if err != nil {
		fmt.Println(err)
		return
	}
	w := rsdata.NewWindows(d, scaling, 11)
	windows := w.NewBuffers(len(split.Train))
	w.Gather(windows, rsdata.Pixels(nil, split.Train))
	fmt.Println(len(d.Classes), "classes,", len(split.Train), "training windows,", split.OverlapTrainTest, "test windows overlap one")
	fmt.Println(len(windows[0])/len(split.Train), "hyperspectral and", len(windows[1])/len(split.Train), "height values in a window")
	// Output:
	// 10 classes, 80 training windows, 0 test windows overlap one
	// 5808 hyperspectral and 121 height values in a window
}

// A split that cannot be made says which class is short of what.
func ExampleDataset_Split() {
	d := rsdata.Synthetic(rsdata.DefaultSynthetic())
	_, err := d.Split(rsdata.SplitConfig{Protocol: rsdata.Random, Shots: 5000, Window: 11})
	fmt.Println(err)
	// Output:
	// dataset "synthetic", protocol random: class 1 (Water) has 2999 samples to draw from, needs 5000 training + 0 validation + 1 test: ask for fewer shots, or leave out classes with few labels by ?min=5001 after the path of the data
}
