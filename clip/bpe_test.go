package clip

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// tinyMerges is a file of ten merges, enough to spell "grass", "grasses" and the
// first letter of "été".
const tinyMerges = `"tiny#version: 0.2
s s
r a
g ra
gra ss
s s</w>
gra ss</w>
e s</w>
Ã ©
a a
aa a</w>
`

func tinyBPE(t testing.TB) *BPE {
	t.Helper()
	b, err := ReadBPE(strings.NewReader(tinyMerges), "tiny", BPEOptions{AnyVocabulary: true})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestBPEMerges(t *testing.T) {
	b := tinyBPE(t)
	if got, want := b.VocabSize(), 512+10+2; got != want {
		t.Fatalf("%d ids, want %d", got, want)
	}
	for char, want := range map[byte]int32{'!': 0, '~': 93, 0xa1: 94, 0xac: 105, 0xae: 106, 0xff: 187, 0: 188, ' ': 220, 0x7f: 221, 0xa0: 254, 0xad: 255} {
		if got := b.byteIDs[char]; got != want {
			t.Errorf("byte %#x has the id %d, want %d", char, got, want)
		}
	}
	for _, c := range []struct {
		text string
		want []string // a blank ends a word
	}{
		{"", nil},
		{"grass", []string{"grass "}},
		{"Grasses", []string{"grass", "es "}},
		{"gras", []string{"gra", "s "}},
		{"ass", []string{"a", "ss "}},
		{"sss", []string{"ss", "s "}}, // "s s" goes before "s s</w>"
		{"été", []string{"é", "t", "\xc3", "\xa9 "}},
		{"aaa", []string{"aaa "}},
		{"aaaa", []string{"aa", "a", "a "}}, // from the left, all at once
		{"x 7", []string{"x ", "7 "}},
	} {
		ids, err := b.Encode(c.text)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, id := range ids[1 : len(ids)-1] {
			got = append(got, b.tokens[id])
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%q: tokens %q, want %q", c.text, got, c.want)
		}
	}
	for _, text := range hostileTexts {
		checkTokenizer(t, b, b.start(), text)
	}
}

// TestBPEEarliestMergeFirst: of merges that exclude each other the one that the file has
// first is made, also where the other one lies to its left.
func TestBPEEarliestMergeFirst(t *testing.T) {
	for merges, want := range map[string][]string{"b c\na b\n": {"a", "bc", "d "}, "a b\nb c\n": {"ab", "c", "d "}} {
		b, err := ReadBPE(strings.NewReader("#version\n"+merges), "two merges", BPEOptions{AnyVocabulary: true})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, id := range b.appendWord(nil, "abcd") {
			got = append(got, b.tokens[id])
		}
		if !slices.Equal(got, want) {
			t.Errorf("merges %q: tokens %q, want %q", merges, got, want)
		}
	}
}

func TestBPETooLong(t *testing.T) {
	b := tinyBPE(t)
	for _, c := range []struct{ text, want string }{
		{strings.Repeat("grass ", 76), "needs at least 78 tokens"},
		{strings.Repeat("r", 150), "needs 152 tokens"},
		{strings.Repeat("x", 1<<20), "needs at least"},
	} {
		_, err := b.Encode(c.text)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.20q...: error %v, want one with %q", c.text, err, c.want)
		}
	}
	if _, err := b.Encode(strings.Repeat("grass ", 75)); err != nil {
		t.Errorf("75 tokens, start and end do not fit into 77: %v", err)
	}
}

func TestReadBPE(t *testing.T) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write([]byte(tinyMerges)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "tiny.gz")
	if err := os.WriteFile(path, packed.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	b, err := OpenBPE(path, BPEOptions{AnyVocabulary: true})
	if err != nil {
		t.Fatal(err)
	}
	if want := tinyBPE(t); b.Hash() != want.Hash() || b.VocabSize() != want.VocabSize() {
		t.Error("compressed and plain files differ")
	}
	crlf, err := ReadBPE(strings.NewReader(strings.ReplaceAll(tinyMerges, "\n", "\r\n")), "crlf", BPEOptions{AnyVocabulary: true})
	if err != nil || crlf.VocabSize() != b.VocabSize() {
		t.Errorf("with CR LF: %v", err)
	}
}

