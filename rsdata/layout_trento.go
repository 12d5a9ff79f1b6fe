package rsdata

// trento is a rural area south of the city of Trento, Italy, at 1 m.
var trento = knownScene{
	name: "Trento", h: 166, w: 600, hsiBands: 63, span: [2]float64{402.89, 989.09},
	hsiFile: "HSI.mat (variable HSI), Italy_hsi.mat (variable data) or HSI_Trento.mat", lidarFile: "LiDAR.mat, Italy_lidar.mat or Lidar1_Trento.mat",
	labelFile: "TRLabel.mat and TSLabel.mat, allgrd.mat or GT_Trento.mat",
	classes: []Class{
		{"Apple trees", rgb(65, 105, 225)}, {"Buildings", rgb(173, 216, 230)}, {"Ground", rgb(50, 205, 50)},
		{"Woods", rgb(255, 255, 0)}, {"Vineyard", rgb(255, 0, 0)}, {"Roads", rgb(165, 42, 42)},
	},
	train: []int{129, 125, 105, 154, 184, 122},
	test:  []int{3905, 2778, 374, 8969, 10317, 3052},
}
