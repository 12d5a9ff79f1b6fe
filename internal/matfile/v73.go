package matfile

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"diffclip/internal/hdf5"
	"diffclip/internal/numeric"
)

// A MATLAB 7.3 file is HDF5: an array is a dataset with its dimensions reversed, a
// struct a group, a cell a dataset of references into the group "#refs#", and a
// struct array a group whose fields are such datasets. The attribute MATLAB_class
// names the class; an empty array is a dataset of its dimensions, marked
// MATLAB_empty.
//
// A dataset without a class was not saved by MATLAB but, as a rule, by h5py: it has
// its dimensions as they stand, as Python and the HDF5 tools show them. Datasets
// deeper in groups without a class are variables too, by their path: "site/data".

// variables73 lists the members of the root group that are variables.
func variables73(h *hdf5.File) ([]Info, error) {
	h.Renew()
	root, err := h.Root()
	if err != nil {
		return nil, err
	}
	links, err := root.Links()
	if err != nil {
		return nil, err
	}
	list := lister{h: h, infos: []Info{}, seen: map[uint64]bool{}}
	for _, l := range links {
		if strings.HasPrefix(l.Name, "#") {
			continue
		}
		if err := list.add(l, l.Name); err != nil {
			return nil, fmt.Errorf("variable %q: %w", l.Name, err)
		}
	}
	return list.infos, nil
}

// lister collects variables.
type lister struct {
	h     *hdf5.File
	infos []Info
	seen  map[uint64]bool // groups, which may contain each other
}

// add appends what a link leads to: a variable, or the variables below a group that
// is no struct of MATLAB's.
func (list *lister) add(l hdf5.Link, name string) error {
	o, err := list.h.Object(l.Addr)
	if err != nil {
		return err
	}
	d, err := describe(o)
	switch {
	case err != nil:
		return err
	case len(list.infos) == maxVariables:
		return fmt.Errorf("more than %d variables", maxVariables)
	case o.IsDataset() || d.matlab:
		list.infos = append(list.infos, Info{name, d.class, d.shape})
		return nil
	case list.seen[l.Addr]:
		return nil
	case strings.Count(name, "/") > maxDepth:
		return errDeep
	}
	list.seen[l.Addr] = true
	links, err := o.Links()
	if err != nil {
		return err
	}
	for _, l := range links {
		if err := list.add(l, name+"/"+l.Name); err != nil {
			return step(err, "in its group, %q", l.Name)
		}
	}
	return nil
}

// read73 reads the variable of a name or of a path of groups; nil where there is none.
func read73(h *hdf5.File, name string, narrow bool) (*numeric.Named, error) {
	if strings.HasPrefix(name, "#") {
		return nil, nil
	}
	h.Renew()
	o, err := h.Find(name)
	if o == nil || err != nil {
		return nil, err
	}
	r := reader73{h: h, narrow: narrow}
	v, err := r.value(o.Addr(), name, 0)
	return &v, err
}

// description is an object's class and dimensions.
type description struct {
	class  string
	shape  []int
	matlab bool // the class is MATLAB's word, and the dimensions are stored reversed
}

func describe(o *hdf5.Object) (d description, err error) {
	if d.class, err = classOf(o); err != nil {
		return d, err
	}
	d.matlab = d.class != ""
	if !o.IsDataset() {
		if !d.matlab {
			d.class = "struct"
		}
		d.shape = []int{1, 1}
		return d, nil
	}
	if empty, err := flag(o, "MATLAB_empty"); err != nil || empty {
		if err == nil {
			d.shape, err = emptyShape(o)
		}
		return d, err
	}
	if d.shape, err = o.Shape(); err != nil {
		return d, err
	}
	if d.matlab {
		slices.Reverse(d.shape)
		return d, nil
	}
	t, err := o.Datatype()
	if err != nil {
		d.class = "unreadable"
		return d, nil
	}
	d.class = classFor(t)
	return d, nil
}

func classOf(o *hdf5.Object) (string, error) {
	a, err := o.Attr("MATLAB_class")
	if a == nil || err != nil {
		return "", err
	}
	s, err := a.Strings()
	if err != nil || len(s) != 1 {
		return "", fmt.Errorf("MATLAB_class is not one text: %q, %v", s, err)
	}
	return s[0], nil
}

// classFor returns MATLAB's name of an HDF5 type.
func classFor(t hdf5.Datatype) string {
	switch t.Class {
	case hdf5.String, hdf5.VarString:
		return "char"
	case hdf5.Reference:
		return "cell"
	}
	switch t.Format.Type {
	case numeric.Float32:
		return "single"
	case numeric.Float64:
		return "double"
	}
	return t.Format.Type.String()
}

