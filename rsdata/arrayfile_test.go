package rsdata

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"diffclip/internal/georef"
	"diffclip/internal/numeric"
	"diffclip/internal/tiff"
)

// npzFile is an archive of arrays, name and content in turn.
func npzFile(t *testing.T, members ...any) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(members); i += 2 {
		w, err := z.Create(members[i].(string) + ".npy")
		if err == nil {
			_, err = w.Write(members[i+1].([]byte))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Names of classes and settings lie beside the arrays in many an archive.
func TestOpenArchiveWithMoreThanNumbers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "field.npz")
	writeFile(t, path, npzFile(t,
		"class_names", npyFile("<U1", "2, ", make([]byte, 8)),
		"gt", npyFile("|u1", "6, 5", bytes.Repeat([]byte{0, 1, 2}, 10)),
		"hsi", npyFile("|u1", "6, 5, 11", make([]byte, 6*5*11)),
		"settings", npyFile("|O", "", []byte("\x80\x04N."))))
	d, err := Open(path)
	if err != nil || d.Modalities[0].Bands != 11 || len(d.Classes) != 2 {
		t.Fatalf("%+v, %v", d, err)
	}
	in, err := Inspect(path)
	if err != nil {
		t.Fatal(err)
	}
	if v := in.Files[0].Variables[0]; v.Class != "not numbers" || v.Problem != nil {
		t.Errorf("%+v", v)
	}
	if _, err := Open(path + ":class_names"); err == nil {
		t.Error("text is taken for a raster")
	}
}

func TestOpenGroupsOfHDF5(t *testing.T) {
	data, err := os.ReadFile("../internal/matfile/testdata/groups.h5")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "survey.h5")
	writeFile(t, path, data)
	d, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	s := d.Scenes[0]
	if s.H != 6 || s.W != 5 || d.Modalities[0].Bands != 12 || s.Rasters[0].At(2, 3, 4) != (2*5+3)*12+4 || len(d.Classes) != 3 {
		t.Errorf("%d x %d, %+v, %v", s.H, s.W, d.Modalities, d.Classes)
	}
	if v := s.Rasters[0].NoData; v == nil || *v != 7 {
		t.Errorf("no-data value %v, want 7", v)
	}
	if d, err = Open(path + ":site/reflectance/cube.v1"); err != nil || d.Modalities[0].Bands != 12 {
		t.Errorf("%+v, %v", d, err)
	}
	in, err := Inspect(path)
	if err != nil || in.Files[0].Format != "HDF5" {
		t.Errorf("%+v, %v", in, err)
	}
	draft, _, err := Draft(filepath.Dir(path))
	if err != nil || draft.Scenes[0].Labels.File != "survey.h5:site/gt" || !slices.ContainsFunc(draft.Scenes[0].Modalities, func(m ModalityDescription) bool {
		return m.File == "survey.h5:site/reflectance/cube.v1"
	}) {
		t.Errorf("%+v, %v", draft, err)
	}
}

