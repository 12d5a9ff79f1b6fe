package rsdata_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"image/color"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"diffclip/clip"
	"diffclip/diffusion"
	"diffclip/optim/train"
	"diffclip/rsdata"
	"diffclip/tensor"
	"diffclip/vit"
)

// memoryLimit is what pre-training at the published sizes may take beside the scene,
// on two threads, and threadLimit what each further thread may add.
const memoryLimit, threadLimit = 500e6, 30e6

// openLimit is what opening and scaling may take beside the scene.
const openLimit = 150e6

// The scene of the promise, Houston 2013 in size.
const memoryH, memoryW, memoryBands = 349, 1905, 144

// memoryChild is the variable that makes this test binary a child: it names what to do, a colon, and the folder of the scene.
const memoryChild = "DIFFCLIP_MEMORY_CHILD"

var memoryJobs = map[string]func(dir string) (memoryUse, error){
	"open": func(dir string) (memoryUse, error) {
		_, _, _, use, err := openScene(dir)
		return use, err
	},
	"pretrain":            func(dir string) (memoryUse, error) { return pretrainFrom(dir, 2) },
	"pretrain, 4 threads": func(dir string) (memoryUse, error) { return pretrainFrom(dir, 4) },
	"map":                 mapFrom,
	"split":               splitFrom,
}

func TestMain(m *testing.M) {
	if job, dir, ok := strings.Cut(os.Getenv(memoryChild), ":"); ok {
		use, err := memoryJobs[job](dir)
		if err == nil {
			err = json.NewEncoder(os.Stdout).Encode(use)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// memoryUse is what a child took, in bytes.
type memoryUse struct {
	Type           string // of the spectra's elements in memory
	Scene          int    // all rasters
	Opened, Fitted int    // the most it ever held until then
	Early          int    // after the first rows of a map
	Peak           int    // at the end
}

// openScene opens and scales a scene; use says what that took.
func openScene(dir string) (d *rsdata.Dataset, scaling *rsdata.Scaling, mods []vit.Modality, use memoryUse, err error) {
	if d, err = rsdata.Open(dir); err != nil {
		return
	}
	for i, m := range d.Modalities {
		mods = append(mods, vit.Modality{Name: m.Name, Bands: m.Bands})
		a := d.Scenes[0].Rasters[i].Array
		use.Scene += a.Len() * a.Type.Size()
	}
	use.Type = d.Scenes[0].Rasters[0].Array.Type.String()
	if use.Opened, err = peakMemory(); err != nil {
		return
	}
	if scaling, err = rsdata.Fit(d, rsdata.DefaultScaling()); err != nil {
		return
	}
	use.Fitted, err = peakMemory()
	return
}

// pretrainFrom opens a scene, fits its scaling and takes two steps of pre-training at the published sizes: in the first
// the arenas grow, in the second windows are gathered ahead.
func pretrainFrom(dir string, threads int) (memoryUse, error) {
	d, scaling, mods, use, err := openScene(dir)
	if err != nil {
		return use, err
	}
	model, err := diffusion.New(diffusion.Default(vit.Default(mods...)), 1)
	if err != nil {
		return use, err
	}
	be := tensor.NewCPU(threads)
	defer be.Close()
	cfg := diffusion.DefaultTrain()
	cfg.Epochs = 1
	pixels := make([]rsdata.Pixel, 2*cfg.Batch)
	for i := range pixels {
		at := i * (memoryH * memoryW / len(pixels))
		pixels[i] = rsdata.Pixel{Row: int32(at / memoryW), Col: int32(at % memoryW)}
	}
	steps := 0
	windows := rsdata.NewWindows(d, scaling, model.Config.Encoder.Window)
	_, err = model.Train(context.Background(), be, windows, pixels, cfg, train.Hooks{OnStep: func(train.Step) { steps++ }})
	if err != nil {
		return use, err
	}
	if steps != 2 {
		return use, fmt.Errorf("%d steps, want 2", steps)
	}
	use.Peak, err = peakMemory()
	return use, err
}

// mapFrom opens a scene and writes the first rows of its map by an untrained model of the published sizes.
func mapFrom(dir string) (memoryUse, error) {
	d, scaling, mods, use, err := openScene(dir)
	if err != nil {
		return use, err
	}
	model, err := clip.New(clip.Default(vit.Default(mods...), 8), 1)
	if err != nil {
		return use, err
	}
	be := tensor.NewCPU(2)
	defer be.Close()
	classes := []rsdata.Class{{Name: "one", Color: color.RGBA{R: 255, A: 255}}, {Name: "two", Color: color.RGBA{B: 255, A: 255}}}
	out, err := rsdata.CreateMap(dir, rsdata.MapSpec{Name: "scene", Width: memoryW, Height: memoryH, Classes: classes})
	if err != nil {
		return use, err
	}
	defer out.Close()
	enough := errors.New("enough rows")
	classifier := clip.NewClassifier(be, model, [][]int32{{1, 2, 3}, {1, 4, 3}})
	windows := rsdata.NewWindows(d, scaling, model.Config.Encoder.Window)
	err = clip.MapScene(context.Background(), classifier, d, windows, 0, func(row int, labels []uint8, confidence, _ []float32) error {
		if err := out.WriteRows(labels, confidence, nil); err != nil {
			return err
		}
		var err error
		switch row {
		case 1:
			use.Early, err = peakMemory()
		case 5:
			err = enough
		}
		return err
	})
	if !errors.Is(err, enough) {
		return use, err
	}
	use.Peak, err = peakMemory()
	return use, err
}

// splitFrom opens a scene and draws what stage 1 and stage 2 learn from.
func splitFrom(dir string) (memoryUse, error) {
	d, _, _, use, err := openScene(dir)
	if err != nil {
		return use, err
	}
	cfg := rsdata.DefaultSplit()
	cfg.Unlabelled = 64
	if _, err := d.Split(cfg); err != nil {
		return use, err
	}
	use.Peak, err = peakMemory()
	return use, err
}

// peakMemory returns the most memory this process ever had in use.
func peakMemory() (int, error) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, err := strconv.Atoi(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")))
			return kib * 1024, err
		}
	}
	return 0, errors.New("no VmHWM in /proc/self/status")
}

// needMemoryTest skips the test where it cannot run or was not asked for.
func needMemoryTest(t *testing.T) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("peak memory is read from /proc/self/status, which this system does not have")
	}
	if os.Getenv("DIFFCLIP_MEMORY") == "" {
		t.Skip("takes a minute and 0.8 GB of temporary disk: set DIFFCLIP_MEMORY=1 to run it")
	}
}

