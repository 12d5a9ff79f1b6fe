package rsdata

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"diffclip/internal/georef"
	"diffclip/internal/shp"
	"diffclip/internal/table"
)

// idtreesMinimum is how many crowns a species needs to become a class, unless the caller asks otherwise.
const idtreesMinimum = 40

// commonNames are the species of the competition in plain English.
var commonNames = map[string]string{
	"ACPE": "Striped maple", "ACRU": "Red maple", "ACSA3": "Sugar maple", "AMLA": "Allegheny serviceberry", "BETUL": "Birch",
	"CAGL8": "Pignut hickory", "CATO6": "Mockernut hickory", "FAGR": "American beech", "GOLA": "Loblolly bay", "LITU": "Tulip tree",
	"LYLU3": "Fetterbush", "MAGNO": "Magnolia", "NYBI": "Swamp tupelo", "NYSY": "Black gum", "OXYDE": "Sourwood", "PEPA37": "Swamp bay",
	"PIEL": "Slash pine", "PINUS": "Pine", "PIPA2": "Longleaf pine", "PITA": "Loblolly pine", "PRSE2": "Black cherry", "QUAL": "White oak",
	"QUCO2": "Scarlet oak", "QUERC": "Oak", "QUGE2": "Sand live oak", "QUHE2": "Darlington oak", "QULA2": "Turkey oak", "QULA3": "Laurel oak",
	"QUMO4": "Chestnut oak", "QUNI": "Water oak", "QURU": "Northern red oak", "ROPS": "Black locust", "TSCA": "Eastern hemlock",
}

// idtrees are the files of the IDTReeS 2020 competition: plots of 20 x 20 m at two NEON sites with spectra and canopy
// heights, crowns drawn as polygons, and a table that names the species of most of them.
type idtrees struct {
	hsi, chm string // folders of GeoTIFFs, one per plot
	crowns   string // folder of shapefiles
	species  string // table
}

// findIDTReeS recognises the folder, as unpacked or with its "train" folder inside; false where it is something else.
func findIDTReeS(dir string) (idtrees, bool) {
	for _, base := range []string{dir, filepath.Join(dir, "train")} {
		for _, remote := range []string{"", "RemoteSensing"} {
			f := idtrees{
				hsi: filepath.Join(base, remote, "HSI"), chm: filepath.Join(base, remote, "CHM"),
				crowns: filepath.Join(base, "ITC"), species: filepath.Join(base, "Field", "train_data.csv"),
			}
			if exists(f.hsi) && exists(f.crowns) {
				return f, true
			}
		}
	}
	return idtrees{}, false
}

// open reads every plot and gives the crowns of species with at least the given number of them to it.
func (f idtrees) open(name string, least int) (*Dataset, error) {
	d := &Dataset{Name: "IDTReeS 2020", Modalities: []Modality{{Name: "hsi"}, {Name: "chm"}}}
	if err := f.readPlots(d); err != nil {
		return nil, err
	}
	taxa, err := readTaxa(f.species)
	if errors.Is(err, os.ErrNotExist) {
		d.Missing = append(d.Missing, fmt.Sprintf("the species of the crowns: a table Field/train_data.csv with columns indvdID and taxonID, expected at %s", f.species))
		return d, nil
	}
	if err != nil {
		return nil, err
	}
	layers, err := f.readCrowns()
	if err != nil {
		return nil, err
	}
	if err := d.placeCrowns(layers, taxa); err != nil {
		return nil, err
	}
	if least == 0 {
		least = idtreesMinimum
	}
	if d, err = d.AtLeast(least); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	for _, s := range d.Scenes {
		s.Labels = crownLabels(s)
	}
	return d, nil
}

// readPlots loads the plots, in the order of their names, and leaves out those that are the same image twice.
func (f idtrees) readPlots(d *Dataset) error {
	paths, err := filesEnding(f.hsi, ".tif")
	if err != nil {
		return err
	}
	if len(paths) == 0 {
		return fmt.Errorf("%s: expected plots as GeoTIFF files, found none", f.hsi)
	}
	slices.SortFunc(paths, comparePlots)
	first := map[georef.Affine]string{}
	for _, path := range paths {
		plot := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
		s, err := f.readPlot(d, plot)
		if err != nil {
			return err
		}
		at := s.Grid.Transform
		if other, ok := first[at]; ok {
			d.notef("plot %s is left out: it covers the same ground as %s", plot, other)
			continue
		}
		first[at] = plot
		d.Scenes = append(d.Scenes, s)
	}
	return nil
}

// comparePlots orders MLBS_2 before MLBS_10: by what precedes the number, then by the number's digits.
func comparePlots(a, b string) int {
	stem := func(path string) string {
		return strings.TrimRight(strings.TrimSuffix(path, filepath.Ext(path)), "0123456789")
	}
	return cmp.Or(cmp.Compare(stem(a), stem(b)), cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
}

func (f idtrees) readPlot(d *Dataset, plot string) (*Scene, error) {
	s := &Scene{Name: plot}
	for m, dir := range []string{f.hsi, f.chm} {
		path := filepath.Join(dir, plot+".tif")
		c, err := loadRaster(path, [2]int{s.H, s.W}, nil)
		if errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf("%w: every plot needs a file in both %s and %s", err, f.hsi, f.chm)
		}
		if err != nil {
			return nil, err
		}
		if c.grid == nil || !c.grid.Placed() {
			return nil, fmt.Errorf("%s: expected a georeferenced TIFF, found no transform: crowns cannot be placed", path)
		}
		s.H, s.W = c.array.Shape[0], c.array.Shape[1]
		bands := c.array.Shape[2]
		switch mod := &d.Modalities[m]; {
		case mod.Bands == 0:
			mod.Bands, mod.Wavelengths = bands, c.wavelengths
		case mod.Bands != bands:
			return nil, fmt.Errorf("%s: %d bands, the other plots have %d", path, bands, mod.Bands)
		}
		if s.Grid == nil {
			s.Grid = c.grid
		} else if c.grid.Transform != s.Grid.Transform {
			return nil, fmt.Errorf("%s: lies elsewhere than the plot's spectra: transform %v, expected %v", path, c.grid.Transform, s.Grid.Transform)
		}
		s.Rasters = append(s.Rasters, c.raster())
	}
	return s, nil
}

