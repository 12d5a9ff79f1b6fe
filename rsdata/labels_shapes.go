package rsdata

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"

	"diffclip/internal/shp"
)

// isShapes reports whether "file" or "file:field" names a shapefile.
func isShapes(ref string) bool {
	path, _ := splitRef(ref)
	return strings.EqualFold(filepath.Ext(path), ".shp")
}

// shapeLabels draws the label map of a scene from "file.shp:field". A polygon labels the pixels whose centres it covers,
// a point the one it lies in; the field tells the label by its number or, where it is text, by the name of a class.
// Where shapes overlap the first one keeps the pixels; which pixels are whose is added to s.Shapes. Notes say how often
// shapes of two classes overlap, and how many cover no pixel.
func shapeLabels(ref string, s *Scene, classes []Class) (labels []uint8, notes []string, err error) {
	path, field := splitRef(ref)
	layer, err := shp.Open(os.DirFS(filepath.Dir(path)), filepath.Base(path))
	if err != nil {
		return nil, nil, err
	}
	if err := placeable(layer, s); err != nil {
		return nil, nil, err
	}
	at, err := layer.FieldIndex(field)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: name the one that tells the class, as %s:FIELD", err, filepath.Base(path))
	}
	labels = make([]uint8, s.H*s.W)
	drawn, empty, conflicts := 0, 0, 0
	for i, f := range layer.Features {
		label, err := shapeLabel(f.Values[at], layer.Fields[at], classes)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: shape %d: %w", path, i+1, err)
		}
		if label == 0 {
			continue
		}
		pixels := 0
		var shape []int32
		eachPixel(f, s, func(p int) {
			pixels++
			switch labels[p] {
			case 0:
				labels[p] = label
				shape = append(shape, int32(p))
			case label:
			default:
				conflicts++
			}
		})
		if drawn += pixels; pixels == 0 {
			empty++
		}
		if shape != nil {
			s.Shapes = append(s.Shapes, shape)
		}
	}
	if drawn == 0 {
		return nil, nil, fmt.Errorf("%s: of its %d shapes none lies on the scene, which is in %v: is the layer in another coordinate system?", path, len(layer.Features), s.Grid.CRS)
	}
	if empty > 0 {
		notes = append(notes, fmt.Sprintf("shapes of %s that cover no centre of a pixel of the scene: %d", filepath.Base(path), empty))
	}
	if conflicts > 0 {
		notes = append(notes, fmt.Sprintf("pixels in shapes of two classes of %s: %d; the first one keeps them", filepath.Base(path), conflicts))
	}
	return labels, notes, nil
}

// placeable returns an error where the shapes cannot be put on the scene's grid.
func placeable(layer *shp.Layer, s *Scene) error {
	if s.Grid == nil || !s.Grid.Placed() {
		return fmt.Errorf("%s: the scene's rasters do not say where they lie, so shapes cannot be put on them: give one that does, such as a GeoTIFF", layer.Name)
	}
	if a, b := layer.CRS.EPSG, s.Grid.CRS.EPSG; a != 0 && b != 0 && a != b {
		return fmt.Errorf("%s: its shapes are in %v, the scene is in %v: convert them with: ogr2ogr -lco ENCODING=UTF-8 -t_srs EPSG:%d out.shp %s, and name out.shp in its place", layer.Name, layer.CRS, s.Grid.CRS, b, layer.Name)
	}
	return nil
}

// shapeLabel returns the label that a field tells, 0 for none.
func shapeLabel(v shp.Value, field shp.Field, classes []Class) (uint8, error) {
	if v.Null {
		return 0, nil
	}
	if field.Type == 'N' || field.Type == 'F' {
		if v.Number != math.Trunc(v.Number) || v.Number > MaxClasses {
			return 0, fmt.Errorf("field %s is %v, expected a label from 0 (unlabelled) to %d", field.Name, v.Number, MaxClasses)
		}
		return uint8(max(v.Number, 0)), nil
	}
	name := strings.TrimSpace(v.Text)
	var names []string
	for i, c := range classes {
		if strings.EqualFold(c.Name, name) {
			return uint8(i + 1), nil
		}
		names = append(names, c.Name)
	}
	if classes == nil {
		return 0, fmt.Errorf("field %s is %q, a name, but scene.json lists no classes: list them in the order of their labels", field.Name, name)
	}
	return 0, fmt.Errorf("field %s is %q, expected one of the classes %s", field.Name, name, strings.Join(names, ", "))
}

// eachPixel calls visit with the place, row*W + col, of every pixel that a shape labels.
func eachPixel(f shp.Feature, s *Scene, visit func(p int)) {
	f.Polygon.Rasterise(*s.Grid, s.W, s.H, func(row, col int) { visit(row*s.W + col) })
	for _, at := range f.Points {
		col, row, ok := s.Grid.ToPixel(at.X, at.Y)
		if ok && row >= 0 && col >= 0 && row < float64(s.H) && col < float64(s.W) {
			visit(int(row)*s.W + int(col))
		}
	}
}
