package clip_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"diffclip/clip"
)

func ExampleTexts() {
	texts, err := clip.Texts("p3", "Trento", []string{"Apple trees", "Vineyard"}, nil)
	if err != nil {
		panic(err)
	}
	tok := clip.NewCompact(texts)
	prompts, err := clip.Tokenize(tok, texts)
	if err != nil {
		panic(err)
	}
	for i, text := range texts {
		fmt.Printf("%s %d tokens: %s\n", text, len(prompts[i]), tok.Decode(prompts[i]))
	}
	// Output:
	// a fusion patch of a Apple trees. 10 tokens: a fusion patch of a apple trees .
	// a fusion patch of a Vineyard. 9 tokens: a fusion patch of a vineyard .
}

// TestTable4 holds the prompts of the paper's Table 4, word for word.
func TestTable4(t *testing.T) {
	for prompt, want := range map[string]string{
		"p1":                     "a patch of a Tennis court.",
		"p2":                     "a nice patch of a Tennis court.",
		"p3":                     "a fusion patch of a Tennis court.",
		"p4":                     "a multimodal fusion patch of a Tennis court with strong semantic information.",
		"{} seen from above, {}": "Tennis court seen from above, Tennis court",
	} {
		got, err := clip.Texts(prompt, "Houston 2013", []string{"Tennis court"}, nil)
		if err != nil || got[0] != want {
			t.Errorf("%s: %q, %v, want %q", prompt, got, err, want)
		}
	}
	if got := clip.PromptNames(); !slices.Equal(got, []string{"p1", "p2", "p3", "p4", "p5"}) {
		t.Errorf("names %q", got)
	}
}

func TestEveryPromptFitsEveryDataset(t *testing.T) {
	for _, dataset := range clip.Datasets() {
		for _, prompt := range clip.PromptNames() {
			texts, err := clip.Texts(prompt, dataset, clip.Described(dataset).Classes(), nil)
			if err != nil {
				t.Fatal(err)
			}
			tok := clip.NewCompact(texts)
			prompts, err := clip.Tokenize(tok, texts)
			if err != nil {
				t.Fatal(err)
			}
			for i, ids := range prompts {
				if len(ids) > 32 {
					t.Errorf("%s, %s: %q takes %d tokens, want one per word", dataset, prompt, texts[i], len(ids))
				}
			}
			if tok.VocabSize() > 1600 {
				t.Errorf("%s, %s: %d ids", dataset, prompt, tok.VocabSize())
			}
		}
	}
}

func TestOwnDescriptionsWin(t *testing.T) {
	own, err := clip.ReadDescriptions(strings.NewReader(`{"road": "my road.", "Lava": "hot rock."}`), "own.json")
	if err != nil {
		t.Fatal(err)
	}
	for prompt, want := range map[string][]string{
		"p1": {"my road.", "a patch of a Water.", "hot rock."},
		"p5": {"my road.", "", "hot rock."},
	} {
		if prompt == "p5" {
			want[1], _ = clip.Described("Houston").Text("water")
		}
		got, err := clip.Texts(prompt, "Houston 2013", []string{"Road", "Water", "Lava"}, own)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %q, %v, want %q", prompt, got, err, want)
		}
	}
}

func TestUnknownDatasetTakesAnyDescription(t *testing.T) {
	got, err := clip.Texts("p5", "my valley", []string{"Vineyard", "Alfalfa"}, nil)
	if err != nil || !strings.HasPrefix(got[0], "a vineyard,") || !strings.HasPrefix(got[1], "alfalfa,") {
		t.Errorf("%q, %v", got, err)
	}
}

func TestTextsErrors(t *testing.T) {
	own, err := clip.ReadDescriptions(strings.NewReader(`{"Lava": "hot rock."}`), "own.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		prompt, dataset string
		classes, want   []string
	}{
		{"p6", "Trento", []string{"Woods"}, []string{`"p6"`, "p1, p2, p3, p4, p5", "{}"}},
		{"", "Trento", []string{"Woods"}, []string{`prompt ""`}},
		{"p5", "Trento", []string{"Woods", "Tundra"}, []string{`"Tundra"`, `"Trento"`, "Vineyard", "Lava", "p1 to p4"}},
		{"p5", "my valley", []string{"Tundra"}, []string{`"Tundra"`, "Alfalfa"}},
		{"p1", "", []string{"Road", " road"}, []string{`"Road"`, `" road"`, "same text"}},
		{"p5", "Trento", []string{"Wood", "Woods"}, []string{`"Wood"`, `"Woods"`}},
	} {
		_, err := clip.Texts(c.prompt, c.dataset, c.classes, own)
		if err == nil {
			t.Errorf("%q, %q, %q: no error", c.prompt, c.dataset, c.classes)
			continue
		}
		for _, part := range c.want {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%q, %q, %q: error %q does not say %q", c.prompt, c.dataset, c.classes, err, part)
			}
		}
	}
}