// flag reports whether an object has an attribute that is a number other than 0.
func flag(o *hdf5.Object, name string) (bool, error) {
	a, err := o.Attr(name)
	if a == nil || err != nil {
		return false, err
	}
	v, err := a.Array()
	if err != nil || v.Len() != 1 {
		return false, fmt.Errorf("attribute %s is not one number", name)
	}
	return v.At64(0) != 0, nil
}

// emptyShape reads the dimensions that stand in for an empty array.
func emptyShape(o *hdf5.Object) ([]int, error) {
	stored, err := o.Shape()
	if err != nil {
		return nil, err
	}
	if n, err := numeric.Count(stored); err != nil || n > maxRank {
		return nil, fmt.Errorf("an empty array with %d dimensions", n)
	}
	a, err := o.Read()
	if err != nil {
		return nil, err
	}
	shape, err := a.Ints()
	if err != nil {
		return nil, err
	}
	if n, err := numeric.Count(shape); err != nil || n != 0 {
		return nil, fmt.Errorf("marked empty with dimensions %v", shape)
	}
	return shape, nil
}

// reader73 reads one variable.
type reader73 struct {
	h      *hdf5.File
	nodes  int  // values made so far
	narrow bool // see numeric.Placement
}

// value reads the object at an address and all that it refers to.
func (r *reader73) value(addr uint64, name string, depth int) (v numeric.Named, err error) {
	if r.nodes++; r.nodes > maxNodes {
		return v, fmt.Errorf("holds more than %d values", maxNodes)
	}
	if depth > maxDepth {
		return v, errDeep
	}
	o, err := r.h.Object(addr)
	if err != nil {
		return v, err
	}
	v.Name = name
	d, err := describe(o)
	if err != nil {
		return v, err
	}
	v.Class, v.Shape = d.class, d.shape
	for _, mark := range []struct{ attr, note string }{
		{"MATLAB_sparse", "a sparse matrix, which is not read: save full(x) instead"},
		{"MATLAB_object_decode", "an object of class " + v.Class + ", which is not read: save its values as plain arrays"},
	} {
		if a, err := o.Attr(mark.attr); err != nil || a != nil {
			v.Note = mark.note
			return v, err
		}
	}
	if !o.IsDataset() {
		return v, r.fields(&v, o, depth)
	}
	return v, r.dataset(&v, o, d.matlab, depth)
}

func (r *reader73) dataset(v *numeric.Named, o *hdf5.Object, matlab bool, depth int) error {
	empty, err := flag(o, "MATLAB_empty")
	if err != nil {
		return err
	}
	t, err := o.Datatype()
	if errors.Is(err, hdf5.ErrUnsupported) {
		v.Note = "not read: it " + err.Error()
		return nil
	}
	if err != nil {
		return err
	}
	switch {
	case empty:
		for _, c := range classes {
			if c.name == v.Class && c.typ.Valid() {
				v.Array = numeric.New(c.typ, v.Shape)
			}
		}
		if v.Class == "logical" {
			v.Array = numeric.New(numeric.Uint8, v.Shape)
		}
		return nil
	case t.Class == hdf5.Reference:
		return r.cells(v, o, depth)
	case t.Class == hdf5.String || t.Class == hdf5.VarString:
		lines, err := o.Strings()
		v.Text = strings.Join(lines, "\n")
		return err
	case v.Class == "char":
		a, err := o.Read() // in the file's order, which is MATLAB's linear order
		if err != nil {
			return err
		}
		units := make([]rune, a.Len())
		for i := range units {
			units[i] = rune(a.At64(i))
		}
		v.Text = rows(units, v.Shape)
		return nil
	}
	switch {
	case matlab:
		v.Array, err = o.ReadReversed(r.narrow)
	case r.narrow:
		v.Array, err = o.ReadNarrow()
	default:
		v.Array, err = o.Read()
	}
	if err == nil && !matlab {
		v.NoData, err = noData(o)
		if err == nil {
			v.Scale, err = scale(o)
		}
	}
	return err
}

// noData returns the value that a dataset's attributes call missing: those of netCDF,
// and of NEON's flights.
func noData(o *hdf5.Object) (*float64, error) {
	for _, name := range []string{"_FillValue", "missing_value", "Data_Ignore_Value"} {
		v, err := numbers(o, name)
		if err != nil {
			return nil, err
		}
		if len(v) > 0 {
			return &v[0], nil
		}
	}
	return nil, nil
}

