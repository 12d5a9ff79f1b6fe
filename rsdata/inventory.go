package rsdata

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// role is what an array is to a scene.
type role uint8

const (
	noRole role = iota
	hsiRole
	imageRole // several bands, of which no name tells more
	lidarRole
	labelRole // every known label
	trainRole
	testRole
)

// entry is one array found on disk.
type entry struct {
	path string // of its file
	variable
	role role
}

// ref is how a user names the array.
func (e entry) ref() string {
	if e.name == "" {
		return e.path
	}
	return e.path + ":" + e.name
}

// short is ref without the folder.
func (e entry) short() string { return entry{path: filepath.Base(e.path), variable: e.variable}.ref() }

func (e entry) String() string { return fmt.Sprintf("%s (%s)", e.short(), e.kind()) }

// size returns the rows and columns of an array that may be a raster.
func (e entry) size() [2]int { return [2]int{e.shape[0], e.shape[1]} }

// bands returns the values per pixel.
func (e entry) bands() int {
	if len(e.shape) == 2 {
		return 1
	}
	return e.shape[2]
}

// inventory lists the arrays of a folder or a file.
type inventory struct {
	root    string
	entries []entry
	broken  []error // files of a known format that could not be read
	other   []string
}

// takeInventory looks into every file of a folder, or into one file. Data are not read.
func takeInventory(path string) (*inventory, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	inv := &inventory{root: path}
	paths := []string{path}
	if info.IsDir() {
		if paths, err = filesOf(path); err != nil {
			return nil, err
		}
	}
	for _, p := range paths {
		inv.add(p)
	}
	return inv, nil
}

// filesOf lists the files of a folder by name, but those that accompany others.
func filesOf(dir string) ([]string, error) {
	list, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, e := range list {
		if p := filepath.Join(dir, e.Name()); !e.IsDir() && !strings.HasPrefix(e.Name(), ".") && !accompanies(p) {
			out = append(out, p)
		}
	}
	return out, nil
}

// filesEnding lists the files of a folder whose names have an ending, by name. It takes the folder's name as it stands,
// which filepath.Glob would not where it holds brackets, stars or question marks.
func filesEnding(dir, ending string) ([]string, error) {
	list, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, e := range list {
		if strings.HasSuffix(e.Name(), ending) {
			out = append(out, filepath.Join(dir, e.Name()))
		}
	}
	return out, nil
}

// add lists the arrays of one file.
func (inv *inventory) add(path string) {
	f, _, err := openArrays(path)
	if err != nil {
		var unknown unknownFormatError
		if errors.As(err, &unknown) {
			inv.other = append(inv.other, path)
		} else {
			inv.broken = append(inv.broken, err)
		}
		return
	}
	defer f.Close()
	vars, err := f.variables()
	if err != nil {
		inv.broken = append(inv.broken, err)
		return
	}
	for _, v := range vars {
		e := entry{path: path, variable: v}
		e.role = guessRole(e)
		inv.entries = append(inv.entries, e)
	}
}

// roleWord is a word that tells a role.
type roleWord struct {
	role    role
	pattern *regexp.Regexp
}

// roleWords are those of names, by the role they tell of. The first that matches decides.
var roleWords = []roleWord{
	{labelRole, regexp.MustCompile(`allgrd|all_?gt|full_?gt`)},
	{trainRole, regexp.MustCompile(`^(mask_?)?tr(ain)?([_\d]|$)|trlabel|train_?(label|data|gt|mask|ima?ge?)|samples_tr$`)},
	{testRole, regexp.MustCompile(`^(mask_?)?t(e|s|est)([_\d]|$)|t[se]label|test_?(label|data|gt|mask|ima?ge?)|samples_va$`)},
	{labelRole, regexp.MustCompile(`(^|_)gt(_|\d|$)|ground_?truth|^labels?$|_labels?$|gtimg`)},
	{lidarRole, regexp.MustCompile(`lidar|(^|_)n?(dsm|chm|dem|als)(_|$)`)},
	{hsiRole, regexp.MustCompile(`hsi|hyper|casi|aviris|corrected|spectra`)},
}

// names returns what may tell an array's role: the name of its variable, without HDF5's groups, and that of its file,
// in small letters.
func (e entry) names() [2]string {
	stem := strings.TrimSuffix(filepath.Base(e.path), filepath.Ext(e.path))
	return [2]string{strings.ToLower(e.name[strings.LastIndexByte(e.name, '/')+1:]), strings.ToLower(stem)}
}