func TestReadBPEErrors(t *testing.T) {
	const head = "#version: 0.2\n"
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	for range 40 {
		if _, err := z.Write(make([]byte, 1<<20)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	long := head + "a a\n"
	for n := 2; n <= bpeTokenLimit; n *= 2 {
		long += strings.Repeat("a", n) + " " + strings.Repeat("a", n) + "\n"
	}
	for _, c := range []struct{ name, data, want string }{
		{"empty", "", "line 1"},
		{"no header", "s s\n", "#version"},
		{"another file", "\x89PNG\r\n\x1a\n", "not a file of merges"},
		{"one token", head + "s s\nss\n", "line 3"},
		{"blank line", head + "s s\n\nr a\n", "line 3"},
		{"three tokens", head + "s s s\n", "line 2"},
		{"unknown token", head + "s s\nra t\n", "line 3"},
		{"no merge after an end", head + "s</w> s\n", "ends a word"},
		{"twice", head + "s s\ns s\n", "there already"},
		{"two ways", head + "a b\nb c\nab c\na bc\n", "line 5"},
		{"long token", long, "128 bytes"},
		{"cut gzip", bomb.String()[:200], "unexpected EOF"},
		{"gzip header alone", "\x1f\x8b", "EOF"},
		{"bomb", bomb.String(), "another file"},
	} {
		_, err := ReadBPE(strings.NewReader(c.data), "x.txt", BPEOptions{AnyVocabulary: true})
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "x.txt") {
			t.Errorf("%s: error %v, want one with %q and the file", c.name, err, c.want)
		}
	}
	_, err := ReadBPE(strings.NewReader(tinyMerges), "tiny.txt", BPEOptions{})
	if err == nil || !strings.Contains(err.Error(), "SHA-256") || !strings.Contains(err.Error(), clipVocabularyHash) {
		t.Errorf("a vocabulary that is not CLIP's: error %v", err)
	}
	if _, err := OpenBPE(filepath.Join(t.TempDir(), "none.gz"), BPEOptions{}); err == nil || !strings.Contains(err.Error(), "none.gz") {
		t.Errorf("no file: error %v", err)
	}
}

// clipIDs are what CLIP's own tokenizer gives, without start and end.
var clipIDs = []struct {
	text string
	ids  []int32
}{
	{"", nil},
	{"a multimodal fusion patch of a Healthy grass.", []int32{320, 3947, 33157, 9364, 8721, 539, 320, 3782, 5922, 269}},
	{"a patch of a Parking lot 1.", []int32{320, 8721, 539, 320, 5984, 1954, 272, 269}},
	{"'S 'LL it's we'Re I'm", []int32{568, 1342, 585, 568, 649, 982, 328, 880}},
	{"&lt;b&gt; &amp;amp; &nbsp;x", []int32{283, 321, 285, 261, 343}},
	{"naïve café 日本語 🌲🌳", []int32{1097, 35689, 563, 15304, 39121, 44353, 34002, 508, 34071, 28543}},
	{"aaaaaaaaaaaaaaaaaaaaaa", []int32{23126, 23126, 44413}},
	{"e\u0301t\u00e9", []int32{324, 136, 479, 39694}},
	{"ſ'ſ x'ſ", []int32{129, 379, 6, 129, 379, 343, 6, 129, 379}},
	{"x²½Ⅷ", []int32{343, 41175, 33613, 158, 227, 371}},
}

func TestCLIPVocabulary(t *testing.T) {
	path := os.Getenv("DIFFCLIP_BPE")
	if path == "" {
		t.Skip("needs CLIP's vocabulary: set DIFFCLIP_BPE to the path of bpe_simple_vocab_16e6.txt.gz")
	}
	b, err := OpenBPE(path, BPEOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if b.VocabSize() != 49408 {
		t.Errorf("%d ids, want 49408", b.VocabSize())
	}
	for _, c := range clipIDs {
		got, err := b.Encode(c.text)
		if err != nil {
			t.Fatal(err)
		}
		want := append(append([]int32{49406}, c.ids...), 49407)
		if !slices.Equal(got, want) {
			t.Errorf("%q: ids %v, want %v", c.text, got, want)
		}
		checkTokenizer(t, b, 49406, c.text)
	}
	for _, dataset := range Datasets() {
		texts, err := Texts(DescriptionPrompt, dataset, Described(dataset).Classes(), nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range texts {
			ids, err := b.Encode(text)
			if err != nil || len(ids)-2 > 48 {
				t.Errorf("%q takes %d tokens, %v", text, len(ids)-2, err)
			}
		}
	}
}

func FuzzReadBPE(f *testing.F) {
	f.Add([]byte(tinyMerges), "grass grasses")
	f.Add([]byte("#version\na b\nab c</w>\n"), "abc")
	f.Fuzz(func(t *testing.T, data []byte, text string) {
		b, err := ReadBPE(bytes.NewReader(data), "fuzz", BPEOptions{AnyVocabulary: true})
		if err == nil {
			checkTokenizer(t, b, b.start(), text)
		}
	})
}
