package numeric

import (
	"fmt"
	"strconv"
	"strings"
)

// Named is one value of a file that nests them, such as a MATLAB variable.
//
// A struct's Children are its fields. A struct array (more or fewer than one
// element) has one child of class struct per element, named "(1)", "(2)", ...,
// and a cell array one child per cell, named "{1}", "{2}", ..., both in MATLAB's
// linear (column-major) order.
type Named struct {
	Name     string
	Class    string // MATLAB's name: "double", "uint8", "logical", "char", "struct", "cell", ...
	Shape    []int
	Array    *Array   // numeric and logical classes, else nil
	Text     string   // class char; the rows of a matrix are joined by "\n", trailing blanks cut
	Children []Named  // classes struct and cell
	NoData   *float64 // the value of Array that means "not measured", nil where the file names none
	Scale    []Scale  // of Array's values: one for all, or one for each of the last subscript; nil where they are what was measured
	Note     string   // what was left out in reading, "" for nothing (an imaginary part, an opaque object)
}

// Lookup follows a path as MATLAB writes it, such as "Lidar(2).z" or "names{3}",
// from n. Indices are 1-based and linear. The empty path is n itself.
func (n *Named) Lookup(path string) (*Named, error) {
	for rest := path; rest != ""; {
		step, after, err := nextStep(rest)
		if err != nil {
			return nil, fmt.Errorf("path %q: %w", path, err)
		}
		next := n.child(step)
		if next == nil {
			return nil, fmt.Errorf("path %q: no %q in %s (class %s, shape %v), which has %s",
				path, step, quoteName(n.Name), n.Class, n.Shape, n.childNames())
		}
		n, rest = next, after
	}
	return n, nil
}

// nextStep cuts the first step off a path: a field name, "(k)" or "{k}".
func nextStep(path string) (step, rest string, err error) {
	path = strings.TrimPrefix(path, ".")
	if path == "" {
		return "", "", fmt.Errorf("ends in a dot")
	}
	if shut := map[byte]byte{'(': ')', '{': '}'}[path[0]]; shut != 0 {
		end := strings.IndexByte(path, shut)
		if end < 0 {
			return "", "", fmt.Errorf("missing %q", string(shut))
		}
		k, err := strconv.Atoi(strings.TrimSpace(path[1:end]))
		if err != nil || k < 1 {
			return "", "", fmt.Errorf("index %q is not a whole number from 1", path[1:end])
		}
		return fmt.Sprintf("%c%d%c", path[0], k, shut), path[end+1:], nil
	}
	if end := strings.IndexAny(path, ".({"); end > 0 {
		return path[:end], path[end:], nil
	}
	return path, "", nil
}

func (n *Named) child(step string) *Named {
	for i := range n.Children {
		if n.Children[i].Name == step {
			return &n.Children[i]
		}
	}
	if step == "(1)" && n.Class != "cell" && isScalar(n.Shape) { // x(1) is x
		return n
	}
	return nil
}

func isScalar(shape []int) bool {
	for _, d := range shape {
		if d != 1 {
			return false
		}
	}
	return true
}

// childNames lists the children for a message, the first few where there are many.
func (n *Named) childNames() string {
	if len(n.Children) == 0 {
		return "nothing inside"
	}
	var names []string
	for _, c := range n.Children {
		if len(names) == 12 {
			names = append(names, fmt.Sprintf("... (%d in all)", len(n.Children)))
			break
		}
		names = append(names, c.Name)
	}
	return strings.Join(names, ", ")
}

func quoteName(name string) string {
	if name == "" {
		return "the value"
	}
	return strconv.Quote(name)
}
