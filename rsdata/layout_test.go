package rsdata

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"diffclip/internal/numeric"
	"diffclip/internal/tiff"
)

func TestOpenRecognisesLayouts(t *testing.T) {
	type file struct {
		name string
		vars []matVar
	}
	square := func(name string, h, w int) matVar {
		v := matRaster(name, h, w, 1)
		v.shape = v.shape[:2]
		return v
	}
	for _, c := range []struct {
		name       string
		files      []file
		dataset    string
		modalities string
		classes    int
		official   bool
	}{
		{"Houston, commonest", []file{
			{"HSI.mat", []matVar{matRaster("HSI", 349, 1905, 144)}}, {"LiDAR.mat", []matVar{square("LiDAR", 349, 1905)}},
			{"TRLabel.mat", []matVar{matLabels("TRLabel", 349, 1905, 15, 4)}}, {"TSLabel.mat", []matVar{matLabels("TSLabel", 349, 1905, 15, 9)}},
			{"gt.mat", []matVar{matLabels("gt", 349, 1905, 15, 9)}}}, "Houston 2013", "hsi lidar", 15, true},
		{"Houston, masks", []file{
			{"HSI.mat", []matVar{matRaster("HSI", 50, 190, 10)}}, {"DSM.mat", []matVar{square("DSM", 50, 190)}},
			{"TR.mat", []matVar{matLabels("TR", 50, 190, 15, 4)}}, {"TE.mat", []matVar{matLabels("TE", 50, 190, 15, 9)}},
			{"mask_TR.mat", []matVar{matLabels("mask_TR", 50, 190, 1, 60)}}, {"mask_TE.mat", []matVar{matLabels("mask_TE", 50, 190, 1, 99)}}},
			"paddy", "hsi lidar", 15, true},
		{"Houston, one file", []file{
			{"Houston.mat", []matVar{matRaster("HSI", 50, 190, 10), matLabels("trainlabels", 50, 190, 15, 4), matLabels("testlabels", 50, 190, 15, 9)}},
			{"LiDAR_MP.mat", []matVar{matRaster("LiDAR_MP", 50, 190, 12)}}}, "paddy", "hsi lidar", 15, true},
		{"Houston, img", []file{
			{"Houston.mat", []matVar{matRaster("img", 50, 190, 12)}},
			{"train_test_gt_1.mat", []matVar{matLabels("train_data", 50, 190, 15, 4), matLabels("test_data", 50, 190, 15, 9)}}},
			"paddy", "hsi", 15, true},
		{"Trento, data", []file{
			{"Italy_hsi.mat", []matVar{matRaster("data", 166, 600, 63)}}, {"Italy_lidar.mat", []matVar{matRaster("data", 166, 600, 2)}},
			{"allgrd.mat", []matVar{matLabels("mask_test", 166, 600, 6, 50)}}}, "Trento", "hsi lidar", 6, false},
		{"Trento, names", []file{
			{"HSI_Trento.mat", []matVar{matRaster("hsi_trento", 166, 600, 63)}}, {"Lidar1_Trento.mat", []matVar{square("lidar1_trento", 166, 600)}},
			{"GT_Trento.mat", []matVar{matLabels("gt_trento", 166, 600, 6, 50)}}}, "Trento", "hsi lidar", 6, false},
		{"MUUFL, as published", []file{{"muufl_gulfport_campus_1_hsi_220_label.mat", []matVar{{name: "hsi", shape: []int{1, 1}, fields: []matVar{
			{name: "Data", shape: []int{325, 220, 64}, values: matRaster("", 325, 220, 64).values},
			{name: "Lidar", shape: []int{1, 1}, fields: []matVar{{name: "z", shape: []int{325, 220, 2}, values: matRaster("", 325, 220, 2).values}}},
			{name: "sceneLabels", shape: []int{1, 1}, fields: []matVar{{name: "labels", shape: []int{325, 220}, values: minusOne(matLabels("", 325, 220, 11, 30).values.([]float64))}}},
			{name: "info", shape: []int{1, 1}, fields: []matVar{{name: "wavelength", shape: []int{1, 64}, values: make([]float64, 64)}}},
		}}}}}, "MUUFL Gulfport", "hsi lidar", 11, false},
		{"MUUFL, three files", []file{
			{"hsi.mat", []matVar{matRaster("HSI", 325, 220, 64)}}, {"lidar.mat", []matVar{matRaster("lidar", 325, 220, 2)}},
			{"train_test_gt.mat", []matVar{matLabels("trainlabels", 325, 220, 11, 5), matLabels("testlabels", 325, 220, 11, 9)}}},
			"MUUFL Gulfport", "hsi lidar", 11, true},
		{"MUUFL, a mask", []file{
			{"HSI.mat", []matVar{matRaster("HSI", 325, 220, 64)}}, {"LiDAR.mat", []matVar{matRaster("LiDAR", 325, 220, 2)}},
			{"gt.mat", []matVar{matLabels("gt", 325, 220, 11, 30)}}, {"mask_train_150.mat", []matVar{matLabels("mask_train", 325, 220, 1, 110)}}},
			"MUUFL Gulfport", "hsi lidar", 11, true},
		{"MUUFL, data", []file{
			{"hsi_data.mat", []matVar{matRaster("hsi_data", 325, 220, 64)}}, {"lidar_data.mat", []matVar{matRaster("lidar_data", 325, 220, 2)}},
			{"labels.mat", []matVar{matLabels("labels", 325, 220, 11, 30)}}}, "MUUFL Gulfport", "hsi lidar", 11, false},
		{"Pavia University", []file{
			{"PaviaU.mat", []matVar{matRaster("paviaU", 610, 340, 103)}}, {"PaviaU_gt.mat", []matVar{matLabels("paviaU_gt", 610, 340, 9, 9)}}},
			"Pavia University", "hsi", 9, false},
		{"Salinas", []file{
			{"Salinas_corrected.mat", []matVar{matRaster("salinas_corrected", 512, 217, 204)}}, {"Salinas_gt.mat", []matVar{matLabels("salinas_gt", 512, 217, 16, 9)}}},
			"Salinas", "hsi", 16, false},
		{"Salinas, also with its water bands", []file{
			{"Salinas.mat", []matVar{{name: "salinas", shape: []int{512, 217, 10}, values: make([]uint8, 512*217*10)}}},
			{"Salinas_corrected.mat", []matVar{matRaster("salinas_corrected", 512, 217, 204)}}, {"Salinas_gt.mat", []matVar{matLabels("salinas_gt", 512, 217, 16, 9)}}},
			"Salinas", "hsi", 16, false},
		{"Augsburg", []file{
			{"data_HS_LR.mat", []matVar{matRaster("data_HS_LR", 30, 20, 18)}}, {"data_DSM.mat", []matVar{square("data_DSM", 30, 20)}},
			{"TrainImage.mat", []matVar{matLabels("TrainImage", 30, 20, 7, 5)}}, {"TestImage.mat", []matVar{matLabels("TestImage", 30, 20, 7, 9)}}},
			"paddy", "hsi lidar", 7, true},
		{"radar", []file{
			{"data_HS_LR.mat", []matVar{matRaster("data_HS_LR", 30, 20, 18)}}, {"data_SAR_HR.mat", []matVar{matRaster("data_SAR_HR", 30, 20, 4)}},
			{"gt.mat", []matVar{matLabels("gt", 30, 20, 4, 9)}}}, "paddy", "hsi image", 4, false},
		{"all in one file, called as its labels are", []file{{"field_gt.mat", []matVar{matRaster("X", 30, 20, 16), matLabels("y", 30, 20, 4, 9)}}}, "paddy", "hsi", 4, false},
		{"drone", []file{{"ortho.mat", []matVar{matRaster("ortho", 30, 20, 5)}}, {"gt.mat", []matVar{matLabels("gt", 30, 20, 4, 9)}}}, "paddy", "image", 4, false},
		{"drone, with heights", []file{{"ortho.mat", []matVar{matRaster("ortho", 30, 20, 5)}}, {"dsm.mat", []matVar{square("dsm", 30, 20)}},
			{"gt.mat", []matVar{matLabels("gt", 30, 20, 4, 9)}}}, "paddy", "image lidar", 4, false},
		{"spectra, heights and radar", []file{{"hsi.mat", []matVar{matRaster("hsi", 30, 20, 18)}}, {"dsm.mat", []matVar{square("dsm", 30, 20)}},
			{"radar.mat", []matVar{matRaster("radar", 30, 20, 4)}}, {"gt.mat", []matVar{matLabels("gt", 30, 20, 4, 9)}}}, "paddy", "hsi image lidar", 4, false},
		{"quick looks beside spectra", []file{
			{"L2A-QL_QUALITY-2.mat", []matVar{matRaster("a", 30, 20, 40)}}, {"L2A-QL_VNIR.mat", []matVar{matRaster("a", 30, 20, 3)}},
			{"L2A-SPECTRAL_IMAGE.mat", []matVar{matRaster("a", 30, 20, 18)}}, {"L2A_preview.mat", []matVar{matRaster("a", 30, 20, 3)}},
			{"gt.mat", []matVar{matLabels("gt", 30, 20, 4, 9)}}}, "paddy", "hsi", 4, false},
		{"angles beside spectra", []file{{"f_img.mat", []matVar{matRaster("a", 30, 20, 40)}}, {"f_angles.mat", []matVar{{name: "a", shape: []int{30, 20, 11}, values: make([]uint8, 6600)}}},
			{"gt.mat", []matVar{matLabels("gt", 30, 20, 4, 9)}}}, "paddy", "hsi", 4, false},
		{"single scene", []file{
			{"paddy.mat", []matVar{matRaster("cube", 30, 20, 16)}}, {"paddy_gt.mat", []matVar{matLabels("paddy_gt", 30, 20, 4, 9)}}},
			"paddy", "hsi", 4, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "paddy")
			for _, f := range c.files {
				writeMat(t, filepath.Join(dir, f.name), f.vars...)
			}
			d, err := Open(dir)
			if err != nil {
				t.Fatal(err)
			}
			if d.Name != c.dataset || strings.Join(names(d), " ") != c.modalities || len(d.Classes) != c.classes {
				t.Errorf("%q with %v and %d classes, want %q with %s and %d\nnotes: %v", d.Name, names(d), len(d.Classes), c.dataset, c.modalities, c.classes, d.Notes)
			}
			s := d.Scenes[0]
			if (s.Train != nil) != c.official || s.Labels == nil {
				t.Errorf("training map %v, labels %v", s.Train != nil, s.Labels != nil)
			}
			if got, want := s.Rasters[0].At(2, 1, 3), float64(2*7+1*3+3*31); got != want {
				t.Errorf("value at row 2, column 1, band 3: %v, want %v", got, want)
			}
			for k, n := range d.Counts() {
				if n == 0 {
					t.Errorf("class %d has no sample", k+1)
				}
			}
			if c.official && slices.Max(s.Train) != uint8(c.classes) {
				t.Errorf("the training map goes up to %d", slices.Max(s.Train))
			}
		})
	}
}