// What GDAL, ENVI and people leave beside the files of a scene is no part of it and no damage.
func TestOpenPassesOverWhatAccompanies(t *testing.T) {
	dir := t.TempDir()
	header := "ENVI\nsamples = 5\nlines = 6\nbands = 11\ndata type = 1\nwavelength = {400, 410, 420, 430, 440, 450, 460, 470, 480, 490, 500}\n"
	cube := make([]byte, 6*5*11)
	for name, data := range map[string][]byte{
		"flight.hdr": []byte(header), "flight.hyspex": cube, "flight.png": []byte("\x89PNG"), "flight.xml": []byte("<a/>"),
		"other_hsi.hdr": []byte(header), "other_hsi.npy": npyFile("|u1", "6, 5, 11", cube), "other_hsi.txt": []byte("a note"),
		"gt.npy": npyFile("|u1", "6, 5", bytes.Repeat([]byte{1, 2, 2}, 10)), "gt.npy.ovr": []byte("II*\x00"), "gt.npy.msk": []byte("II*\x00"),
	} {
		writeFile(t, filepath.Join(dir, name), data)
	}
	d, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if m := d.Modalities[0]; m.Bands != 11 || len(m.Wavelengths) != 11 || len(d.Classes) != 2 {
		t.Errorf("%+v, %v", m, d.Classes)
	}
	if d, err = Open(filepath.Join(dir, "other_hsi.npy")); err != nil || len(d.Modalities[0].Wavelengths) != 11 {
		t.Errorf("%+v, %v", d, err)
	}
	var arrays []string
	in, err := Inspect(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range in.Files {
		if f.Problem != nil {
			t.Error(f.Problem)
		}
		if f.Format != "" {
			arrays = append(arrays, filepath.Base(f.Path)+" "+f.Format)
		}
	}
	if want := []string{"flight.hdr ENVI", "gt.npy NumPy", "other_hsi.npy NumPy"}; !slices.Equal(arrays, want) {
		t.Errorf("%q, want %q", arrays, want)
	}
}

// A map has the classes of its header, or those of its own file before them, once.
func TestClassesOfAHeader(t *testing.T) {
	dir := t.TempDir()
	header := "ENVI\nsamples = 5\nlines = 6\nbands = 1\ndata type = 1\nfile type = ENVI Classification\nclasses = 3\n" +
		"class lookup = {0, 0, 0, 255, 0, 0, 0, 0, 255}\nclass names = {none, water, land}\n"
	gray := make([]byte, 6*5)
	for name, data := range map[string][]byte{
		"envi.hdr": []byte(header), "envi.img": gray, "array.hdr": []byte(header), "array.npy": npyFile("|u1", "6, 5", gray), "own.hdr": []byte(header),
	} {
		writeFile(t, filepath.Join(dir, name), data)
	}
	own := filepath.Join(dir, "own.tif")
	f, err := tiff.Create(own, tiff.Spec{Width: 5, Height: 6, Bands: 1, Type: numeric.Uint8})
	if err == nil {
		err = errors.Join(f.WriteRows(gray), f.Commit(), tiff.WriteClassSidecar(own, []tiff.Class{{Name: "nothing"}, {Name: "sea"}, {Name: "shore"}}, ""))
	}
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][]string{
		"envi.img": {"none", "water", "land"}, "array.npy": {"none", "water", "land"}, "own.tif": {"nothing", "sea", "shore"},
	} {
		c, err := loadArray(filepath.Join(dir, name), func(variable) bool { return true }, "a map", false)
		if err != nil || !slices.Equal(c.classNames, want) || name != "own.tif" && len(c.classColors) != len(want) {
			t.Errorf("%s: %+v, %v, want the classes %q", name, c, err, want)
		}
	}
}

// A TIFF without tags of its own may have a world file.
func TestOpenWorldFile(t *testing.T) {
	dir := t.TempDir()
	w, err := tiff.Create(filepath.Join(dir, "hsi.tif"), tiff.Spec{Width: 5, Height: 6, Bands: 12, Type: numeric.Uint8})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if err := errors.Join(w.WriteRows(make([]uint8, 6*5*12)), w.Commit()); err != nil {
		t.Fatal(err)
	}
	open := func() *georef.Grid {
		t.Helper()
		d, err := Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		return d.Scenes[0].Grid
	}
	if g := open(); g != nil {
		t.Errorf("without a world file the grid is %v", g)
	}
	writeFile(t, filepath.Join(dir, "hsi.tfw"), []byte("2\n0\n0\n-2\n500001\n3999999\n"))
	if g := open(); g == nil || g.Transform != georef.NorthUp(500000, 4000000, 2, 2) {
		t.Errorf("the grid is %v", g)
	}
	writeFile(t, filepath.Join(dir, "hsi.tfw"), []byte("two\n"))
	if g := open(); g != nil {
		t.Errorf("of a damaged world file the grid is %v", g)
	}
}

// Images of one size in a TIFF are its bands, and both that and the contrary are told.
func TestImagesInATIFF(t *testing.T) {
	for name, want := range map[string]struct {
		bands int
		note  string
	}{
		"pages_float32": {5, "the file holds 5 images of one size and type, which are taken for its bands"},
		"imagej_uint16": {4, "the file holds 4 images of one size and type"},
		"differ_uint8":  {1, "the file holds 2 images that differ in size, type or place, of which the first is read"},
	} {
		in, err := Inspect(filepath.Join("../internal/tiff/testdata", name+".tif"))
		if err != nil {
			t.Fatal(err)
		}
		v := in.Files[0].Variables[0]
		if v.Shape[2] != want.bands || !strings.Contains(strings.Join(v.Notes, "\n"), want.note) {
			t.Errorf("%s: %v, notes %q; want %d bands and %q", name, v.Shape, v.Notes, want.bands, want.note)
		}
	}
}

// What is left out in reading is told: the imaginary part of complex numbers, and why something is not read at all.
func TestInspectTellsWhatIsNotRead(t *testing.T) {
	for _, c := range []struct{ path, want string }{
		{"../internal/matfile/testdata/v6.mat:z", "imaginary part"},
		{"../internal/tiff/testdata/control_uint8.tif", "4 control points"},
		{"../internal/hdf5/testdata/latest_types.h5", "compound values (such as complex numbers)"},
	} {
		in, err := Inspect(c.path)
		if err != nil {
			t.Fatal(err)
		}
		if all := fmt.Sprintf("%+v", in.Files); !strings.Contains(all, c.want) {
			t.Errorf("%s: nothing tells of %q: %s", c.path, c.want, all)
		}
	}
}
