package rsdata

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// use does with a path what a run does first, and returns the first error.
func use(path string) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("PANIC: %v", p)
		}
	}()
	d, err := Open(path)
	if err != nil {
		return err
	}
	if _, err := Fit(d, DefaultScaling()); err != nil {
		return err
	}
	cfg := DefaultSplit()
	cfg.Shots = 2
	if d.Scenes[0].Train != nil {
		cfg.Protocol = Official
	}
	_, err = d.Split(cfg)
	return err
}

// npyFile returns a NumPy file of the shape text and data given, whether they agree or not.
func npyFile(descr, shape string, data []byte) []byte {
	head := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", descr, shape)
	for (10+len(head)+1)%64 != 0 {
		head += " "
	}
	out := append([]byte("\x93NUMPY\x01\x00"), 0, 0)
	binary.LittleEndian.PutUint16(out[8:], uint16(len(head)+1))
	return append(append(out, head+"\n"...), data...)
}

func floatsOf(v float32, n int) matVar {
	values := make([]float32, n)
	for i := range values {
		values[i] = v
	}
	return matVar{values: values}
}

func (v matVar) as(name string, shape ...int) matVar {
	v.name, v.shape = name, shape
	return v
}

// labelsWith returns a map in which class k+1 labels counts[k] pixels.
func labelsWith(name string, h, w int, counts []int) matVar {
	values, at := make([]float64, h*w), 0
	for k, n := range counts {
		for range n {
			values[at] = float64(k + 1)
			at++
		}
	}
	return matVar{name: name, shape: []int{h, w}, values: values}
}

