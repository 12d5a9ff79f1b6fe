// Package matfile reads MATLAB's .mat files: level 5 (saved by -v6 and -v7, in
// either byte order) and 7.3, which is HDF5. It lists the variables without
// reading their data, and reads one by name: numeric, logical and char arrays,
// structs, struct arrays and cells. Level 4, sparse matrices, objects and
// function handles are refused by name; of complex arrays the real part is read
// and a note says so. HDF5 files that MATLAB did not save are read too, their
// dimensions as they stand.
//
// Formats: MathWorks, "MAT-File Format", R2023b; the HDF5 conventions as MATLAB
// writes them.
package matfile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"

	"diffclip/internal/hdf5"
	"diffclip/internal/numeric"
)

// Info describes a variable without its data.
type Info struct {
	Name  string
	Class string // MATLAB's class, such as "double", "logical" or "struct"
	Shape []int  // MATLAB's dimensions; nil for an opaque object
}

// File is an open .mat file.
type File struct {
	name string
	v5   *level5    // nil for 7.3
	v73  *hdf5.File // nil for level 5
}

// Open recognises the file by its content, whatever its header says it is, and
// lists its variables. The name is used in errors only; r must stay readable
// while the File is used.
func Open(r io.ReaderAt, size int64, name string) (*File, error) {
	if hdf5.Sniff(r, size) {
		h, err := hdf5.Open(r, size, name)
		if err != nil {
			return nil, err
		}
		return &File{name: name, v73: h}, nil
	}
	head := make([]byte, headerSize)
	n, err := r.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if n < headerSize || string(head[126:]) != "IM" && string(head[126:]) != "MI" {
		if isLevel4(head[:n]) {
			return nil, fmt.Errorf("%s: a MATLAB level 4 file; save it again with save(..., '-v7'), or in Python with scipy.io.savemat(out, scipy.io.loadmat(in))", name)
		}
		return nil, fmt.Errorf("%s: not a MATLAB file: begins with %q and has no byte-order mark at byte 126", name, head[:min(n, 16)])
	}
	l := &level5{r: r, size: size, order: binary.LittleEndian}
	if head[126] == 'M' {
		l.order = binary.BigEndian
	}
	if err := l.scan(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return &File{name: name, v5: l}, nil
}

// isLevel4 reports whether head looks like a level 4 matrix header: five 32-bit
// numbers, of which the first codes the type, then rows, columns, whether there is
// an imaginary part, and the length of the name.
func isLevel4(head []byte) bool {
	if len(head) < 20 {
		return false
	}
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		code, rows, cols, imag, name := order.Uint32(head), order.Uint32(head[4:]), order.Uint32(head[8:]), order.Uint32(head[12:]), order.Uint32(head[16:])
		if code < 5000 && code%10 <= 2 && rows < 1<<24 && cols < 1<<24 && imag <= 1 && name >= 2 && name < 1<<10 {
			return true
		}
	}
	return false
}

// Variables lists the variables in the file's order (7.3: by name).
func (f *File) Variables() ([]Info, error) {
	if f.v5 != nil {
		infos := make([]Info, len(f.v5.vars))
		for i, v := range f.v5.vars {
			infos[i] = v.Info
		}
		return infos, nil
	}
	infos, err := variables73(f.v73)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.name, err)
	}
	return infos, nil
}

// RootNumbers returns a numeric attribute of the root group of an HDF5 file; nil where
// there is none.
func (f *File) RootNumbers(name string) (*numeric.Array, error) {
	if f.v73 == nil {
		return nil, nil
	}
	f.v73.Renew()
	root, err := f.v73.Root()
	if err != nil {
		return nil, err
	}
	attr, err := root.Attr(name)
	if err != nil || attr == nil {
		return nil, err
	}
	return attr.Array()
}

// Read reads the variable that path begins with and returns the value that path
// leads to: "HSI", "hsi.Data", "Lidar(1).z", "names{2}" (see numeric.Named.Lookup), or
// in a file of groups "site/data".
// Arrays are converted to row-major order; beside them it holds at most about
// 2*numeric.SlabBytes of memory (7.3: four chunks), and the arrays themselves are
// no larger than what the file's bytes can inflate to, whatever it claims.
func (f *File) Read(path string) (*numeric.Named, error) { return f.lookup(path, false) }

// ReadNarrow is Read for arrays that need be no more exact than float32: floats
// never take more than four bytes an element (see numeric.Placement.Narrow).
func (f *File) ReadNarrow(path string) (*numeric.Named, error) { return f.lookup(path, true) }

func (f *File) lookup(path string, narrow bool) (*numeric.Named, error) {
	name, rest := path, ""
	if i := strings.IndexAny(path, ".({"); i > 0 && !strings.Contains(path, "/") { // in groups of HDF5 names may hold anything
		name, rest = path[:i], path[i:]
	}
	v, err := f.read(name, narrow)
	if err != nil {
		return nil, err
	}
	v.Name = name
	got, err := v.Lookup(rest)
	if err != nil {
		return nil, fmt.Errorf("%s: variable %q: %w", f.name, name, err)
	}
	if got.Note != "" && got.Array == nil {
		return nil, fmt.Errorf("%s: %q is %s", f.name, path, got.Note)
	}
	return got, nil
}

// errDeep ends a descent that no real file asks for. It comes without the steps
// that led there (see step), which would be many.
var errDeep = fmt.Errorf("nested deeper than %d: in a circle?", maxDepth)

// step adds where inside a variable an error arose.
func step(err error, format string, args ...any) error {
	if err == nil || errors.Is(err, errDeep) {
		return err
	}
	return fmt.Errorf("%s: %w", fmt.Sprintf(format, args...), err)
}

func (f *File) read(name string, narrow bool) (v *numeric.Named, err error) {
	if f.v73 != nil {
		v, err = read73(f.v73, name, narrow)
	} else {
		v, err = f.v5.read(name, narrow)
	}
	if err == nil && v == nil {
		infos, err := f.Variables()
		if err != nil {
			return nil, err
		}
		return nil, fmt.Errorf("%s: no variable %q; the file has %s", f.name, name, list(infos))
	}
	if err != nil {
		return nil, fmt.Errorf("%s: variable %q: %w", f.name, name, err)
	}
	return v, nil
}

// list joins the variables for a message, the first few where there are many.
func list(infos []Info) string {
	if len(infos) == 0 {
		return "none"
	}
	var parts []string
	for _, v := range infos {
		if len(parts) == 24 {
			parts = append(parts, fmt.Sprintf("... (%d in all)", len(infos)))
			break
		}
		parts = append(parts, fmt.Sprintf("%s (%s %v)", v.Name, v.Class, v.Shape))
	}
	return strings.Join(parts, ", ")
}