// An array of (bands, H, W) whose sides are equal can be told by that alone.
func TestOpenBandsFirst(t *testing.T) {
	for _, c := range []struct {
		shape []int
		want  bool
	}{{[]int{12, 8, 8}, true}, {[]int{12, 8, 9}, false}, {[]int{8, 8, 12}, false}} {
		path := filepath.Join(t.TempDir(), "a.mat")
		writeMat(t, path, matRaster("HSI", c.shape[0], c.shape[1], c.shape[2]))
		d, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(strings.Join(d.Notes, ""), "numpy.moveaxis(a, 0, -1)"); got != c.want {
			t.Errorf("%v: notes %q", c.shape, d.Notes)
		}
	}
}

// Labels with a band for each class are no input, whatever their number.
func TestOpenBandedLabels(t *testing.T) {
	dir := t.TempDir()
	writeMat(t, filepath.Join(dir, "a.mat"), matRaster("GT", 8, 7, 12), matRaster("HSI", 8, 7, 16), matVar{name: "labels", shape: []int{56, 1}, values: make([]uint8, 56)})
	d, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	notes := strings.Join(d.Notes, "\n")
	if len(d.Modalities) != 1 || d.Modalities[0].Bands != 16 || d.Scenes[0].Labels != nil || !strings.Contains(notes, "a.mat:GT (uint8, 8 x 7 x 12)") || !strings.Contains(notes, "a.mat:labels (uint8, 56 x 1)") {
		t.Errorf("%+v\n%s", d.Modalities, notes)
	}
	draft, said, err := Draft(dir)
	if err != nil || len(draft.Scenes[0].Modalities) != 1 || !strings.Contains(strings.Join(said, "\n"), "GT (uint8, 8 x 7 x 12)") {
		t.Errorf("%+v, %v, %v", draft, said, err)
	}
}