func TestHostileAndMismatchedFiles(t *testing.T) {
	good := func(t *testing.T, dir string) {
		writeMat(t, filepath.Join(dir, "hsi.mat"), matRaster("hsi", 30, 20, 16))
		writeMat(t, filepath.Join(dir, "lidar.mat"), matRaster("lidar", 30, 20, 2))
		writeMat(t, filepath.Join(dir, "gt.mat"), matLabels("gt", 30, 20, 3, 50))
	}
	replace := func(name string, vars ...matVar) func(*testing.T, string) {
		return func(t *testing.T, dir string) { good(t, dir); writeMat(t, filepath.Join(dir, name), vars...) }
	}
	raw := func(name string, data []byte) func(*testing.T, string) {
		return func(t *testing.T, dir string) { good(t, dir); writeFile(t, filepath.Join(dir, name), data) }
	}
	alone := func(name string, data []byte) func(*testing.T, string) { // in place of hsi.mat
		return func(t *testing.T, dir string) {
			raw(name, data)(t, dir)
			if err := os.Remove(filepath.Join(dir, "hsi.mat")); err != nil {
				t.Fatal(err)
			}
		}
	}
	cut := func(name string, keep int) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			good(t, dir)
			path := filepath.Join(dir, name)
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			writeFile(t, path, data[:keep])
		}
	}
	description := func(text string) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			good(t, dir)
			writeMat(t, filepath.Join(dir, "two.mat"), matRaster("a", 30, 20, 4), matRaster("b", 30, 20, 4))
			writeFile(t, filepath.Join(dir, "scene.json"), []byte(text))
		}
	}
	scene := func(modalities, rest string) func(*testing.T, string) {
		return description(`{"scenes": [{"modalities": [` + modalities + `]` + rest + `}]}`)
	}
	const hsi = `{"name": "hsi", "file": "hsi.mat"}`
	trentoMaps := func(train, test []int) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			writeMat(t, filepath.Join(dir, "HSI.mat"), matRaster("HSI", 166, 600, 63))
			writeMat(t, filepath.Join(dir, "TRLabel.mat"), labelsWith("TRLabel", 166, 600, train))
			writeMat(t, filepath.Join(dir, "TSLabel.mat"), labelsWith("TSLabel", 166, 600, test))
		}
	}
	for _, c := range []struct {
		name string
		make func(t *testing.T, dir string)
		path string // below the folder
		want []string
	}{
		{"the path does not exist", good, "nowhere", []string{"nowhere", "no such file|cannot find|not found", "expected a folder or file"}},
		{"an empty folder", func(t *testing.T, dir string) {}, "", []string{"expected a scene", "no files"}},
		{"a folder of text", func(t *testing.T, dir string) { writeFile(t, filepath.Join(dir, "a.txt"), []byte("hello")) }, "", []string{"expected a scene", "a.txt"}},
		{"the folder above", func(t *testing.T, dir string) { good(t, filepath.Join(dir, "town")) }, "", []string{"did you mean", "town"}},
		{"an empty file", raw("hsi.mat", nil), "hsi.mat", []string{"hsi.mat"}},
		{"a text file", raw("a.txt", []byte("hello")), "a.txt", []string{"a.txt", "expected"}},
		{"MATLAB, cut in the header", cut("hsi.mat", 60), "", []string{"hsi.mat"}},
		{"MATLAB, cut in the data", cut("hsi.mat", 900), "", []string{"hsi.mat"}},
		{"MATLAB, one byte short", cut("gt.mat", 4980), "", []string{"gt.mat"}},
		{"MATLAB, a lying size", replace("hsi.mat", matRaster("hsi", 30, 20, 16).as("hsi", 30000, 20000, 160)), "", []string{"hsi.mat"}},
		{"MATLAB, a version that lies", raw("hsi.mat", []byte("MATLAB 7.3 MAT-file, Platform: none"+strings.Repeat(" ", 600))), "", []string{"hsi.mat"}},
		{"HDF5, only a signature", raw("hsi.mat", append([]byte("\x89HDF\r\n\x1a\n"), make([]byte, 64)...)), "", []string{"hsi.mat"}},
		{"NumPy, cut", alone("hsi.npy", npyFile("<f4", "30, 20, 16", make([]byte, 100))), "", []string{"hsi.npy"}},
		{"NumPy, a lying shape", alone("hsi.npy", npyFile("<f8", "1000000, 1000000, 160", make([]byte, 100))), "", []string{"hsi.npy"}},
		{"NumPy, objects", alone("hsi.npy", npyFile("|O", "30, 20, 16", make([]byte, 100))), "", []string{"hsi.npy"}},
		{"NumPy, a damaged archive", alone("hsi.npz", []byte("PK\x03\x04 and then nothing")), "", []string{"hsi.npz"}},
		{"TIFF, cut", alone("hsi.tif", []byte("II*\x00\x08\x00\x00\x00")), "", []string{"hsi.tif"}},
		{"TIFF, garbage", alone("hsi.tif", append([]byte("II*\x00\x08\x00\x00\x00"), []byte(strings.Repeat("\xff", 400))...)), "", []string{"hsi.tif"}},
		{"ENVI, a header without data", raw("cube.hdr", []byte("ENVI\nsamples = 20\nlines = 30\nbands = 16\ndata type = 4\ninterleave = bsq\n")), "cube.hdr", []string{"cube"}},
		{"ENVI, data too short", func(t *testing.T, dir string) {
			raw("cube.hdr", []byte("ENVI\nsamples = 20\nlines = 30\nbands = 16\ndata type = 4\ninterleave = bsq\n"))(t, dir)
			writeFile(t, filepath.Join(dir, "cube.dat"), make([]byte, 1000))
		}, "cube.hdr", []string{"cube"}},
		{"labels of another size", replace("gt.mat", matLabels("gt", 31, 20, 3, 50)), "", []string{"gt.mat", "expected 30 x 20", "found 31 x 20", "scene.json"}},
		{"labels transposed", replace("gt.mat", matLabels("gt", 20, 30, 3, 50)), "", []string{"gt.mat", "swapped"}},
		{"labels with fractions", replace("gt.mat", floatsOf(1.5, 600).as("gt", 30, 20)), "", []string{"gt.mat", "1.5 at row 0, column 0", "label map"}},
		{"labels beyond 255", replace("gt.mat", floatsOf(300, 600).as("gt", 30, 20)), "", []string{"gt.mat", "300", "255"}},
		{"labels all zero", replace("gt.mat", floatsOf(0, 600).as("gt", 30, 20)), "", []string{"gt.mat", "no pixel is labelled"}},
		{"labels infinite", replace("gt.mat", floatsOf(1/floatZero, 600).as("gt", 30, 20)), "", []string{"gt.mat", "Inf"}},
		{"official maps exchanged", trentoMaps(trento.test, trento.train), "", []string{"TRLabel.mat", "TSLabel.mat", "exchanged", "swap"}},
		{"a class missing", trentoMaps([]int{9, 9, 9, 0, 9, 9}, []int{90, 90, 90, 0, 90, 90}), "", []string{"class 4 (Woods)", "no labelled sample"}},
		{"a class without training samples", trentoMaps([]int{9, 9, 9, 0, 9, 9}, []int{90, 90, 90, 90, 90, 90}), "", []string{"class 4 (Woods)", "has 0 samples", "needs 2 training"}},
		{"a class without test samples", trentoMaps([]int{90, 90, 90, 90, 90, 90}, []int{9, 9, 9, 9, 9, 0}), "", []string{"(Woods)|(Roads)|(Apple trees)", "no sample to test"}},
		{"too few samples", replace("gt.mat", labelsWith("gt", 30, 20, []int{50, 2, 50})), "", []string{"class 2", "has 2 samples", "fewer shots"}},
		{"heights of another size", replace("lidar.mat", matRaster("lidar", 15, 10, 2)), "", []string{"lidar.mat", "expected 30 x 20", "15 x 10"}},
		{"bands first", replace("hsi.mat", matRaster("hsi", 16, 30, 20)), "", []string{"gt.mat", "found 30 x 20", "hsi (uint8, 16 x 30 x 20)", "bands of hsi.mat:hsi seem to come first"}},
		{"a modality of NaN", replace("lidar.mat", floatsOf(nan32, 600).as("lidar", 30, 20)), "", []string{"lidar", "1 without a measurement"}},
		{"a constant modality", replace("lidar.mat", floatsOf(4, 600).as("lidar", 30, 20)), "", []string{"lidar", "1 constant"}},
		{"a key that is not there", good, "hsi.mat:HSI2", []string{"hsi.mat", "HSI2"}},
		{"a key to a struct", replace("s.mat", matVar{name: "s", shape: []int{1, 1}, fields: []matVar{matRaster("cube", 30, 20, 4)}}), "s.mat:s", []string{"s.mat", "struct", "s.cube"}},
		{"a struct alone", func(t *testing.T, dir string) {
			writeMat(t, filepath.Join(dir, "s.mat"), matVar{name: "s", shape: []int{1, 1}, fields: []matVar{matRaster("cube", 30, 20, 4)}})
		}, "s.mat", []string{"found s.mat:s (struct, 1 x 1); the array in a field is named as ", "s.mat:s.FIELD"}},
		{"a key that is no raster", replace("v.mat", floatsOf(1, 5).as("v", 1, 5)), "v.mat:v", []string{"none of 1 bands|rows x columns|no pixel|1 constant|no labelled"}},
		{"an option that is not there", good, "?quarters", []string{"quarters", "?halves"}},
		{"a name with a question mark that is not there", good, "no?where", []string{"no?where", "none of this name", `"where" is no option`}},
		{"halves of one band", func(t *testing.T, dir string) {
			writeMat(t, filepath.Join(dir, "lidar.mat"), matRaster("lidar", 30, 20, 1))
			writeMat(t, filepath.Join(dir, "gt.mat"), matLabels("gt", 30, 20, 3, 50))
		}, "?halves", []string{"1 bands", "cannot be divided"}},
		{"scene.json, not JSON", description("{\n\"name\": oops}"), "", []string{"scene.json", "line 2"}},
		{"scene.json, a misspelt field", description(`{"scene": []}`), "", []string{"scene.json", `"scene"`}},
		{"scene.json, no scenes", description(`{"name": "x"}`), "", []string{"scene.json", "lists no scene"}},
		{"scene.json, two of them", description("{\"scenes\": [{\"modalities\": [" + hsi + "]}]}\n{}"), "", []string{"scene.json", "line 2", "follows the closing brace"}},
		{"scene.json, a size without an origin", scene(`{"name": "hsi", "file": "hsi.mat", "size": [3, 3]}`, ""), "", []string{"scene.json", "hsi.mat", `"origin"`}},
		{"scene.json, a size of labels without an origin", scene(hsi, `, "labels": {"file": "gt.mat", "size": [3, 3]}`), "", []string{"scene.json", "gt.mat", `"origin"`}},
		{"scene.json, labels as an input", scene(hsi+`,{"name": "x", "file": "gt.mat"}`, `, "labels": {"file": "gt.mat"}`), "", []string{"scene.json", "gt.mat", "cannot be an input"}},
		{"scene.json, a wavelength below zero", scene(`{"name": "hsi", "file": "hsi.mat", "wavelengths": [-1]}`, ""), "", []string{"scene.json", "-1", "nanometres"}},
		{"scene.json, no modality", description(`{"scenes": [{}]}`), "", []string{"scene.json", "no modality"}},
		{"scene.json, a modality without a file", scene(`{"name": "hsi"}`, ""), "", []string{"scene.json", "file"}},
		{"scene.json, a file that is not there", scene(`{"name": "hsi", "file": "gone.mat"}`, ""), "", []string{"scene.json", "gone.mat"}},
		{"scene.json, two variables could be meant", scene(`{"name": "hsi", "file": "two.mat"}`, ""), "", []string{"two.mat", "2 arrays", "file:key"}},
		{"scene.json, a bad colour", description(`{"classes": [{"name": "x", "color": "green"}], "scenes": [{"modalities": [` + hsi + `]}]}`), "", []string{"scene.json", "green", "#rrggbb"}},
		{"scene.json, a label beyond the classes", description(`{"classes": [{"name": "x"}], "scenes": [{"modalities": [` + hsi + `], "labels": {"file": "gt.mat"}}]}`), "", []string{"gt.mat", "label 2", "to 1"}},
		{"scene.json, sizes that differ", func(t *testing.T, dir string) {
			scene(hsi+`,{"name": "x", "file": "x.mat"}`, "")(t, dir)
			writeMat(t, filepath.Join(dir, "x.mat"), matRaster("x", 20, 30, 2))
		}, "", []string{"x.mat", "expected 30 x 20", "swapped"}},
		{"scene.json, an origin outside", scene(hsi+`,{"name": "x", "file": "two.mat:a", "origin": [1, 0]}`, ""), "", []string{"two.mat", "does not fit"}},
		{"scene.json, an origin without a size", scene(`{"name": "x", "file": "two.mat:a", "origin": [1, 0]}`, ""), "", []string{"two.mat", "size"}},
		{"scene.json, a negative origin", scene(`{"name": "x", "file": "two.mat:a", "origin": [-1, 0], "size": [3, 3]}`, ""), "", []string{"two.mat", "does not fit"}},
		{"scene.json, scenes that differ", description(`{"scenes": [{"modalities": [` + hsi + `]}, {"modalities": [{"name": "hsi", "file": "two.mat:a"}]}]}`), "", []string{"scene.json", "16", "4 bands"}},
		{"scene.json, wavelengths for other bands", scene(`{"name": "hsi", "file": "hsi.mat", "wavelengths": [400, 500]}`, ""), "", []string{"2 wavelengths", "16 bands"}},
		{"scene.json, a raster as labels", scene(hsi, `, "labels": {"file": "two.mat:a"}`), "", []string{"labels", "two.mat:a", "4 bands"}},
		{"scene.json, a text in place of a list", description(`{"classes": "a"}`), "", []string{"scene.json", "line 1", `"classes"`, "want a list"}},
		{"scene.json, a list in place of a file", scene(hsi, `, "labels": [1]`), "", []string{"scene.json", `"scenes.labels"`, "want an object"}},
		{"scene.json, a text in place of a number", scene(`{"name": "x", "file": "hsi.mat", "nodata": "none"}`, ""), "", []string{"scene.json", "nodata", "want a number"}},
		{"scene.json, two modalities of one name", scene(hsi+","+hsi, ""), "", []string{"scene.json", "two modalities", `"hsi"`}},
		{"scene.json, two scenes of one name", description(`{"scenes": [{"name": "x", "modalities": [` + hsi + `]}, {"name": "x", "modalities": [` + hsi + `]}]}`), "", []string{"scene.json", "two scenes", `"x"`}},
		{"scene.json, a modality's endless name", scene(`{"name": "`+strings.Repeat("m", 5000)+`", "file": "hsi.mat"}`, ""), "", []string{"scene.json", "5000 bytes", "at most 200"}},
		{"scene.json, a class's endless name", description(`{"classes": [{"name": "` + strings.Repeat("c", 5000) + `"}], "scenes": [{"modalities": [` + hsi + `]}]}`), "", []string{"scene.json", "5000 bytes", "at most 200"}},
		{"an image of one row", alone("hsi.npy", npyFile("|u1", "1, 600, 16", make([]byte, 9600))), "hsi.npy", []string{"hsi.npy", "1 x 600 x 16", "at least 2 x 2 pixels"}},
		{"four dimensions", alone("hsi.npy", npyFile("|u1", "1, 30, 20, 16", make([]byte, 9600))), "hsi.npy", []string{"hsi.npy", "1 x 30 x 20 x 16", "rows, columns and bands", "reshape"}},
		{"four dimensions beside labels", func(t *testing.T, dir string) {
			writeMat(t, filepath.Join(dir, "gt.mat"), matLabels("gt", 30, 20, 3, 50))
			writeFile(t, filepath.Join(dir, "x.npy"), npyFile("|u1", "1, 30, 20, 16", make([]byte, 9600)))
		}, "", []string{"missing is a raster of 30 x 20", "x.npy (uint8, 1 x 30 x 20 x 16)", "reshape"}},
		{"a file for each band", func(t *testing.T, dir string) {
			for _, name := range []string{"B02.npy", "B03.npy"} {
				writeFile(t, filepath.Join(dir, name), npyFile("|u1", "30, 20", make([]byte, 600)))
			}
		}, "", []string{"B02.npy", "B03.npy", "gdalbuildvrt -separate"}},
		{"one band alone", raw("x.npy", npyFile("|u1", "30, 20", make([]byte, 600))), "x.npy", []string{"x.npy (uint8, 30 x 20)", "no name tells", "scene.json"}},
		{"a folder in place of a file", func(t *testing.T, dir string) {
			scene(`{"name": "hsi", "file": "sub"}`, "")(t, dir)
			if err := os.Mkdir(filepath.Join(dir, "sub"), 0o755); err != nil {
				t.Fatal(err)
			}
		}, "", []string{"sub", "not a regular file"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			c.make(t, dir)
			path := filepath.Join(dir, c.path)
			if strings.HasPrefix(c.path, "?") {
				path = dir + c.path
			}
			err := use(path)
			if err == nil {
				t.Fatal("no error")
			}
			if strings.Contains(err.Error(), "PANIC") {
				t.Fatal(err)
			}
			for _, w := range c.want {
				if !anyOf(err.Error(), w) {
					t.Errorf("error %q does not say %q", err, w)
				}
			}
			if in, err := Inspect(path); err == nil && in.Problem == nil && in.Dataset == nil {
				t.Error("Inspect reports neither a dataset nor a problem")
			}
		})
	}
}

var floatZero float32

func anyOf(text, alternatives string) bool {
	for _, a := range strings.Split(alternatives, "|") {
		if strings.Contains(text, a) {
			return true
		}
	}
	return false
}
