package rsdata

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"diffclip/internal/envi"
	"diffclip/internal/matfile"
	"diffclip/internal/numeric"
)

// muufl is the Gulf Park campus of the University of Southern Mississippi at 1 m. Classes 7 and 8 are as the README
// of the data has them; the report of 2017 exchanges them.
var muufl = knownScene{
	name: "MUUFL Gulfport", h: 325, w: 220, hsiBands: 64, rawBands: 72, span: [2]float64{405.8, 1005.3},
	hsiFile:   "muufl_gulfport_campus_1_hsi_220_label.mat (variable hsi), HSI.mat or hsi_data.mat",
	lidarFile: "LiDAR.mat or lidar_data.mat", labelFile: "gt.mat, labels.mat or train_test_gt.mat",
	classes: []Class{
		{"Trees", rgb(34, 139, 34)}, {"Mostly grass", rgb(50, 205, 50)}, {"Mixed ground surface", rgb(173, 216, 230)},
		{"Dirt and sand", rgb(255, 239, 213)}, {"Road", rgb(255, 0, 0)}, {"Water", rgb(0, 0, 255)},
		{"Building shadow", rgb(128, 0, 128)}, {"Buildings", rgb(255, 192, 203)}, {"Sidewalk", rgb(255, 69, 0)},
		{"Yellow curb", rgb(255, 255, 0)}, {"Cloth panels", rgb(165, 42, 42)},
	},
}

// findMuuflStruct returns the file whose struct "hsi" is the campus as its makers publish it, "" where there is none.
func findMuuflStruct(inv *inventory) string {
	for _, e := range inv.entries {
		if e.class == "struct" && e.name == "hsi" {
			return e.path
		}
	}
	return ""
}

// openMuuflStruct reads hsi.Data, every z of hsi.Lidar, hsi.sceneLabels, and where the scene lies.
func openMuuflStruct(path string) (*Dataset, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	m, err := matfile.Open(file, info.Size(), path)
	if err != nil {
		return nil, err
	}
	hsi, err := m.Read("hsi")
	if err != nil {
		return nil, err
	}
	data, err := hsi.Lookup("Data")
	if err != nil || data.Array == nil {
		return nil, fmt.Errorf("%s: the struct hsi has no numeric field Data: expected the MUUFL Gulfport file with Data, Lidar and sceneLabels", path)
	}
	spectra := &content{array: data.Array}
	if err := spectra.asRaster(path+":hsi.Data", [2]int{}); err != nil {
		return nil, err
	}
	size := [2]int{spectra.array.Shape[0], spectra.array.Shape[1]}
	a := &assembly{name: datasetName(path), size: size}
	if w, err := hsi.Lookup("info.wavelength"); err == nil && w.Array != nil {
		spectra.wavelengths = nanometres(float64s(w.Array))
		spectra.checkWavelengths()
	}
	if m, err := hsi.Lookup("info.map_info"); err == nil {
		if grid, err := envi.MapInfo(mapInfoItems(m)); err == nil {
			spectra.grid = &grid
		} else {
			a.notef("hsi.info.map_info does not place the scene: %v", err)
		}
	}
	a.addModality("hsi", spectra)
	if heights := muuflHeights(hsi, size); heights != nil {
		a.addModality("lidar", &content{array: heights})
	} else {
		a.missing = append(a.missing, fmt.Sprintf("%s: no heights in hsi.Lidar, expected a field z of %d x %d", filepath.Base(path), size[0], size[1]))
	}
	if l, err := hsi.Lookup("sceneLabels.labels"); err == nil && l.Array != nil {
		ref := path + ":hsi.sceneLabels.labels"
		if a.labels, err = labelsOf(&content{array: l.Array}, ref, size); err != nil {
			return nil, err
		}
		a.labelRef = ref
	}
	a.recognise()
	return a.dataset()
}

// mapInfoItems returns the items of an ENVI header's "map info" from the struct that
// MATLAB's enviread makes of them; those that are missing are empty.
func mapInfoItems(m *numeric.Named) []string {
	item := func(path string, i int) string {
		v, err := m.Lookup(path)
		switch {
		case err != nil:
			return ""
		case v.Array != nil && i < v.Array.Len():
			return strconv.FormatFloat(v.Array.At64(i), 'f', -1, 64)
		}
		return v.Text
	}
	items := []string{item("projection", 0), item("image_coords", 0), item("image_coords", 1),
		item("mapx", 0), item("mapy", 0), item("dx", 0), item("dy", 0)}
	if zone := item("zone", 0); zone != "" {
		items = append(items, zone, item("hemi", 0))
	}
	return append(items, item("datum", 0))
}