// measureMemory does a job in a process of its own and returns what that took.
func measureMemory(t *testing.T, job, dir string) (use memoryUse) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool {
		return strings.HasPrefix(v, "GOMEMLIMIT=") || strings.HasPrefix(v, "GOGC=") || strings.HasPrefix(v, "GODEBUG=")
	})
	cmd.Env = append(cmd.Env, memoryChild+"="+job+":"+dir)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, stderr.Bytes())
	}
	if err := json.Unmarshal(out, &use); err != nil {
		t.Fatalf("%v: %q", err, out)
	}
	return use
}

func mb(n int) float64 { return float64(n) / 1e6 }

// A map is made and written strip by strip: beside the scene it takes less memory than training, and no more after
// six rows than after two.
func TestMemoryOfMap(t *testing.T) {
	needMemoryTest(t)
	dir := t.TempDir()
	writeNPY[float32](0.1)(t, dir)
	use := measureMemory(t, "map", dir)
	t.Logf("scene %.0f MB; beside it %.0f MB when scaled, %.0f after two rows of the map, %.0f after six",
		mb(use.Scene), mb(use.Fitted-use.Scene), mb(use.Early-use.Scene), mb(use.Peak-use.Scene))
	if over := use.Peak - use.Scene; over >= memoryLimit {
		t.Errorf("%.0f MB beside the scene, want less than %.0f", mb(over), memoryLimit/1e6)
	}
	if grown := use.Peak - use.Early; grown > 16e6 {
		t.Errorf("%.0f MB more after six rows than after two: a map must not keep what it has written", mb(grown))
	}
}

