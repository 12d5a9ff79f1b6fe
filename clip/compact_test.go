package clip

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestCompactEncode(t *testing.T) {
	texts := []string{"a patch of a Healthy grass."}
	c := NewCompact(texts)
	for _, text := range append(hostileTexts, "Quercus rubra, northern red oak", "an unseen word: zymurgy") {
		checkTokenizer(t, c, compactStart, text)
	}
	if got, _ := c.Encode(texts[0]); len(got) != 9 {
		t.Errorf("%q takes %d tokens, want 7 words, start and end", texts[0], len(got))
	}
	// A word that is not in the vocabulary falls apart into the longest pieces, then bytes.
	ids, err := c.Encode("grasses Ω")
	if err != nil {
		t.Fatal(err)
	}
	var pieces []string
	for _, id := range ids[1 : len(ids)-1] {
		if id < compactStart {
			pieces = append(pieces, string([]byte{byte(id)}))
		} else {
			pieces = append(pieces, c.pieces[id-firstPiece])
		}
	}
	if want := []string{"gra", "s", "se", "s ", "\xcf", "\x89", " "}; !slices.Equal(pieces, want) {
		t.Errorf("pieces %q, want %q", pieces, want)
	}
}

func TestCompactIsDeterministic(t *testing.T) {
	texts := []string{"a patch of a tidal flat.", "a patch of a mangrove."}
	a, b := NewCompact(texts), NewCompact(texts)
	if a.Hash() != b.Hash() || !slices.Equal(a.pieces, b.pieces) {
		t.Error("the same texts made two vocabularies")
	}
	cut := func(pieces ...string) string { // pieces that are the same letters in a row
		c := &Compact{pieces: pieces}
		c.rehash()
		return c.Hash()
	}
	if cut("ab", "cdef") == cut("abcd", "ef") {
		t.Error("a vocabulary that is cut elsewhere has the same hash")
	}
	if c := NewCompact([]string{texts[1], texts[0]}); c.Hash() == a.Hash() {
		t.Error("another order of words has the same hash")
	}
}

func TestBaseVocabulary(t *testing.T) {
	base := NewCompact(nil)
	if n := base.VocabSize(); n < 500 || n > 1200 {
		t.Errorf("%d ids without any text, want some hundreds", n)
	}
	seen := map[string]bool{}
	for line := range strings.Lines(baseVocabulary) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		for _, w := range strings.Fields(line) {
			if seen[w] {
				t.Errorf("%q is listed twice", w)
			}
			seen[w] = true
		}
	}
	for _, p := range base.pieces {
		if err := checkPiece(p); err != nil {
			t.Errorf("piece %q: %v", p, err)
		}
	}
}

func TestCompactStaysSmall(t *testing.T) {
	var texts []string
	for i := range 3000 {
		texts = append(texts, fmt.Sprintf("%c%c%cxq", 'a'+i%26, 'a'+i/26%26, 'a'+i/676), strings.Repeat("w", 20+i%30))
	}
	c := NewCompact(texts)
	if c.VocabSize() != compactLimit {
		t.Errorf("%d ids, want the limit %d", c.VocabSize(), compactLimit)
	}
	for _, text := range texts {
		checkTokenizer(t, c, compactStart, text)
	}
	for n := pieceLimit - 2; n <= pieceLimit+1; n++ {
		word := strings.Repeat("w", n)
		c := NewCompact([]string{word})
		if ids, err := c.Encode(word); err != nil || (len(ids) == 3) != (n < pieceLimit) {
			t.Errorf("a word of %d bytes has %d ids with start and end, %v; one token holds %d and a blank", n, len(ids), err, pieceLimit-1)
		}
		data, err := json.Marshal(c)
		if err == nil {
			err = json.Unmarshal(data, new(Compact))
		}
		if err != nil {
			t.Errorf("a word of %d bytes: %v", n, err)
		}
	}
}

func TestCompactJSON(t *testing.T) {
	c := NewCompact([]string{"a patch of a forêt 🌲."})
	data, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	var back Compact
	if err := json.Unmarshal(data, &back); err != nil {
		t.Fatal(err)
	}
	if back.Hash() != c.Hash() || back.VocabSize() != c.VocabSize() {
		t.Errorf("read back %d ids, hash %s; wrote %d, %s", back.VocabSize(), back.Hash(), c.VocabSize(), c.Hash())
	}
	for _, text := range hostileTexts {
		a, _ := c.Encode(text)
		b, _ := back.Encode(text)
		if !slices.Equal(a, b) {
			t.Errorf("%q: %v, read back %v", text, a, b)
		}
	}
	var empty Compact
	checkTokenizer(t, &empty, compactStart, "bytes alone")
}

func TestCompactJSONErrors(t *testing.T) {
	wrap := func(pieces string) string {
		return fmt.Sprintf(`{"format":%q,"version":%d,"pieces":%s}`, compactFormat, compactVersion, pieces)
	}
	for _, c := range []struct{ data, want string }{
		{`[]`, "compact tokenizer"},
		{`{}`, `format ""`},
		{`{"format":"diffclip-compact-tokenizer","version":2}`, "version 2"},
		{wrap(`"ab"`), "compact tokenizer"},
		{wrap(`["ab","cd","ab"]`), `piece 3 of 3, "ab", is there twice`},
		{wrap(`["a"]`), "1 bytes"},
		{wrap(`["ab",""]`), "piece 2 of 2"},
		{wrap(`["a b"]`), "blank"},
		{wrap(`["ab  "]`), "blank"},
		{wrap(`["` + strings.Repeat("a", 33) + `"]`), "33 bytes"},
	} {
		kept := NewCompact(nil)
		hash := kept.Hash()
		err := json.Unmarshal([]byte(c.data), kept)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.60s: error %v, want one with %q", c.data, err, c.want)
		}
		if kept.Hash() != hash {
			t.Errorf("%.60s: the tokenizer changed", c.data)
		}
	}
}

func FuzzCompactJSON(f *testing.F) {
	good, _ := json.Marshal(NewCompact([]string{"road"}))
	f.Add(good, "road")
	f.Add([]byte(`{"format":"diffclip-compact-tokenizer","version":1,"pieces":["ro","ad "]}`), "road roads")
	f.Fuzz(func(t *testing.T, data []byte, text string) {
		var c Compact
		if json.Unmarshal(data, &c) == nil {
			checkTokenizer(t, &c, compactStart, text)
		}
	})
}
