// Package mrnettest writes small volumes in the layout of MRNet, for tests: no exam
// of that data set may be passed on.
package mrnettest

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Side is the side of the pictures in pixels.
const Side = 64

// Slices returns how many slices a plane of an exam has: 9 to 13.
func Slices(exam, plane int) int { return 9 + (3*exam+plane)%5 }

// Write makes the folder of a data set of exams, the last quarter of them in valid,
// and returns it. Exam i has the label i%2 in every task: a bright square in the
// middle of its slices where that is 1, on a background that differs by exam, plane
// and slice.
func Write(t testing.TB, exams int) string {
	t.Helper()
	root := filepath.Join(t.TempDir(), "MRNet-v1.0")
	tables := map[string]string{}
	for i := range exams {
		part := "train"
		if i >= exams-exams/4 {
			part = "valid"
		}
		for p, plane := range []string{"axial", "coronal", "sagittal"} {
			n := Slices(i, p)
			WriteFile(t, filepath.Join(root, part, plane, fmt.Sprintf("%04d.npy", i)), Volume("|u1", n, Side, pixels(i, p, n)))
		}
		for _, task := range []string{"abnormal", "acl", "meniscus"} {
			tables[part+"-"+task+".csv"] += fmt.Sprintf("%04d,%d\n", i, i%2)
		}
	}
	for name, text := range tables {
		WriteFile(t, filepath.Join(root, name), []byte(text))
	}
	return root
}

// pixels draws n slices of an exam.
func pixels(exam, plane, n int) []byte {
	out := make([]byte, n*Side*Side)
	for i := range out {
		slice, row, col := i/(Side*Side), i/Side%Side, i%Side
		out[i] = byte(40 + (7*exam+13*plane+5*slice+row*col/16)%60)
		if exam%2 == 1 && max(row, col) < Side*5/8 && min(row, col) >= Side*3/8 {
			out[i] += 100
		}
	}
	return out
}

// Volume is an NPY file of n slices of a type as NumPy writes it.
func Volume(descr string, n, side int, data []byte) []byte {
	head := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%d, %d, %d), }", descr, n, side, side)
	head += strings.Repeat(" ", 127-10-len(head)) + "\n"
	out := binary.LittleEndian.AppendUint16([]byte("\x93NUMPY\x01\x00"), uint16(len(head)))
	return append(append(out, head...), data...)
}

// WriteFile writes a file and the folders above it.
func WriteFile(t testing.TB, path string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o666); err != nil {
		t.Fatal(err)
	}
}