// A scene of few bands and many pixels, with a few thousand labels, takes a few bytes a pixel beside its rasters until
// it is divided into what trains and what tests.
func TestMemoryOfManyPixels(t *testing.T) {
	needMemoryTest(t)
	dir := t.TempDir()
	const side = 6000
	npy := func(name, shape string, each int, value func(i int) byte) {
		writeFileWith(t, filepath.Join(dir, name), func(w io.Writer) {
			head := fmt.Sprintf("{'descr': '|u1', 'fortran_order': False, 'shape': (%s), }", shape)
			io.WriteString(w, "\x93NUMPY\x01\x00v\x00"+head+strings.Repeat(" ", 117-len(head))+"\n")
			line := make([]byte, side*each)
			for r := range side {
				for i := range line {
					line[i] = value(r*len(line) + i)
				}
				w.Write(line)
			}
		})
	}
	npy("image.npy", fmt.Sprintf("%d, %d, 3", side, side), 3, func(i int) byte { return byte(i ^ i>>9) })
	npy("labels.npy", fmt.Sprintf("%d, %d", side, side), 1, func(i int) byte {
		if i%9001 != 0 {
			return 0
		}
		return byte(1 + i/9001%3)
	})
	use := measureMemory(t, "split", dir)
	each := func(n int) float64 { return float64(n-use.Scene) / (side * side) }
	t.Logf("scene %.0f MB; beside it %.1f bytes a pixel when opened, %.1f when scaled, %.1f when divided", mb(use.Scene), each(use.Opened), each(use.Fitted), each(use.Peak))
	if over := each(use.Peak); over > 8 {
		t.Errorf("%.1f bytes a pixel beside the scene, want at most 8", over)
	}
}

// Opening a scene of 349 x 1905 x 144 and scaling it takes the memory of the scene and little beside it, whatever file
// it comes from.
func TestMemoryForARealScene(t *testing.T) {
	needMemoryTest(t)
	for _, c := range []struct {
		name  string
		write func(t *testing.T, dir string)
		typ   string
	}{
		{"npy uint16", writeNPY[uint16](1), "uint16"},
		{"npy float32", writeNPY[float32](0.1), "float32"},
		{"npy float32 of integers", writeNPY[float32](1), "uint16"},
		{"MATLAB 5 doubles", writeMat5(0.1), "float32"},
		{"MATLAB 5 doubles of integers", writeMat5(1), "uint16"},
		{"MATLAB 7.3 doubles", writeMat73, "float32"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			c.write(t, dir)
			use := measureMemory(t, "open", dir)
			t.Logf("scene %.0f MB as %s; beside it %.0f MB when opened, %.0f when scaled",
				mb(use.Scene), use.Type, mb(use.Opened-use.Scene), mb(use.Fitted-use.Scene))
			if use.Type != c.typ {
				t.Errorf("the spectra are kept as %s, want %s", use.Type, c.typ)
			}
			if over := use.Fitted - use.Scene; over >= openLimit {
				t.Errorf("%.0f MB beside the scene, want less than %.0f", mb(over), openLimit/1e6)
			}
		})
	}
}

// Pre-training on it in batches of 256 takes less than 500 MB beside the scene; a further thread has an arena of its own,
// and takes little.
func TestMemoryOfPretraining(t *testing.T) {
	needMemoryTest(t)
	dir := t.TempDir()
	writeNPY[float32](0.1)(t, dir)
	two, four := measureMemory(t, "pretrain", dir), measureMemory(t, "pretrain, 4 threads", dir)
	over, each := two.Peak-two.Scene, (four.Peak-two.Peak)/2
	t.Logf("scene %.0f MB; beside it %.0f MB on two threads, %.0f for each further thread", mb(two.Scene), mb(over), mb(each))
	if over >= memoryLimit {
		t.Errorf("%.0f MB beside the scene, want less than %.0f", mb(over), memoryLimit/1e6)
	}
	if float64(each) >= threadLimit {
		t.Errorf("%.0f MB for each further thread, want less than %.0f", mb(each), threadLimit/1e6)
	}
}