// guessRole tells an array's role from the name of its variable, else of its file, and from its shape.
func guessRole(e entry) role {
	if !e.isRaster() {
		return noRole
	}
	names := e.names()
	switch {
	case strings.Contains(names[1], "allgrd"):
		return labelRole // its variable calls itself a test mask
	case e.isQuickLook(), e.isBandedLabels():
		return noRole
	}
	for _, text := range names {
		for _, w := range roleWords {
			if text == "" || !w.pattern.MatchString(text) {
				continue
			}
			if isMap := w.role == labelRole || w.role == trainRole || w.role == testRole; isMap && e.bands() > 1 && (w.role != labelRole || !isColored(e.variable)) {
				continue // a map has one band, or colours
			}
			if w.role == hsiRole && e.bands() < 4 {
				continue
			}
			return w.role
		}
	}
	switch {
	case e.bands() >= 10:
		return hsiRole
	case e.bands() > 1:
		return imageRole
	}
	return noRole
}

// quickLookWords name pictures for people and layers of quality, as EnMAP, DESIS and PRISMA bring them beside their spectra.
var quickLookWords = regexp.MustCompile(`(^|[-_])ql[-_]|quick_?look|err_matrix|(^|[-_])(preview|browse|thumbnail)([-_]|$)`)

func (e entry) isQuickLook() bool {
	names := e.names()
	return quickLookWords.MatchString(names[0]) || quickLookWords.MatchString(names[1])
}

// isMap reports whether an array is taken for a map of labels.
func (e entry) isMap() bool { return e.role == labelRole || e.role == trainRole || e.role == testRole }

// isBandedLabels reports whether a raster is called labels itself, not by the file that holds it, and has a band for each
// class, say: a form that is not read, and no input.
func (e entry) isBandedLabels() bool {
	if !e.isRaster() || e.bands() == 1 || isColored(e.variable) {
		return false
	}
	name := e.names()[0]
	if name == "" {
		name = e.names()[1]
	}
	return slices.ContainsFunc(roleWords, func(w roleWord) bool { return w.role == labelRole && w.pattern.MatchString(name) })
}

// rasterShape reports whether an array can be a raster or a map.
func rasterShape(shape []int) bool {
	if len(shape) != 2 && len(shape) != 3 {
		return false
	}
	return shape[0] > 1 && shape[1] > 1 && (len(shape) == 2 || shape[2] > 0)
}

// sizes returns the raster sizes in the inventory, the one of the most complete scene first.
func (inv *inventory) sizes() [][2]int {
	score := map[[2]int]int{}
	worth := map[role]int{hsiRole: 4, imageRole: 3, labelRole: 2, trainRole: 2, testRole: 1, lidarRole: 1}
	seen := map[string]bool{}
	var out [][2]int
	for _, e := range inv.entries {
		if e.role == noRole {
			continue
		}
		s := e.size()
		if _, ok := score[s]; !ok {
			out = append(out, s)
		}
		if key := fmt.Sprint(s, e.role); !seen[key] {
			seen[key] = true
			score[s] += worth[e.role]
		}
	}
	slices.SortStableFunc(out, func(a, b [2]int) int {
		if score[a] != score[b] {
			return score[b] - score[a]
		}
		return b[0]*b[1] - a[0]*a[1]
	})
	return out
}

// find returns the entries of a role and size, the plainest name first, and of spectra those of the most
// bands.
func (inv *inventory) find(r role, size [2]int) []entry {
	var out []entry
	for _, e := range inv.entries {
		if e.role == r && e.size() == size {
			out = append(out, e)
		}
	}
	slices.SortStableFunc(out, func(a, b entry) int {
		if n := awkward(a) - awkward(b); n != 0 || r != hsiRole {
			return n
		}
		return b.bands() - a.bands()
	})
	return out
}

// awkward is larger for derived arrays: masks beside maps, morphological profiles beside heights.
func awkward(e entry) int {
	name := strings.ToLower(filepath.Base(e.path) + ":" + e.name)
	n := 0
	for _, w := range []string{"mask", "_mp", "profile"} {
		if strings.Contains(name, w) {
			n++
		}
	}
	return n
}

// dims writes a shape as users do: 349 x 1905 x 144.
func dims(shape []int) string {
	if len(shape) == 0 {
		return "a single number"
	}
	parts := make([]string, len(shape))
	for i, d := range shape {
		parts[i] = fmt.Sprint(d)
	}
	return strings.Join(parts, " x ")
}
