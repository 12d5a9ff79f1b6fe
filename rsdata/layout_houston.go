package rsdata

// houston2013 is the scene of the 2013 IEEE GRSS data fusion contest: the University of Houston campus at 2.5 m.
var houston2013 = knownScene{
	name: "Houston 2013", h: 349, w: 1905, hsiBands: 144, span: [2]float64{364, 1046},
	hsiFile: "HSI.mat (variable HSI) or 2013_IEEE_GRSS_DF_Contest_CASI.tif", lidarFile: "LiDAR.mat (variable LiDAR) or 2013_IEEE_GRSS_DF_Contest_LiDAR.tif",
	labelFile: "TRLabel.mat and TSLabel.mat, gt.mat, or 2013_IEEE_GRSS_DF_Contest_Samples_TR.txt and _VA.txt", modalities: [2]string{"hsi", "lidar"},
	classes: []Class{
		{"Healthy grass", rgb(34, 139, 34)}, {"Stressed grass", rgb(50, 205, 50)}, {"Synthetic grass", rgb(0, 100, 0)},
		{"Trees", rgb(0, 128, 0)}, {"Soil", rgb(205, 92, 92)}, {"Water", rgb(65, 105, 225)}, {"Residential", rgb(255, 239, 213)},
		{"Commercial", rgb(255, 192, 203)}, {"Road", rgb(255, 0, 0)}, {"Highway", rgb(255, 69, 0)}, {"Railway", rgb(95, 158, 160)},
		{"Parking lot 1", rgb(255, 255, 0)}, {"Parking lot 2", rgb(255, 140, 0)}, {"Tennis court", rgb(139, 0, 139)},
		{"Running track", rgb(0, 255, 255)},
	},
	train: []int{198, 190, 192, 188, 186, 182, 196, 191, 193, 191, 181, 192, 184, 181, 187},
	test:  []int{1053, 1064, 505, 1056, 1056, 143, 1072, 1053, 1059, 1036, 1054, 1041, 285, 247, 473},
}