// taxon is a species, or a genus where the species was not told.
type taxon struct{ code, scientific string }

// readTaxa reads which taxon each individual is. An individual may be listed several times.
func readTaxa(path string) (map[string]taxon, error) {
	t, err := table.Open(os.DirFS(filepath.Dir(path)), filepath.Base(path))
	if err != nil {
		return nil, err
	}
	var at [3]int
	for i, name := range []string{"indvdID", "taxonID", "scientificName"} {
		if at[i], err = t.Column(name); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	out := map[string]taxon{}
	for i, row := range t.Rows {
		id, x := row[at[0]], taxon{row[at[1]], row[at[2]]}
		if other, ok := out[id]; ok && other.code != x.code {
			return nil, fmt.Errorf("%s: line %d: individual %s is %s, but %s further up: keep one", path, t.Line(i), id, x.code, other.code)
		}
		out[id] = x
	}
	return out, nil
}

// crown is a polygon with the identifier of its tree.
type crown struct {
	id   string
	area shp.Polygon
}

// readCrowns reads every shapefile of the folder.
func (f idtrees) readCrowns() ([]crown, error) {
	paths, err := filesEnding(f.crowns, ".shp")
	if err != nil {
		return nil, err
	}
	if len(paths) == 0 {
		return nil, fmt.Errorf("%s: expected crowns as shapefiles, found none", f.crowns)
	}
	var out []crown
	for _, path := range paths {
		layer, err := shp.Open(os.DirFS(f.crowns), filepath.Base(path))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.crowns, err)
		}
		id, err := layer.FieldIndex("indvdID")
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		for _, feature := range layer.Features {
			out = append(out, crown{feature.Values[id].Text, feature.Polygon})
		}
	}
	return out, nil
}

// placeCrowns makes a class of every taxon and an object of every crown of a known taxon, in the plot that holds the
// middle of its box.
func (d *Dataset) placeCrowns(crowns []crown, taxa map[string]taxon) error {
	labels := map[string]uint8{}
	unnamed, outside, twice := 0, 0, 0
	scientific := map[string]string{}
	for _, t := range taxa {
		scientific[t.code] = max(scientific[t.code], t.scientific)
	}
	codes := sortedCodes(taxa)
	if len(codes) > MaxClasses {
		return fmt.Errorf("%d taxa, at most %d classes are possible", len(codes), MaxClasses)
	}
	colors := freeColors(len(codes))
	for i, code := range codes {
		labels[code] = uint8(i + 1)
		name, ok := commonNames[code]
		if !ok {
			name = cmp.Or(scientific[code], code)
		}
		d.Classes = append(d.Classes, Class{name, colors[i]})
	}
	for _, c := range crowns {
		t, ok := taxa[c.id]
		if !ok {
			unnamed++
			continue
		}
		switch s, o := d.placeCrown(c, labels[t.code]); {
		case s == nil:
			outside++
		case slices.ContainsFunc(s.Objects, func(x Object) bool { return x.ID == o.ID && x.Row == o.Row && x.Col == o.Col }):
			twice++
		default:
			s.Objects = append(s.Objects, o)
		}
	}
	d.notef("crowns left out: %d because no species is told, %d because they lie in no plot, %d because the tree is drawn twice around the same pixel", unnamed, outside, twice)
	return nil
}

// sortedCodes lists the taxa, the one of most individuals first.
func sortedCodes(taxa map[string]taxon) []string {
	n := map[string]int{}
	for _, t := range taxa {
		n[t.code]++
	}
	var codes []string
	for c := range n {
		codes = append(codes, c)
	}
	slices.SortFunc(codes, func(a, b string) int { return cmp.Or(n[b]-n[a], cmp.Compare(a, b)) })
	return codes
}

// placeCrown returns the plot that a crown lies in and the object it is there; a nil plot where it lies in none.
func (d *Dataset) placeCrown(c crown, label uint8) (*Scene, Object) {
	low, high, ok := c.area.Bounds()
	if !ok {
		return nil, Object{}
	}
	for _, s := range d.Scenes {
		col, row, ok := s.Grid.ToPixel((low.X+high.X)/2, (low.Y+high.Y)/2)
		if !ok || row < 0 || col < 0 || row >= float64(s.H) || col >= float64(s.W) {
			continue
		}
		o := Object{ID: c.id, Label: label, Row: int32(row), Col: int32(col)}
		c.area.Rasterise(*s.Grid, s.W, s.H, func(r, c int) { o.Pixels = append(o.Pixels, int32(r*s.W+c)) })
		if o.Pixels == nil { // narrower than a pixel
			o.Pixels = []int32{o.Row*int32(s.W) + o.Col}
		}
		return s, o
	}
	return nil, Object{}
}

// crownLabels paints the crowns of a plot, small ones over large ones.
func crownLabels(s *Scene) []uint8 {
	order := slices.Clone(s.Objects)
	slices.SortStableFunc(order, func(a, b Object) int { return len(b.Pixels) - len(a.Pixels) })
	labels := make([]uint8, s.H*s.W)
	for _, o := range order {
		for _, p := range o.Pixels {
			labels[p] = o.Label
		}
	}
	return labels
}
