package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// npy is a NumPy array of uint8 or uint16 with any header.
func npy(descr, shape string, data []byte) string {
	header := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': %s, }", descr, shape)
	for (10+len(header)+1)%64 != 0 {
		header += " "
	}
	header += "\n"
	return "\x93NUMPY\x01\x00" + string(binary.LittleEndian.AppendUint16(nil, uint16(len(header)))) + header + string(data)
}

const side = 24 // of the small scene

// cube is a scene of 5 bands.
func cube() string {
	data := make([]byte, side*side*5*2)
	for i := range data {
		data[i] = byte(i*i/7 + i)
	}
	return npy("<u2", fmt.Sprintf("(%d, %d, 5)", side, side), data)
}

// labels has three classes in stripes.
func labels(add byte) string {
	data := make([]byte, side*side)
	for i := range data {
		data[i] = byte(i%side/8) + 1 + add
	}
	return npy("|u1", fmt.Sprintf("(%d, %d)", side, side), data)
}

const sceneJSON = `{"name":"small","classes":[{"name":"left"},{"name":"middle"},{"name":"right"}],
"scenes":[{"name":"one","modalities":[{"name":"hsi","file":"hsi.npy"}],"labels":{"file":"gt.npy"}}]}`

// folder writes files to a new folder.
func writeFolder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// with returns the files of a good dataset with some replaced; "" removes one.
func with(changes ...string) map[string]string {
	files := map[string]string{"hsi.npy": cube(), "gt.npy": labels(0), "scene.json": sceneJSON}
	for i := 0; i < len(changes); i += 2 {
		if changes[i+1] == "" {
			delete(files, changes[i])
		} else {
			files[changes[i]] = changes[i+1]
		}
	}
	return files
}

func TestOwnScene(t *testing.T) {
	dir := writeFolder(t, with())
	text := succeed(t, "inspect", dir)
	for _, want := range []string{"hsi        5 bands", "3 classes", "middle"} {
		if !strings.Contains(text, want) {
			t.Errorf("inspect lacks %q:\n%s", want, text)
		}
	}
	preview := filepath.Join(t.TempDir(), "p.png")
	succeed(t, "inspect", dir, "-json", "-preview", preview)
	read(t, preview)
	out := filepath.Join(t.TempDir(), "run")
	t.Chdir(filepath.Dir(dir))
	if err := os.WriteFile("texts.json", []byte(`{"left": "dark and flat", "middle": "bright", "right": "rough"}`), 0o666); err != nil {
		t.Fatal(err)
	}
	succeed(t, tiny("pretrain", "-data", filepath.Base(dir), "-out", out, "-epochs", "1", "-pretrain-samples", "40", "-prompts", "texts.json")...)
	t.Chdir(t.TempDir()) // a run finds its data and its texts from anywhere
	succeed(t, "finetune", "-from", out, "-epochs", "1")
	for _, args := range [][]string{{"inspect", out}, {"pretrain", "-data", out, "-out", out + "2"}, {"map", "-from", out, "-data", out, "-out", out + "2"}} {
		if code, _, stderr := call(t, t.Context(), args...); code != exitFailure || !strings.Contains(stderr, "holds a run and no data: the run learned from "+dir) {
			t.Errorf("%s of a run as data: exit code %d, %q", args[0], code, stderr)
		}
	}
	if err := os.Rename(dir, dir+"-moved"); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := call(t, t.Context(), "eval", "-from", out); code != exitFailure || !strings.Contains(stderr, "say where with -data") {
		t.Errorf("data that have moved: exit code %d, %q", code, stderr)
	}
	succeed(t, "eval", "-from", out, "-data", dir+"-moved")
}

// The embedded scene can be looked at as other data can.
func TestInspectSynthetic(t *testing.T) {
	preview := filepath.Join(t.TempDir(), "p.png")
	if text := succeed(t, "inspect", "synthetic", "-preview", preview); !strings.HasPrefix(text, "dataset synthetic: 1 scene") || !strings.Contains(text, "Parking lot") {
		t.Errorf("inspect synthetic:\n%s", text)
	}
	read(t, preview)
	if text := succeed(t, "inspect", "synthetic", "-json"); !strings.Contains(text, "Parking lot") || !strings.Contains(text, `"files": []`) {
		t.Errorf("inspect synthetic -json:\n%s", text)
	}
}

