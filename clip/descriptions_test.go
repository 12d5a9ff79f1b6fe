package clip

import (
	"bytes"
	"encoding/csv"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"diffclip/internal/testenv"
	"diffclip/rsdata"
)

func TestBuiltInDescriptions(t *testing.T) {
	for dataset, classes := range map[string]int{
		"Houston 2013": 15, "Trento": 6, "MUUFL Gulfport": 11, "MRNet": 6, "IDTReeS 2020": 33,
		"Indian Pines": 16, "Pavia University": 9, "Salinas": 16, "synthetic": 10,
	} {
		if got := len(Described(dataset).Classes()); got != classes {
			t.Errorf("%s: %d classes, want %d", dataset, got, classes)
		}
	}
	if got := len(Datasets()); got != 9 {
		t.Errorf("%d data sets: %q", got, Datasets())
	}
	names := map[string]string{}
	for _, set := range describedSets() {
		for _, name := range append([]string{set.Name}, set.Aliases...) {
			if other, ok := names[fold(name)]; ok && other != set.Name {
				t.Errorf("%q names both %s and %s", name, other, set.Name)
			}
			names[fold(name)] = set.Name
		}
		texts := map[string]bool{}
		for _, c := range set.Classes {
			words := splitWords(c.Text)
			if len(words) < 15 || len(words) > 30 {
				t.Errorf("%s, %s: %d words and marks, want 15 to 30", set.Name, c.Name, len(words))
			}
			if !strings.Contains(fold(c.Text), fold(c.Name)) {
				t.Errorf("%s, %s: the text does not hold the name: %q", set.Name, c.Name, c.Text)
			}
			if words[len(words)-1] != "." || c.Text != strings.ToLower(c.Text) {
				t.Errorf("%s, %s: want a lower-case sentence that ends with a full stop: %q", set.Name, c.Name, c.Text)
			}
			if texts[c.Text] {
				t.Errorf("%s: two classes have the text %q", set.Name, c.Text)
			}
			texts[c.Text] = true
		}
	}
}

// TestDescriptionsOfDemo holds the names of the synthetic scene.
func TestDescriptionsOfDemo(t *testing.T) {
	demo := rsdata.Synthetic(rsdata.SyntheticConfig{H: 64, W: 64, Bands: 4, Seed: 1})
	var names []string
	for _, c := range demo.Classes {
		names = append(names, c.Name)
	}
	if !slices.Equal(names, Described(demo.Name).Classes()) {
		t.Errorf("the scene %q has the classes %q, described are %q", demo.Name, names, Described(demo.Name).Classes())
	}
}

// TestDescriptionsOfScenes opens real scenes: their classes must be described
// under the names that rsdata gives them.
func TestDescriptionsOfScenes(t *testing.T) {
	for _, scene := range []string{"idtrees2020", "indian_pines_crop", "trento_lidar_gt"} {
		t.Run(scene, func(t *testing.T) {
			d, err := rsdata.Open(testenv.Dir(t, scene))
			if err != nil {
				t.Fatal(err)
			}
			if Described(d.Name) == nil {
				t.Errorf("data set %q is not known", d.Name)
			}
			var names []string
			for _, c := range d.Classes {
				names = append(names, c.Name)
			}
			if _, err := Texts(DescriptionPrompt, d.Name, names, nil); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestDescriptionsOfTaxa(t *testing.T) {
	f, err := os.Open(filepath.Join(testenv.Dir(t, "idtrees2020"), "Field", "taxonID_ScientificName.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	d := Described("IDTReeS 2020")
	for _, row := range rows[1:] {
		code, okCode := d.Text(row[1])
		name, okName := d.Text(row[2])
		if !okCode || !okName || code != name {
			t.Errorf("%s and %s: %q and %q", row[1], row[2], code, name)
		}
	}
	if len(rows) != 34 {
		t.Errorf("%d taxa, want 33", len(rows)-1)
	}
}

func TestDescribedNames(t *testing.T) {
	for _, c := range []struct{ dataset, class, begin string }{
		{"Houston 2013", "Parking lot 1", "parking lot 1,"},
		{"HOUSTON", "parking_lot_2", "parking lot 2,"},
		{"MUUFL Gulfport (crop)", "BUILDING SHADOW", "building shadow,"},
		{"indian_pines", "Corn No-Till", "corn-notill,"},
		{"IDTReeS", "PIPA2", "pinus palustris,"},
		{"idtrees_2020", "Longleaf Pine", "pinus palustris,"},
		{"MRNet-v1.0", "no ACL tear", "no acl tear,"},
	} {
		if got, ok := Described(c.dataset).Text(c.class); !ok || !strings.HasPrefix(got, c.begin) {
			t.Errorf("%s, %s: %q, want one that begins with %q", c.dataset, c.class, got, c.begin)
		}
	}
	if Described("Houston 2018") != nil || Described("nowhere").Classes() != nil || Described("") != nil {
		t.Error("an unknown data set has descriptions")
	}
	names := Described("Trento").Classes()
	names[0] = "changed"
	if Described("Trento").Classes()[0] == "changed" {
		t.Error("Classes returns its own memory")
	}
}

func TestReadDescriptions(t *testing.T) {
	d, err := ReadDescriptions(strings.NewReader(`{"Road": "a road.", "Tidal flat": "wet sand."}`), "own.json")
	if err != nil {
		t.Fatal(err)
	}
	if text, ok := d.Text("tidal_FLAT"); !ok || text != "wet sand." || !slices.Equal(d.Classes(), []string{"Road", "Tidal flat"}) {
		t.Errorf("read %q %v, classes %q", text, ok, d.Classes())
	}
	for _, c := range []struct{ data, want string }{
		{``, "EOF"},
		{`null`, "begins with"},
		{`["Road"]`, "begins with ["},
		{`{}`, "no classes"},
		{`{"Road": 3}`, `class "Road"`},
		{`{"Road": {"text": "x"}}`, `class "Road"`},
		{`{"Road": null}`, `class "Road"`},
		{`{"Road": "x"`, "EOF"},
		{`{"Road": "x",}`, "invalid character"},
		{`{"Road": "x"} {}`, "follows"},
		{`{"Road": "x"} ?`, "follows"},
		{`{"Road": " "}`, "empty"},
		{`{"?!": "x"}`, "neither letters nor digits"},
		{`{"Parking lot": "x", "parking-LOT": "y"}`, "twice"},
		{`{"Road": "` + strings.Repeat("x", descriptionsLimit) + `"}`, "1048576 bytes"},
	} {
		_, err := ReadDescriptions(strings.NewReader(c.data), "own.json")
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "own.json") {
			t.Errorf("%.60s: error %v, want one with %q and the file", c.data, err, c.want)
		}
	}
	path := filepath.Join(t.TempDir(), "own.json")
	if _, err := OpenDescriptions(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("no file: error %v", err)
	}
	if err := os.WriteFile(path, []byte(`{"Road": "a road."}`), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenDescriptions(path); err != nil {
		t.Error(err)
	}
}

func FuzzReadDescriptions(f *testing.F) {
	f.Add([]byte(`{"Road": "a road.", "Tidal flat": "wet sand."}`))
	f.Add([]byte(`{"a":{"b":[1,null]}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := ReadDescriptions(bytes.NewReader(data), "fuzz")
		if err != nil {
			return
		}
		for _, class := range d.Classes() {
			if text, ok := d.Text(class); !ok || strings.TrimSpace(text) == "" {
				t.Errorf("class %q: %q, %v", class, text, ok)
			}
		}
	})
}
