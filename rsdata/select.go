package rsdata

import (
	"fmt"
	"strings"
)

// Select returns the dataset with only some classes, given by label, in that order: the first becomes label 1. Other
// labels become unlabelled, other objects are left out. Rasters are shared, not copied.
func (d *Dataset) Select(labels ...uint8) (*Dataset, error) {
	var to [MaxClasses + 1]uint8
	out := *d
	out.Classes, out.Scenes = nil, nil
	for i, l := range labels {
		if l == 0 || int(l) > len(d.Classes) {
			return nil, fmt.Errorf("dataset %q has no label %d to select, only 1..%d", d.Name, l, len(d.Classes))
		}
		if to[l] != 0 {
			return nil, fmt.Errorf("label %d is selected twice", l)
		}
		to[l] = uint8(i + 1)
		out.Classes = append(out.Classes, d.Classes[l-1])
	}
	out.Positive = to[d.Positive]
	if len(labels) == 0 {
		return nil, fmt.Errorf("dataset %q: no class selected", d.Name)
	}
	for _, s := range d.Scenes {
		c := *s
		c.Labels, c.Train, c.Test = relabel(s.Labels, &to), relabel(s.Train, &to), relabel(s.Test, &to)
		c.Objects = nil
		for _, o := range s.Objects {
			if to[o.Label] != 0 {
				o.Label = to[o.Label]
				c.Objects = append(c.Objects, o)
			}
		}
		out.Scenes = append(out.Scenes, &c)
	}
	out.Notes = append([]string(nil), d.Notes...)
	return &out, nil
}

// AtLeast returns the dataset with only the classes of at least n labelled samples, and a note that names the others.
func (d *Dataset) AtLeast(n int) (*Dataset, error) {
	var keep []uint8
	var few, none []string
	for k, count := range d.Counts() {
		switch name := d.Classes[k].Name; {
		case count >= n:
			keep = append(keep, uint8(k+1))
		case count == 0:
			none = append(none, name)
		default:
			few = append(few, fmt.Sprintf("%s (%d)", name, count))
		}
	}
	if len(keep) == 0 {
		return nil, fmt.Errorf("dataset %q: no class has %d labelled samples, expected at least one; found %s", d.Name, n, listNames(append(few, none...)))
	}
	out, err := d.Select(keep...)
	if err == nil && few != nil {
		out.notef("classes with fewer than %d labelled samples are left out: %s", n, listNames(few))
	}
	if err == nil && none != nil {
		out.notef("classes without a labelled sample are left out: %s", listNames(none))
	}
	return out, err
}

// listNames lists names, of very many the first alone.
func listNames(names []string) string {
	const most = 16
	if len(names) > most {
		return fmt.Sprintf("%s, ... (%d in all)", strings.Join(names[:most], ", "), len(names))
	}
	return strings.Join(names, ", ")
}

// Counts returns how many labelled samples each class has: objects where there are any, else pixels.
func (d *Dataset) Counts() []int {
	counts := make([]int, len(d.Classes))
	for s := range d.labelled() {
		counts[s.Label-1]++
	}
	return counts
}

func relabel(labels []uint8, to *[MaxClasses + 1]uint8) []uint8 {
	if labels == nil {
		return nil
	}
	out := make([]uint8, len(labels))
	for i, l := range labels {
		out[i] = to[l]
	}
	return out
}