// A folder whose names tell nothing becomes a scene by a draft, which is not
// written over.
func TestDraft(t *testing.T) {
	dir := writeFolder(t, map[string]string{"flight.npy": cube(), "heights.npy": npy("<f4", fmt.Sprintf("(%d, %d)", side, side), make([]byte, side*side*4)), "survey.npy": labels(0)[:len(labels(0))-1] + "\x00"})
	if text := succeed(t, "inspect", dir); !strings.Contains(text, "-draft") {
		t.Errorf("inspect does not say how to begin:\n%s", text)
	}
	succeed(t, "inspect", dir, "-draft")
	text := string(read(t, filepath.Join(dir, "scene.json")))
	for _, want := range []string{`"name": "flight"`, `"name": "heights"`, `"file": "survey.npy"`, `"name": "class 3"`, `"color": "#1f77b4"`} {
		if !strings.Contains(text, want) {
			t.Errorf("the draft lacks %s:\n%s", want, text)
		}
	}
	if text := succeed(t, "inspect", dir); !strings.Contains(text, "3 classes") || !strings.Contains(text, "heights    1 band") {
		t.Errorf("the draft is no scene:\n%s", text)
	}
	if code, _, stderr := call(t, t.Context(), "inspect", dir, "-draft"); code != exitFailure || !strings.Contains(stderr, "is there already") {
		t.Errorf("a second draft: exit code %d, %q", code, stderr)
	}
	if code, _, stderr := call(t, t.Context(), "inspect", t.TempDir(), "-draft"); code != exitFailure || !strings.Contains(stderr, "found no files") {
		t.Errorf("a draft of nothing: exit code %d, %q", code, stderr)
	}
}

// Files that make no dataset are listed even where a preview of them was asked for.
func TestNoPreview(t *testing.T) {
	dir := writeFolder(t, with("scene.json", "", "gt.npy", npy("|u1", "(5, 7)", make([]byte, 35))))
	code, stdout, stderr := call(t, t.Context(), "inspect", dir, "-preview", filepath.Join(t.TempDir(), "p.png"))
	if code != exitFailure || !strings.Contains(stderr, "no preview") || !strings.Contains(stdout, "hsi.npy") || !strings.Contains(stdout, "no dataset:") {
		t.Errorf("exit code %d\n%s%s", code, stdout, stderr)
	}
}

