package rsdata

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"diffclip/internal/roi"
)

// houston2013 is the scene of the 2013 IEEE GRSS data fusion contest: the University of Houston campus at 2.5 m.
var houston2013 = knownScene{
	name: "Houston 2013", h: 349, w: 1905, hsiBands: 144, span: [2]float64{364, 1046},
	hsiFile: "HSI.mat (variable HSI) or 2013_IEEE_GRSS_DF_Contest_CASI.tif", lidarFile: "LiDAR.mat (variable LiDAR) or 2013_IEEE_GRSS_DF_Contest_LiDAR.tif",
	labelFile: "TRLabel.mat and TSLabel.mat, gt.mat, or 2013_IEEE_GRSS_DF_Contest_Samples_TR.txt and _VA.txt",
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

// loadRegions reads the training and test pixels as the contest gives them: text files of regions of interest whose
// names end in Samples_TR and Samples_VA.
func (a *assembly) loadRegions(inv *inventory) error {
	first, firstPath := (*roi.File)(nil), ""
	for _, path := range inv.other {
		stem := strings.ToLower(strings.TrimSuffix(filepath.Base(path), filepath.Ext(path)))
		to, ref := &a.train, &a.trainRef
		switch {
		case strings.HasSuffix(stem, "_va"):
			to, ref = &a.test, &a.testRef
		case !strings.HasSuffix(stem, "_tr"):
			continue
		}
		if ext := strings.ToLower(filepath.Ext(path)); *to != nil || ext != ".txt" && ext != ".roi" {
			continue
		}
		file, err := readRegions(path)
		if err != nil {
			return err
		}
		if file == nil {
			continue
		}
		labels, conflicts, err := file.Labels(a.size[0], a.size[1])
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		if len(file.Regions) > MaxClasses {
			return fmt.Errorf("%s: %d regions, at most %d classes are possible", path, len(file.Regions), MaxClasses)
		}
		*to, *ref = make([]uint8, len(labels)), path
		for i, l := range labels {
			(*to)[i] = uint8(l)
		}
		if conflicts > 0 {
			a.notef("%s lists %d pixels in two regions; the first one keeps them", filepath.Base(path), conflicts)
		}
		if first == nil {
			first, firstPath = file, path
			a.nameClasses(file)
		} else if i, j := otherOrder(file, first); i >= 0 {
			return fmt.Errorf("%s: region %d is called %q, which is region %d of %s: list the regions of both in one order", path, i+1, file.Regions[i].Name, j+1, firstPath)
		}
	}
	return nil
}

// otherOrder finds a region of one file that is another one of the other by its name, -1 where there is none.
func otherOrder(a, b *roi.File) (i, j int) {
	called := func(name string) func(roi.Region) bool {
		return func(r roi.Region) bool { return r.Name != "" && sameWords(r.Name, name) }
	}
	for i, r := range a.Regions {
		if j := slices.IndexFunc(b.Regions, called(r.Name)); j >= 0 && j != i && !(i < len(b.Regions) && called(r.Name)(b.Regions[i])) {
			return i, j
		}
	}
	return -1, -1
}

// readRegions returns nil for a binary .roi file, whose text twin is read instead.
func readRegions(path string) (*roi.File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	head := make([]byte, 64)
	n, _ := f.ReadAt(head, 0)
	if strings.ContainsRune(string(head[:n]), 0) {
		return nil, nil
	}
	return roi.Read(f, path)
}

// nameClasses takes the regions' names for the classes.
func (a *assembly) nameClasses(file *roi.File) {
	if a.classes != nil {
		return
	}
	a.classes = unnamedClasses(len(file.Regions))
	for i, r := range file.Regions {
		if r.Name != "" {
			a.classes[i].Name = r.Name
		}
		if r.HasColor {
			a.classes[i].Color = rgb(r.R, r.G, r.B)
		}
	}
}
