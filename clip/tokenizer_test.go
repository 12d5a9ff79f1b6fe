package clip

import (
	"slices"
	"strings"
	"testing"
)

func TestSplitWords(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"", ""},
		{" \t\n\u00a0\u2003 ", ""},
		{"A patch  of\ta Healthy\u00a0grass.", "a|patch|of|a|healthy|grass|."},
		{"Parking lot 12", "parking|lot|1|2"},
		{"corn-notill_2", "corn|-|notill|_|2"},
		{"the road's edge, we'LL see; can't 'tis", "the|road|'s|edge|,|we|'ll|see|;|can|'t|'t|is"},
		{"x'y", "x|'|y"},
		{"stone &amp; steel &amp;lt;3", "stone|&|steel|<|3"},
		{"naïve CAFÉ 日本語...", "naïve|café|日本語|..."},
		{"x²Ⅷ", "x|²|ⅷ"},
		{"<|endoftext|>", "<||endoftext||>"},
		{"a\xffb", "a|\uFFFD|b"},
	} {
		if got := strings.Join(splitWords(c.text), "|"); got != c.want {
			t.Errorf("splitWords(%q) = %q, want %q", c.text, got, c.want)
		}
	}
}

func TestTokenize(t *testing.T) {
	texts := []string{"a patch of a road.", "a patch of a tennis court."}
	tok := NewCompact(texts)
	prompts, err := Tokenize(tok, texts)
	if err != nil {
		t.Fatal(err)
	}
	for i, ids := range prompts {
		if want := len(splitWords(texts[i])) + 2; len(ids) != want {
			t.Errorf("%q: %d ids, want one per word, start and end: %d", texts[i], len(ids), want)
		}
	}
	_, err = Tokenize(tok, []string{"road", strings.Repeat("road ", 76)})
	if err == nil {
		t.Fatal("a text of 76 words was encoded in a context of 77")
	}
	for _, part := range []string{"class 2", `"road road`, "needs 78 tokens", "holds 77", "shorten"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error %q does not say %q", err, part)
		}
	}
	if len(err.Error()) > 300 {
		t.Errorf("the error has %d bytes", len(err.Error()))
	}
}

// checkTokenizer holds for any text and any tokenizer: ids lie between start and
// end, within the vocabulary and the context, and decode to the text's words.
func checkTokenizer(t *testing.T, tok Tokenizer, start int32, text string) {
	t.Helper()
	ids, err := tok.Encode(text)
	if err != nil {
		return
	}
	last := len(ids) - 1
	if len(ids) < 2 || len(ids) > tok.Context() || ids[0] != start || ids[last] != start+1 {
		t.Fatalf("%s: Encode(%q) = %v: want at most %d ids from %d to %d", tok.Name(), text, ids, tok.Context(), start, start+1)
	}
	for _, id := range ids[1:last] {
		if id < 0 || int(id) >= tok.VocabSize() || id == start || id == start+1 {
			t.Fatalf("%s: Encode(%q) holds %d, the vocabulary %d ids", tok.Name(), text, id, tok.VocabSize())
		}
	}
	if got, want := tok.Decode(ids), strings.Join(splitWords(text), " "); got != want {
		t.Fatalf("%s: Decode(Encode(%q)) = %q, want %q", tok.Name(), text, got, want)
	}
	again, err := tok.Encode(text)
	if err != nil || !slices.Equal(ids, again) {
		t.Fatalf("%s: Encode(%q) = %v, then %v, %v", tok.Name(), text, ids, again, err)
	}
}

// hostileTexts seed the fuzzers.
var hostileTexts = []string{
	"", " ", "a patch of a Healthy grass.", "İ Σς ſ K", "\x00\xff\xfe", "&#x110000; &amp;amp;", "'s't're", "日本語 🌲🌳",
	"e\u0301", "\u200b\u202e", "</w>", "<|startoftext|>", "_", strings.Repeat("a", 500), strings.Repeat("🌲", 100),
}

func FuzzTokenizers(f *testing.F) {
	for _, text := range hostileTexts {
		f.Add(text, []byte(text))
	}
	compact := NewCompact([]string{"a patch of a healthy grass."})
	bpe := tinyBPE(f)
	f.Fuzz(func(t *testing.T, text string, raw []byte) {
		own := NewCompact([]string{text})
		checkTokenizer(t, compact, compactStart, text)
		checkTokenizer(t, own, compactStart, text)
		checkTokenizer(t, bpe, bpe.start(), text)
		var ids []int32
		for _, b := range raw {
			ids = append(ids, int32(b)*5-20)
		}
		for _, tok := range []Tokenizer{compact, own, bpe} {
			tok.Decode(ids)
		}
	})
}