// Whatever is wrong with the files: exit code 1, one line that names what is
// wrong, and nothing left behind.
func TestHostileFiles(t *testing.T) {
	half := func(s string) string { return s[:len(s)/2] }
	for _, c := range []struct {
		name  string
		files map[string]string
		want  string // in the message of pretrain
	}{
		{"an empty folder", map[string]string{}, ""},
		{"a text file", map[string]string{"notes.txt": "hello"}, ""},
		{"an empty npy", with("hsi.npy", "\x00"), "hsi.npy"},
		{"a truncated npy", with("hsi.npy", half(cube())), "hsi.npy"},
		{"a cut npy header", with("hsi.npy", cube()[:20]), "hsi.npy"},
		{"an npy of a trillion values", with("hsi.npy", npy("<u2", "(1000000, 1000000, 5)", []byte("abcd"))), "hsi.npy"},
		{"an npy of a negative size", with("hsi.npy", npy("<u2", "(-24, -24, 5)", []byte("abcd"))), "hsi.npy"},
		{"an npy whose sizes overflow", with("hsi.npy", npy("<u2", "(4294967296, 4294967296, 5)", nil)), "hsi.npy"},
		{"an npy of objects", with("hsi.npy", npy("|O", "(24, 24, 5)", make([]byte, 23040))), "hsi.npy"},
		{"an npy of text", with("hsi.npy", npy("<U4", "(24, 24, 5)", make([]byte, 46080))), "hsi.npy"},
		{"labels of another size", with("gt.npy", npy("|u1", "(3, 3)", make([]byte, 9))), "gt.npy"},
		{"labels beyond the classes", with("gt.npy", labels(9)), ""},
		{"labels all zero", with("gt.npy", npy("|u1", "(24, 24)", make([]byte, 576))), ""},
		{"no label file", with("gt.npy", ""), "gt.npy"},
		{"no image file", with("hsi.npy", ""), "hsi.npy"},
		{"files swapped", with("hsi.npy", labels(0), "gt.npy", cube()), ""},
		{"a constant image", with("hsi.npy", npy("<u2", "(24, 24, 5)", make([]byte, 24*24*10))), ""},
		{"a scene.json cut short", with("scene.json", half(sceneJSON)), "scene.json"},
		{"a scene.json that is a list", with("scene.json", "[1, 2]"), "scene.json"},
		{"a scene.json without scenes", with("scene.json", `{"name":"x","classes":[{"name":"a"}],"scenes":[]}`), "scene"},
		{"a scene.json with an unknown word", with("scene.json", strings.Replace(sceneJSON, `"labels"`, `"label"`, 1)), ""},
		{"a scene.json that reaches outside", with("scene.json", strings.Replace(sceneJSON, "hsi.npy", "../../../etc/passwd", 1)), ""},
		{"a mat that is a picture", map[string]string{"HSI.mat": "\x89PNG\r\n\x1a\n" + strings.Repeat("x", 500)}, ""},
		{"a mat header alone", map[string]string{"HSI.mat": "MATLAB 5.0 MAT-file" + strings.Repeat(" ", 105) + "\x00\x01IM"}, ""},
		{"a mat with a lying length", map[string]string{"HSI.mat": "MATLAB 5.0 MAT-file" + strings.Repeat(" ", 105) + "\x00\x01IM\x0e\x00\x00\x00\xff\xff\xff\x7f"}, ""},
		{"a mat with damaged compression", map[string]string{"HSI.mat": "MATLAB 5.0 MAT-file" + strings.Repeat(" ", 105) + "\x00\x01IM\x0f\x00\x00\x00\x10\x00\x00\x00" + strings.Repeat("z", 16)}, ""},
		{"an hdf5 of eight bytes", map[string]string{"HSI.mat": "\x89HDF\r\n\x1a\n"}, ""},
		{"a tiff of eight bytes", map[string]string{"a.tif": "II*\x00\xff\xff\xff\xff"}, ""},
		{"a tiff whose directory is itself", map[string]string{"a.tif": "II*\x00\x08\x00\x00\x00\x00\x00\x08\x00\x00\x00"}, ""},
		{"an envi header without data", map[string]string{"a.hdr": "ENVI\nsamples = 4\nlines = 4\nbands = 2\ndata type = 4\ninterleave = bsq\n"}, ""},
		{"an envi header of a huge image", map[string]string{"a.hdr": "ENVI\nsamples = 999999999\nlines = 999999999\nbands = 999\ndata type = 5\ninterleave = bsq\n", "a.dat": "x"}, ""},
		{"an npz that is no zip", map[string]string{"a.npz": "PK\x03\x04" + strings.Repeat("\x00", 40)}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := writeFolder(t, c.files)
			out := filepath.Join(t.TempDir(), "run")
			code, _, stderr := call(t, t.Context(), tiny("pretrain", "-data", dir, "-out", out, "-epochs", "1")...)
			inOneLine(t, "pretrain", code, stderr)
			if !strings.Contains(stderr, c.want) {
				t.Errorf("the message does not speak of %q: %s", c.want, stderr)
			}
			if _, err := os.Stat(out); err == nil {
				t.Error("pretrain left a folder")
			}
			for _, name := range []string{"finetune", "map"} {
				code, _, stderr := call(t, t.Context(), hostileArgs(name, dir, out)...)
				inOneLine(t, name, code, stderr)
				if _, err := os.Stat(out); err == nil {
					t.Errorf("%s left a folder", name)
				}
			}
			preview := filepath.Join(t.TempDir(), "preview.png")
			code, _, stderr = call(t, t.Context(), "inspect", dir, "-preview", preview)
			if code != 0 {
				inOneLine(t, "inspect", code, stderr)
				if _, err := os.Stat(preview); err == nil {
					t.Error("inspect failed and left a preview")
				}
			}
		})
	}
}

// hostileArgs is a command line that reads a folder.
func hostileArgs(name, dir, out string) []string {
	if name == "map" {
		return []string{"map", "-from", dir, "-data", dir, "-out", out}
	}
	return tiny("finetune", "-data", dir, "-out", out, "-epochs", "1")
}

func inOneLine(t *testing.T, name string, code int, stderr string) {
	t.Helper()
	if code != exitFailure || strings.Count(stderr, "\n") != 1 || !strings.HasPrefix(stderr, "diffclip "+name+": ") {
		t.Errorf("%s: exit code %d, want 1 and one line: %q", name, code, stderr)
	}
	if strings.Contains(stderr, "goroutine") || strings.Contains(stderr, "runtime error") {
		t.Errorf("%s: not a message for people: %q", name, stderr)
	}
}

