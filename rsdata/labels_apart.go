package rsdata

import "fmt"

// filler is the label that many programs write into bytes where nobody knows, and lowFiller the label below which all
// classes have to be for it to be told from one.
const (
	filler    = 255
	lowFiller = 64
)

// setApart takes 255 for unlabelled where it stands alone above a few classes and nothing else is said, and notes where
// 0 and another value are both taken for unlabelled: then 0 may be a class.
func (c *content) setApart() {
	zero, negative, none, most, fill := 0, 0, 0, 0.0, 0
	for i := range c.array.Len() {
		switch v := c.array.At64(i); {
		case v != v, c.noData != nil && v == *c.noData:
			none++
		case v == 0:
			zero++
		case v < 0:
			negative++
		case v == filler:
			fill++
		default:
			most = max(most, v)
		}
	}
	other := fmt.Sprintf("no data (%d pixels)", none)
	if fill > 0 && c.noData == nil && most > 0 && most < lowFiller && len(c.classNames) <= filler {
		v := float64(filler)
		c.noData, none = &v, fill
		other = fmt.Sprintf("%d (%d pixels)", filler, none)
		c.notes = append(c.notes, fmt.Sprintf("%s, far above the other labels, is taken for unlabelled", other))
	}
	if negative > 0 {
		none, other = negative, fmt.Sprintf("what is below it (%d pixels)", negative)
	}
	if zero > 0 && none > 0 && c.first == nil {
		c.notes = append(c.notes, fmt.Sprintf("0 (%d pixels) is taken for unlabelled, and so is %s; if 0 is a class, write \"first\": 0 after the file of the labels in scene.json, and list its class before the others", zero, other))
	}
}
