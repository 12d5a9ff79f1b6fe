package rsdata

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Open opens the dataset in a folder or a file. It recognises, by content and shape, the layouts in which Houston
// 2013, Trento, MUUFL Gulfport, IDTReeS 2020, MRNet and single hyperspectral scenes with labels go round; anything
// else is described by a scene.json (see Description). "file.mat:key" takes one variable as the only raster.
//
// Options follow a question mark: "?halves" divides the first modality's bands in two modalities of equal size, for
// scenes that bring one alone; "?min=40" leaves out classes with fewer labelled samples. "?task=acl" (or abnormal, the
// default, or meniscus), "?slices=16" and "?side=55" say what to take of MRNet. Several are joined by "&".
//
// The dataset's Notes say what was assumed, its Missing what the files lack. Errors name the file, what was expected,
// what was found, and what to do.
func Open(path string) (*Dataset, error) {
	path, options, err := splitOptions(path)
	if err != nil {
		return nil, err
	}
	d, err := open(path, options)
	if err != nil {
		return nil, err
	}
	if options.mrnet != (mrnetOptions{}) && !d.Whole {
		return nil, fmt.Errorf("%s: options ?task, ?slices and ?side are for MRNet, and this is %s", path, d.Name)
	}
	return options.apply(path, d)
}

type openOptions struct {
	halves bool
	min    int // samples per class, 0 for the layout's own limit
	mrnet  mrnetOptions
}

// apply makes of a dataset what the options for any of them ask for, and checks it.
func (o *openOptions) apply(path string, d *Dataset) (*Dataset, error) {
	var err error
	if o.min > 0 {
		if d, err = d.AtLeast(o.min); err != nil {
			return nil, err
		}
	}
	if o.halves {
		if d, err = d.SplitSpectrum(d.Modalities[0].Bands / 2); err != nil {
			return nil, err
		}
	}
	if err := d.Validate(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(d.Classes) == 1 {
		d.notef("%s is the only class with labels, so that there is nothing to tell it from: label what is something else as a class, too", d.Classes[0].Name)
	}
	return d, nil
}

// CutOptions divides a path as Open takes it at the last question mark, before its options. A name that exists as it
// stands, with a key or without, has none, and the question mark of a volume of Windows, as in `\\?\C:\scene`, begins none.
func CutOptions(path string) (name, options string) {
	i := strings.LastIndexByte(path, '?')
	if file, _ := splitRef(path); i < len(file) && exists(file) || i < len(filepath.VolumeName(path)) {
		return path, ""
	}
	return path[:i], path[i+1:]
}

// splitOptions cuts the options off a path and reads them.
func splitOptions(path string) (string, openOptions, error) {
	var o openOptions
	name, options := CutOptions(path)
	if name == path {
		return path, o, nil
	}
	for _, opt := range strings.Split(options, "&") {
		key, value, _ := strings.Cut(opt, "=")
		n, err := strconv.Atoi(value)
		switch {
		case key == "halves" && value == "":
			o.halves = true
		case key == "min" && err == nil && n > 0:
			o.min = n
		case key == "task" && value != "":
			o.mrnet.task = value
		case key == "slices" && err == nil && n > 0:
			o.mrnet.slices = n
		case key == "side" && err == nil && n > 0:
			o.mrnet.side = n
		case !exists(name):
			return "", o, fmt.Errorf("%s: expected a folder or file with a scene, found none of this name, and %q is no option (?halves, ?min=N, or for MRNet ?task=NAME, ?slices=N or ?side=N)", path, opt)
		default:
			return "", o, fmt.Errorf("%s: option %q, expected ?halves, ?min=N, or for MRNet ?task=NAME, ?slices=N or ?side=N", path, opt)
		}
	}
	return name, o, nil
}

// open tries the layouts in turn.
func open(path string, o openOptions) (*Dataset, error) {
	info, err := os.Stat(path)
	if err != nil {
		if file, key := splitRef(path); key != "" {
			return openVariable(file, key)
		}
		return nil, fmt.Errorf("%w: expected a folder or file with a scene", err)
	}
	if !info.IsDir() {
		if strings.EqualFold(filepath.Ext(path), ".json") {
			return openDescription(path)
		}
	} else {
		if desc := filepath.Join(path, "scene.json"); exists(desc) {
			return openDescription(desc)
		}
		if files, ok := findMRNet(path); ok {
			all, err := files.open(o.mrnet)
			if err != nil {
				return nil, err
			}
			return all[0], nil
		}
		if files, ok := findIDTReeS(path); ok {
			return files.open(path, o.min)
		}
	}
	inv, err := takeInventory(path)
	if err != nil {
		return nil, err
	}
	if file := findMuuflStruct(inv); file != "" {
		return openMuuflStruct(file)
	}
	if len(inv.entries) == 0 && len(inv.broken) == 0 && info.IsDir() {
		if below := datasetsBelow(path); below != "" {
			return nil, fmt.Errorf("%s: holds no scene itself; did you mean %s?", path, below)
		}
	}
	return assemble(inv)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// openVariable opens one array as the only raster of a scene.
func openVariable(path, key string) (*Dataset, error) {
	c, err := loadRaster(path+":"+key, [2]int{}, nil)
	if err != nil {
		return nil, err
	}
	a := &assembly{name: datasetName(path), size: [2]int{c.array.Shape[0], c.array.Shape[1]}}
	a.addModality("hsi", c)
	return a.dataset()
}

// datasetsBelow names the folders one level down that hold files.
func datasetsBelow(dir string) string {
	list, err := os.ReadDir(dir)
	if err != nil {
		return ""
	}
	var names []string
	for _, e := range list {
		if e.IsDir() {
			if files, err := filesOf(filepath.Join(dir, e.Name())); err == nil && len(files) > 0 {
				names = append(names, filepath.Join(dir, e.Name()))
			}
		}
	}
	if len(names) > 5 {
		names = append(names[:5], "...")
	}
	return strings.Join(names, ", ")
}