// Damaged runs and weights, and places that cannot be written to.
func TestDamagedRuns(t *testing.T) {
	good := stage1(t)
	succeed(t, "finetune", "-from", good, "-epochs", "1", "-map=false")
	weights := string(read(t, filepath.Join(good, "stage2.safetensors")))
	manifest := string(read(t, filepath.Join(good, "run.json")))
	damaged := func(name, content string) string {
		dir := filepath.Join(t.TempDir(), "run")
		if err := os.CopyFS(dir, os.DirFS(good)); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	file := filepath.Join(good, "run.json")
	out := filepath.Join(t.TempDir(), "map")
	for _, c := range []struct {
		name, want string
		args       []string
	}{
		{"no such run", "no run", []string{"eval", "-from", filepath.Join(t.TempDir(), "none")}},
		{"a folder without a run", "no run.json", []string{"eval", "-from", t.TempDir()}},
		{"a file as a run", "want the folder", []string{"eval", "-from", file}},
		{"run.json cut short", "run.json", []string{"eval", "-from", damaged("run.json", manifest[:len(manifest)/2])}},
		{"run.json of another version", "format 9", []string{"eval", "-from", damaged("run.json", strings.Replace(manifest, `"format": 1`, `"format": 9`, 1))}},
		{"run.json with an even window", "odd", []string{"eval", "-from", damaged("run.json", strings.ReplaceAll(manifest, `"window": 5`, `"window": 6`))}},
		{"run.json of another split", "have changed", []string{"eval", "-from", damaged("run.json", strings.Replace(manifest, `"hash": "`, `"hash": "0`, 1))}},
		{"weights cut short", "stage2.safetensors", []string{"eval", "-from", damaged("stage2.safetensors", weights[:len(weights)/2])}},
		{"weights of text", "stage2.safetensors", []string{"map", "-from", damaged("stage2.safetensors", "hello"), "-data", "synthetic", "-out", out}},
		{"weights of the other stage", "not the weights of stage 2", []string{"map", "-from", filepath.Join(good, "stage1.safetensors"), "-data", "synthetic", "-out", out}},
		{"weights of another depth", "do not fit the model", []string{"map", "-from", damaged("stage2.safetensors", strings.Replace(weights, `\"depth\":1,\"mlp`, `\"depth\":9,\"mlp`, 1)), "-data", "synthetic", "-out", out}},
		{"data of other bands", "is not like the data that the run learned from", []string{"map", "-from", good, "-data", writeFolder(t, with()), "-out", out}},
		{"a place below a file", "cannot use", tiny("pretrain", "-data", "synthetic", "-out", filepath.Join(file, "run"))},
		{"a place with other files", "no run", tiny("pretrain", "-data", "synthetic", "-out", writeFolder(t, with()))},
		{"a place with a run", "-force", tiny("pretrain", "-data", "synthetic", "-out", good)},
		{"nothing to resume", "nothing to resume", []string{"pretrain", "-resume", "-out", filepath.Join(t.TempDir(), "none")}},
		{"one class to compare", "at least 2", []string{"baselines", "-data", writeFolder(t, with("gt.npy", npy("|u1", "(24, 24)", bytes.Repeat([]byte{1}, 576)), "scene.json", strings.Replace(sceneJSON, `,{"name":"middle"},{"name":"right"}`, "", 1)))}},
		{"too many shots", "needs", []string{"finetune", "-from", good, "-force", "-shots", "9999999"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, _, stderr := call(t, t.Context(), c.args...)
			inOneLine(t, c.args[0], code, stderr)
			if !strings.Contains(stderr, c.want) {
				t.Errorf("the message does not speak of %q: %s", c.want, stderr)
			}
			if _, err := os.Stat(out); err == nil {
				t.Error("a folder was left")
			}
		})
	}
}

// Sizes beyond the machine or beyond reason: a sentence, at once, and no folder.
func TestSizesBeyondTheMachine(t *testing.T) {
	for _, c := range []struct{ flag, value, want string }{
		{"-window", "1000001", "want at most"},
		{"-window", "99999999999", "want at most"},
		{"-depth", "1000001", "want at most"},
		{"-decoder-depth", "999999999", "at most"},
		{"-dim", "4000000", "want at most"},
		{"-dim", "65536", "stage 1 takes at least"},
	} {
		if c.flag == "-dim" && c.value == "65536" && runtime.GOOS != "linux" && runtime.GOOS != "darwin" && runtime.GOOS != "windows" {
			continue // the size of the memory is not known here
		}
		out := filepath.Join(t.TempDir(), "run")
		code, _, stderr := call(t, t.Context(), append(tiny("pretrain", "-data", "synthetic", "-out", out, "-depth", "1"), c.flag, c.value)...)
		if code == 0 || !strings.Contains(stderr, c.want) || strings.Contains(stderr, "goroutine") {
			t.Errorf("%s %s: exit code %d, %q", c.flag, c.value, code, stderr)
		}
		if _, err := os.Stat(out); err == nil {
			t.Errorf("%s %s left a folder", c.flag, c.value)
		}
	}
}