// minusOne makes the unlabelled pixels -1, as MUUFL has them.
func minusOne(v []float64) []float64 {
	for i := range v {
		if v[i] == 0 {
			v[i] = -1
		}
	}
	return v
}

func TestOpenOneVariable(t *testing.T) {
	path := filepath.Join(t.TempDir(), "two.mat")
	writeMat(t, path, matRaster("a", 8, 9, 5), matRaster("b", 8, 9, 6))
	d, err := Open(path + ":b")
	if err != nil {
		t.Fatal(err)
	}
	if d.Modalities[0].Bands != 6 || d.Missing == nil {
		t.Errorf("%d bands, missing %v", d.Modalities[0].Bands, d.Missing)
	}
}

func TestOpenDescription(t *testing.T) {
	dir := t.TempDir()
	writeMat(t, filepath.Join(dir, "big.mat"), matRaster("x", 20, 30, 5), matLabels("y", 20, 30, 2, 300))
	writeMat(t, filepath.Join(dir, "small.mat"), matRaster("z", 8, 9, 12))
	writeFile(t, filepath.Join(dir, "scene.json"), []byte("\ufeff"+`{
		"name": "corner", "classes": [{"name": "barley", "color": "#10ff20"}, {"name": "beet"}],
		"scenes": [{"modalities": [
			{"name": "swir", "file": "small.mat", "nodata": 7},
			{"name": "vnir", "file": "big.mat:x", "origin": [10, 20], "wavelengths": [0.4, 0.5, 0.6, 0.7, 0.8]}],
		  "train": {"file": "big.mat:y", "origin": [10, 20]}, "test": {"file": "big.mat:y", "origin": [10, 20]}}]}`))
	for _, path := range []string{dir, filepath.Join(dir, "scene.json")} {
		d, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		s := d.Scenes[0]
		if d.Name != "corner" || s.H != 8 || s.W != 9 || strings.Join(names(d), " ") != "swir vnir" {
			t.Fatalf("%q, %d x %d, %v", d.Name, s.H, s.W, names(d))
		}
		if got, want := s.Rasters[1].At(1, 2, 3), float64(uint8(11*7+22*3+3*31)); got != want {
			t.Errorf("cropped value %v, want %v", got, want)
		}
		if got, want := s.Labels[1*9+2], uint8((11*30+22)%2+1); got != want {
			t.Errorf("cropped label %d, want %d", got, want)
		}
		if d.Classes[0].Color != rgb(0x10, 0xff, 0x20) || *s.Rasters[0].NoData != 7 || !slices.Equal(d.Modalities[1].Wavelengths, []float64{400, 500, 600, 700, 800}) {
			t.Errorf("classes %v, no-data %v, wavelengths %v", d.Classes, s.Rasters[0].NoData, d.Modalities[1].Wavelengths)
		}
		if !strings.Contains(strings.Join(d.Notes, ""), "72 pixels are in the training and in the test map") {
			t.Errorf("notes %q", d.Notes)
		}
	}
}

