package clip

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"unicode"
)

// Descriptions are sentences about classes: prompt p5. A class is looked up by
// its name whatever its case and punctuation, so "Parking lot 1" finds
// "parking_lot_1". A nil *Descriptions is empty.
type Descriptions struct {
	classes []string          // as they are written, in order
	texts   map[string]string // by folded class name
}

// descriptionsLimit bounds a descriptions file, in bytes.
const descriptionsLimit = 1 << 20

// Text returns the description of a class and whether there is one.
func (d *Descriptions) Text(class string) (string, bool) {
	if d == nil {
		return "", false
	}
	text, ok := d.texts[fold(class)]
	return text, ok
}

// Classes returns the names of the described classes, in the order of the file.
func (d *Descriptions) Classes() []string {
	if d == nil {
		return nil
	}
	return append([]string(nil), d.classes...)
}

// add describes a class under its name and its other names.
func (d *Descriptions) add(text, class string, aliases ...string) error {
	if strings.TrimSpace(text) == "" {
		return fmt.Errorf("class %q has an empty description", class)
	}
	for _, name := range append([]string{class}, aliases...) {
		key := fold(name)
		if key == "" {
			return fmt.Errorf("class %q has neither letters nor digits in its name", name)
		}
		if _, ok := d.texts[key]; ok {
			return fmt.Errorf("class %q is described twice (case and punctuation do not count)", name)
		}
		d.texts[key] = text
	}
	d.classes = append(d.classes, class)
	return nil
}

// fold reduces a name to its lower-case letters and digits.
func fold(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, name)
}

// OpenDescriptions reads a descriptions file; see ReadDescriptions.
func OpenDescriptions(path string) (*Descriptions, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("descriptions: %w", err)
	}
	defer f.Close()
	return ReadDescriptions(f, path)
}

// ReadDescriptions reads a JSON object of at most 1 MiB that gives each class its
// text: {"Healthy grass": "healthy grass, a low and even carpet ...", ...}. name
// is what errors call the file. A class that is there twice is an error.
func ReadDescriptions(r io.Reader, name string) (*Descriptions, error) {
	data, err := io.ReadAll(io.LimitReader(r, descriptionsLimit+1))
	if err == nil && len(data) > descriptionsLimit {
		err = fmt.Errorf("more than %d bytes", descriptionsLimit)
	}
	var d *Descriptions
	if err == nil {
		d, err = parseDescriptions(data)
	}
	if err != nil {
		return nil, fmt.Errorf(`descriptions %s: %w: want a JSON object {"class": "text", ...}`, name, err)
	}
	return d, nil
}

// parseDescriptions goes through the object's tokens, since a map would hide
// classes that are there twice.
func parseDescriptions(data []byte) (*Descriptions, error) {
	in := json.NewDecoder(bytes.NewReader(data))
	if t, err := in.Token(); err != nil {
		return nil, err
	} else if t != json.Delim('{') {
		return nil, fmt.Errorf("begins with %v", t)
	}
	d := &Descriptions{texts: map[string]string{}}
	for in.More() {
		key, err := in.Token()
		if err != nil {
			return nil, err
		}
		value, err := in.Token()
		if err != nil {
			return nil, err
		}
		text, ok := value.(string)
		if !ok {
			return nil, fmt.Errorf("class %q has the value %v in place of a text", key, value)
		}
		if err := d.add(text, key.(string)); err != nil {
			return nil, err
		}
	}
	if _, err := in.Token(); err != nil {
		return nil, err
	}
	if _, err := in.Token(); err != io.EOF {
		return nil, errors.New("something follows the object")
	}
	if len(d.classes) == 0 {
		return nil, errors.New("no classes")
	}
	return d, nil
}

//go:embed descriptions/*.json
var descriptionFiles embed.FS

// describedSet is an embedded file: the classes of one data set. Its sentences
// tell of a class's own look first and of what lies around it last.
type describedSet struct {
	Name    string   `json:"dataset"`
	Aliases []string `json:"aliases"`
	Classes []struct {
		Name    string   `json:"name"`
		Aliases []string `json:"aliases"`
		Text    string   `json:"text"`
	} `json:"classes"`

	descriptions *Descriptions
}

// describedSets are the embedded data sets, in the order of their file names.
var describedSets = sync.OnceValue(func() []*describedSet {
	entries, err := descriptionFiles.ReadDir("descriptions")
	if err != nil {
		panic(err)
	}
	var sets []*describedSet
	for _, e := range entries {
		set, err := readDescribed("descriptions/" + e.Name())
		if err != nil {
			panic(fmt.Errorf("clip: embedded %s: %w", e.Name(), err))
		}
		sets = append(sets, set)
	}
	return sets
})

func readDescribed(path string) (*describedSet, error) {
	data, err := descriptionFiles.ReadFile(path)
	if err != nil {
		return nil, err
	}
	set := &describedSet{descriptions: &Descriptions{texts: map[string]string{}}}
	if err := json.Unmarshal(data, set); err != nil {
		return nil, err
	}
	for _, c := range set.Classes {
		if err := set.descriptions.add(c.Text, c.Name, c.Aliases...); err != nil {
			return nil, err
		}
	}
	return set, nil
}

// Datasets returns the names of the data sets whose classes come with descriptions.
func Datasets() []string {
	var names []string
	for _, s := range describedSets() {
		names = append(names, s.Name)
	}
	return names
}

// Described returns the built-in descriptions of a data set, nil where there are
// none. The name may be any usual one ("Houston 2013", "houston"), and what
// stands in brackets after it does not count: "MUUFL Gulfport (crop)".
func Described(dataset string) *Descriptions {
	if before, _, ok := strings.Cut(dataset, "("); ok {
		dataset = before
	}
	key := fold(dataset)
	for _, s := range describedSets() {
		for _, name := range append([]string{s.Name}, s.Aliases...) {
			if fold(name) == key {
				return s.descriptions
			}
		}
	}
	return nil
}