// muuflHeights joins the z fields anywhere below hsi.Lidar as bands; nil where none fits.
func muuflHeights(hsi *numeric.Named, size [2]int) *numeric.Array {
	lidar, err := hsi.Lookup("Lidar")
	if err != nil {
		return nil
	}
	var parts []*numeric.Array
	var walk func(n *numeric.Named, depth int)
	walk = func(n *numeric.Named, depth int) {
		if n.Array != nil && strings.EqualFold(n.Name, "z") {
			c := &content{array: n.Array}
			if c.asRaster("z", size) == nil {
				parts = append(parts, c.array)
			}
		}
		for i := range n.Children {
			if depth < 4 {
				walk(&n.Children[i], depth+1)
			}
		}
	}
	walk(lidar, 0)
	if parts == nil {
		return nil
	}
	return joinBands(parts)
}

// joinBands puts the bands of rasters of one size behind each other, as float32.
func joinBands(parts []*numeric.Array) *numeric.Array {
	bands := 0
	for _, p := range parts {
		bands += p.Shape[2]
	}
	h, w := parts[0].Shape[0], parts[0].Shape[1]
	out := make([]float32, h*w*bands)
	at := 0
	for _, p := range parts {
		n := p.Shape[2]
		for i := range h * w {
			for b := range n {
				out[i*bands+at+b] = float32(p.At64(i*n + b))
			}
		}
		at += n
	}
	return &numeric.Array{Shape: []int{h, w, bands}, Type: numeric.Float32, Data: out}
}

// muuflCrop is where the small hyperspectral demonstration file (36 x 36 x 72) lies in the campus scene. Nothing in
// the files says so; it was found by comparing its brightness with the heights.
var muuflCrop = struct{ row, col, h, w, bands int }{204, 169, 36, 36, 72}

// muuflDemo reports whether the inventory holds that crop beside heights or labels of the whole campus.
func muuflDemo(inv *inventory) bool {
	crop, whole := false, false
	for _, e := range inv.entries {
		crop = crop || e.role == hsiRole && slices.Equal(e.shape, []int{muuflCrop.h, muuflCrop.w, muuflCrop.bands})
		whole = whole || (e.role == lidarRole || e.role == labelRole) && e.size() == [2]int{muufl.h, muufl.w}
	}
	return crop && whole
}

// assembleMuuflCrop cuts the heights and labels of the campus to the crop.
func assembleMuuflCrop(inv *inventory) (*Dataset, error) {
	small, whole := [2]int{muuflCrop.h, muuflCrop.w}, [2]int{muufl.h, muufl.w}
	a := &assembly{name: muufl.name + " (crop)", size: small, classes: slices.Clone(muufl.classes)}
	a.notef("the hyperspectral crop of %d x %d x %d is taken to lie at row %d, column %d of the %d x %d scene: a registration by comparison, not stated in the files",
		muuflCrop.h, muuflCrop.w, muuflCrop.bands, muuflCrop.row, muuflCrop.col, muufl.h, muufl.w)
	a.missing = append(a.missing, fmt.Sprintf("the hyperspectral image of the whole scene: an array of %d x %d x %d, usually in %s", muufl.h, muufl.w, muufl.hsiBands, muufl.hsiFile))
	hsi := inv.find(hsiRole, small)[0]
	c, err := loadRaster(hsi.ref(), small, nil)
	if err != nil {
		return nil, err
	}
	a.addModality("hsi", c)
	if found := inv.find(lidarRole, whole); len(found) > 0 {
		if c, err = loadRaster(found[0].ref(), whole, nil); err != nil {
			return nil, err
		}
		c.array = crop(c.array, muuflCrop.row, muuflCrop.col, muuflCrop.h, muuflCrop.w)
		a.addModality("lidar", c)
	}
	if found := inv.find(labelRole, whole); len(found) > 0 {
		a.labelRef = found[0].ref()
		labels, _, err := loadLabels(a.labelRef, whole)
		if err != nil {
			return nil, err
		}
		a.labels = cropLabels(labels, whole[1], muuflCrop.row, muuflCrop.col, muuflCrop.h, muuflCrop.w)
	}
	return a.dataset()
}

// cropLabels returns a window of a label map of width w0.
func cropLabels(labels []uint8, w0, row, col, h, w int) []uint8 {
	var out []uint8
	for r := row; r < row+h; r++ {
		out = append(out, labels[r*w0+col:][:w]...)
	}
	return out
}

func float64s(a *numeric.Array) []float64 {
	out := make([]float64, a.Len())
	for i := range out {
		out[i] = a.At64(i)
	}
	return out
}