// scale returns what a dataset's attributes say of its values: those of netCDF, by which
// to multiply and what to add, and that of NEON's flights, by which to divide.
func scale(o *hdf5.Object) ([]numeric.Scale, error) {
	gain, err := numbers(o, "scale_factor")
	if err != nil {
		return nil, err
	}
	offset, err := numbers(o, "add_offset")
	if err != nil {
		return nil, err
	}
	if gain == nil && offset == nil {
		divisor, err := numbers(o, "Scale_Factor")
		if err != nil {
			return nil, err
		}
		for _, d := range divisor {
			gain = append(gain, 1/d)
		}
	}
	var out []numeric.Scale
	for i := range max(len(gain), len(offset)) {
		out = append(out, numeric.Stored)
		if gain != nil {
			out[i].Gain = gain[min(i, len(gain)-1)]
		}
		if offset != nil {
			out[i].Offset = offset[min(i, len(offset)-1)]
		}
	}
	return out, nil
}

// numbers returns the values of a numeric attribute, nil where a dataset has none of the name.
func numbers(o *hdf5.Object, name string) ([]float64, error) {
	a, err := o.Attr(name)
	if errors.Is(err, hdf5.ErrUnsupported) || err == nil && (a == nil || a.Type.Class != hdf5.Numeric) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	v, err := a.Array()
	if err != nil {
		return nil, fmt.Errorf("attribute %s: %w", name, err)
	}
	var out []float64
	for i := range v.Len() {
		out = append(out, v.At64(i))
	}
	return out, nil
}

func (r *reader73) cells(v *numeric.Named, o *hdf5.Object, depth int) error {
	refs, err := o.References()
	if err != nil {
		return err
	}
	for i, addr := range refs {
		c, err := r.value(addr, fmt.Sprintf("{%d}", i+1), depth+1)
		if err != nil {
			return step(err, "cell %d of %d", i+1, len(refs))
		}
		v.Children = append(v.Children, c)
	}
	return nil
}

// fields reads a group: a struct, or a struct array where every field is a dataset
// of references that has no class of its own.
func (r *reader73) fields(v *numeric.Named, o *hdf5.Object, depth int) error {
	links, err := o.Links()
	if err != nil {
		return err
	}
	if err := sortFields(o, links); err != nil {
		return err
	}
	columns := make([][]uint64, len(links))
	array := len(links) > 0
	for i, l := range links {
		var shape []int
		if columns[i], shape, err = r.elements(l.Addr); err != nil {
			return fmt.Errorf("field %q: %w", l.Name, err)
		}
		if array = array && columns[i] != nil && len(columns[i]) == len(columns[0]); !array {
			break
		}
		v.Shape = shape
	}
	if !array {
		v.Shape = []int{1, 1}
		for _, l := range links {
			f, err := r.value(l.Addr, l.Name, depth+1)
			if err != nil {
				return step(err, "field %q", l.Name)
			}
			v.Children = append(v.Children, f)
		}
		return nil
	}
	for e := range columns[0] {
		element := numeric.Named{Name: fmt.Sprintf("(%d)", e+1), Class: "struct", Shape: []int{1, 1}}
		for i, l := range links {
			f, err := r.value(columns[i][e], l.Name, depth+1)
			if err != nil {
				return step(err, "element %d, field %q", e+1, l.Name)
			}
			element.Children = append(element.Children, f)
		}
		v.Children = append(v.Children, element)
	}
	return nil
}

// elements returns the references of a struct array's field and their shape; nil
// where the object is no such field.
func (r *reader73) elements(addr uint64) ([]uint64, []int, error) {
	o, err := r.h.Object(addr)
	if err != nil || !o.IsDataset() {
		return nil, nil, err
	}
	if class, err := classOf(o); class != "" || err != nil {
		return nil, nil, err
	}
	if t, err := o.Datatype(); err != nil || t.Class != hdf5.Reference {
		return nil, nil, nil
	}
	shape, err := o.Shape()
	if err != nil {
		return nil, nil, err
	}
	slices.Reverse(shape)
	refs, err := o.References()
	return refs, shape, err
}

// sortFields puts a struct's fields in the order of the attribute MATLAB_fields,
// where there is one; HDF5 lists them by name.
func sortFields(o *hdf5.Object, links []hdf5.Link) error {
	a, err := o.Attr("MATLAB_fields")
	if a == nil || err != nil {
		return err
	}
	names, err := a.Strings()
	if err != nil {
		return fmt.Errorf("MATLAB_fields: %w", err)
	}
	place := map[string]int{}
	for i, name := range names {
		place[name] = i - len(names)
	}
	slices.SortStableFunc(links, func(a, b hdf5.Link) int { return place[a.Name] - place[b.Name] })
	return nil
}