func TestInspect(t *testing.T) {
	dir := t.TempDir()
	writeMat(t, filepath.Join(dir, "scene.mat"), matRaster("cube", 30, 20, 16), matLabels("gt", 30, 20, 4, 9))
	writeFile(t, filepath.Join(dir, "readme.txt"), []byte("hello"))
	writeFile(t, filepath.Join(dir, "cut.npy"), []byte("\x93NUMPY\x01\x00"))
	in, err := Inspect(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(in.Files) != 3 || in.Dataset != nil || in.Problem == nil {
		t.Fatalf("%+v", in)
	}
	if in.Files[0].Problem == nil {
		t.Error("the damaged file has no problem")
	}
	mat := in.Files[2]
	if mat.Format != "MATLAB" || len(mat.Variables) != 2 {
		t.Fatalf("%+v", mat)
	}
	if v := mat.Variables[1]; !slices.Equal(v.Labels, []LabelCount{{0, 564}, {1, 9}, {2, 9}, {3, 9}, {4, 9}}) || v.Max != 4 {
		t.Errorf("labels %+v", v)
	}
	if v := mat.Variables[0]; v.Labels != nil || v.Min != 0 || v.Max != 255 || v.Missing != 0 {
		t.Errorf("cube %+v", v)
	}
	if _, err := Inspect(filepath.Join(dir, "nothing")); err == nil {
		t.Error("a path that does not exist gives no error")
	}
}

// writeTIFF writes a raster of h x w pixels whose values count up.
func writeTIFF(t *testing.T, path string, h, w, bands int) {
	t.Helper()
	out, err := tiff.Create(path, tiff.Spec{Width: w, Height: h, Bands: bands, Type: numeric.Uint16})
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	values := make([]uint16, h*w*bands)
	for i := range values {
		values[i] = uint16(i)
	}
	if err := out.WriteRows(values); err != nil {
		t.Fatal(err)
	}
	if err := out.Commit(); err != nil {
		t.Fatal(err)
	}
}

// writeRegions writes regions of interest of four pixels in a row, the first of which is green, for an image of h x w.
func writeRegions(t *testing.T, path string, h, w, row int, names ...string) {
	t.Helper()
	text := fmt.Sprintf("; ENVI Output of ROIs (4.8)\n; Number of ROIs: %d\n; File Dimension: %d x %d\n;\n", len(names), w, h)
	for i, name := range names {
		text += fmt.Sprintf("; ROI name: %s\n", name)
		if i == 0 {
			text += "; ROI rgb value: {0, 205, 0}\n"
		}
		text += "; ROI npts: 4\n"
	}
	text += ";    ID    X    Y\n"
	for k := range names {
		for i := range 4 {
			text += fmt.Sprintf("%d %d %d\n", i+1, 5*k+i+1, row+1)
		}
	}
	writeFile(t, path, []byte(text))
}

// The contest's form: GeoTIFFs with an ENVI header beside the spectra, and regions of interest as text.
func TestOpenContestFiles(t *testing.T) {
	dir := t.TempDir()
	writeTIFF(t, filepath.Join(dir, "2013_Contest_CASI.tif"), 30, 20, 12)
	writeTIFF(t, filepath.Join(dir, "2013_Contest_LiDAR.tif"), 30, 20, 1)
	writeFile(t, filepath.Join(dir, "2013_Contest_CASI.hdr"), []byte("ENVI\nsamples = 20\nlines = 30\nbands = 12\ndata type = 12\ninterleave = bip\nwavelength units = Nanometers\nwavelength = {400, 450, 500, 550, 600, 650, 700, 750, 800, 850, 900, 950}\nbbl = {1,1,1,1,1,1,1,1,1,1,1,0}\n"))
	writeRegions(t, filepath.Join(dir, "2013_Contest_Samples_TR.txt"), 30, 20, 3, "grass", "road")
	writeRegions(t, filepath.Join(dir, "2013_Contest_Samples_VA.txt"), 30, 20, 7, "grass", "road")
	writeFile(t, filepath.Join(dir, "2013_Contest_Samples_TR.roi"), []byte{1, 0, 2, 0}) // the binary twin
	d, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	s := d.Scenes[0]
	if strings.Join(names(d), " ") != "hsi lidar" || d.Modalities[0].Bands != 12 || len(d.Modalities[0].Wavelengths) != 12 || !d.Modalities[0].Bad[11] {
		t.Errorf("%+v", d.Modalities)
	}
	if len(d.Classes) != 2 || d.Classes[0].Name != "grass" || d.Classes[0].Color != rgb(0, 205, 0) {
		t.Errorf("classes %v", d.Classes)
	}
	if s.Train[3*20+5] != 2 || s.Train[3*20+3] != 1 || s.Test[7*20] != 1 || s.Train[2*20] != 0 {
		t.Errorf("training row %v, test row %v", s.Train[60:80], s.Test[140:160])
	}
	if got := s.Rasters[0].At(1, 0, 5); got != 20*12+5 {
		t.Errorf("value %v", got)
	}
	sc, err := Fit(d, DefaultScaling())
	if err != nil {
		t.Fatal(err)
	}
	if n := len(sc.Modalities[0].Bands); n != 11 {
		t.Errorf("%d bands kept, want 11 without the bad one", n)
	}
}

// The regions of Houston 2013 are called otherwise than its classes; any others keep their names.
func TestContestNames(t *testing.T) {
	contest := []string{"grass_healthy", "grass_stressed", "grass_synthetic", "tree", "soil", "water", "residential", "commercial", "road", "highway", "railway", "parking_lot1", "parking_lot2", "tennis_court", "running_track"}
	dir := t.TempDir()
	h, w := houston2013.h, houston2013.w
	writeTIFF(t, filepath.Join(dir, "2013_Contest_LiDAR.tif"), h, w, 1)
	writeRegions(t, filepath.Join(dir, "2013_Contest_Samples_TR.txt"), h, w, 3, contest...)
	writeRegions(t, filepath.Join(dir, "2013_Contest_Samples_VA.txt"), h, w, 7, contest...)
	d, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range d.Classes {
		if want := houston2013.classes[i].Name; c.Name != want {
			t.Errorf("region %s is class %q, want %q", contest[i], c.Name, want)
		}
	}
	if d.Classes[0].Color != rgb(0, 205, 0) {
		t.Errorf("colour %v", d.Classes[0].Color)
	}

	contest[3], contest[4] = "soil", "palms"
	writeRegions(t, filepath.Join(dir, "2013_Contest_Samples_VA.txt"), h, w, 7, contest...)
	if _, err = Open(dir); err == nil || !strings.Contains(err.Error(), `region 4 is called "soil", which is region 5 of`) {
		t.Errorf("regions in another order in the other file: error %v", err)
	}
	writeRegions(t, filepath.Join(dir, "2013_Contest_Samples_TR.txt"), h, w, 3, contest...)
	if d, err = Open(dir); err != nil || d.Classes[3].Name != "soil" || d.Classes[4].Name != "palms" || d.Classes[5].Name != "Water" {
		t.Errorf("classes %v, error %v", d.Classes, err)
	}
}

func TestOpenENVIAndNumPy(t *testing.T) {
	dir := t.TempDir()
	cube := make([]byte, 6*5*11*2)
	for i := range 6 * 5 * 11 {
		binary.LittleEndian.PutUint16(cube[2*i:], uint16(i))
	}
	writeFile(t, filepath.Join(dir, "field.hdr"), []byte("ENVI\nsamples = 5\nlines = 6\nbands = 11\ndata type = 12\ninterleave = bip\nbyte order = 0\ndata ignore value = 17\n"))
	writeFile(t, filepath.Join(dir, "field.dat"), cube)
	writeFile(t, filepath.Join(dir, "field_gt.npy"), npyFile("|i1", "6, 5", bytes.Repeat([]byte{1, 2, 255, 0, 3, 3}, 5)))
	d, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	s := d.Scenes[0]
	if s.H != 6 || s.W != 5 || d.Modalities[0].Bands != 11 || len(d.Classes) != 3 || s.Labels[2] != 0 || s.Labels[4] != 3 {
		t.Errorf("%d x %d, %+v, labels %v", s.H, s.W, d.Modalities, s.Labels)
	}
	if got := s.Rasters[0].At(2, 3, 4); got != (2*5+3)*11+4 || *s.Rasters[0].NoData != 17 {
		t.Errorf("value %v, no-data %v", got, s.Rasters[0].NoData)
	}
	for _, path := range []string{"field.hdr", "field.dat"} {
		if d, err := Open(filepath.Join(dir, path)); err != nil || d.Modalities[0].Bands != 11 {
			t.Errorf("%s: %v", path, err)
		}
	}
}