// memoryValue is the scene's value at a place: an integer from 0 to 9999 times a unit.
func memoryValue(row, col, band int, unit float64) float64 {
	return float64((row*31+col*7+band*13)%10000) * unit
}

// writeFileWith writes a file piece by piece, so that it is never in memory.
func writeFileWith(t *testing.T, path string, write func(w io.Writer)) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	b := bufio.NewWriterSize(f, 1<<20)
	write(b)
	if err := errors.Join(b.Flush(), f.Close()); err != nil {
		t.Fatal(err)
	}
}

// writeNPY writes the scene's spectra row by row as elements of type T.
func writeNPY[T uint16 | float32](unit float64) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		t.Helper()
		var zero T
		kind := "<f4"
		if _, ok := any(zero).(uint16); ok {
			kind = "<u2"
		}
		writeFileWith(t, filepath.Join(dir, "hsi.npy"), func(w io.Writer) {
			head := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%d, %d, %d), }", kind, memoryH, memoryW, memoryBands)
			head += strings.Repeat(" ", 117-len(head)) + "\n"
			io.WriteString(w, "\x93NUMPY\x01\x00v\x00"+head)
			line := make([]T, memoryW*memoryBands)
			for r := range memoryH {
				for i := range line {
					line[i] = T(memoryValue(r, i/memoryBands, i%memoryBands, unit))
				}
				binary.Write(w, binary.LittleEndian, line)
			}
		})
	}
}

// writeMat5 writes the scene's spectra as doubles, without compression.
func writeMat5(unit float64) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		t.Helper()
		le := binary.LittleEndian
		writeFileWith(t, filepath.Join(dir, "hsi.mat"), func(w io.Writer) {
			head := fmt.Sprintf("%-124s\x00\x01IM", "MATLAB 5.0 MAT-file, written by a test")
			io.WriteString(w, head)
			const data = 8 * memoryH * memoryW * memoryBands
			for _, v := range []uint32{
				14, 64 + data, // a matrix: what follows
				6, 8, 6, 0, // flags: class double
				5, 12, memoryH, memoryW, memoryBands, 0, // dimensions
				1, 3, uint32('h') | uint32('s')<<8 | uint32('i')<<16, 0, // name
				9, data,
			} {
				w.Write(le.AppendUint32(nil, v))
			}
			column := make([]byte, 8*memoryH)
			for b := range memoryBands {
				for c := range memoryW {
					for r := range memoryH {
						le.PutUint64(column[8*r:], math.Float64bits(memoryValue(r, c, b, unit)))
					}
					w.Write(column)
				}
			}
		})
	}
}

// writeMat73 writes the scene's spectra as compressed doubles, as MATLAB 7.3 does;
// every band is the same, so that it is compressed once.
func writeMat73(t *testing.T, dir string) {
	t.Helper()
	python := ""
	for _, p := range []string{"python3", "/usr/bin/python3"} { // the second has Debian's packages
		if python == "" && exec.Command(p, "-c", "import h5py").Run() == nil {
			python = p
		}
	}
	if python == "" {
		t.Skip("python3 with h5py is missing, which writes this file")
	}
	script := fmt.Sprintf(`
import sys, h5py, numpy as np
h, w, bands = %d, %d, %d
r, c = np.arange(h)[None, :], np.arange(w)[:, None]
with h5py.File(sys.argv[1], 'w') as f:
    d = f.create_dataset('hsi', (bands, w, h), 'f8', chunks=(1, 256, h), compression='gzip', compression_opts=1)
    d.attrs['MATLAB_class'] = np.bytes_('double')
    d[0] = (r * 31 + c * 7) %% 10000 * 0.1
    for col in range(0, w, 256):
        _, chunk = d.id.read_direct_chunk((0, col, 0))
        for b in range(1, bands):
            d.id.write_direct_chunk((b, col, 0), chunk)
`, memoryH, memoryW, memoryBands)
	cmd := exec.Command(python, "-c", script, filepath.Join(dir, "hsi.mat"))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}
