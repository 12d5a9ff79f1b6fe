package clip

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"strings"
)

// BPE is CLIP's byte-pair encoding: every byte is a token, and a list of merges
// says which two neighbouring tokens become one, the earliest first (Sennrich,
// Haddow and Birch 2016, on bytes as in GPT-2, with a mark at the end of words as
// in CLIP).
//
// Ids 0 to 255 are bytes inside a word, 256 to 511 bytes at its end, then one id
// per merge, then start-of-text and end-of-text: 49408 in CLIP's vocabulary.
type BPE struct {
	tokens  []string           // bytes of each id but the last two; a blank ends a word
	merges  map[[2]int32]int32 // pair of ids -> id of the merged token; a lower id goes first
	byteIDs [256]int32         // id of a byte inside a word
	longest int                // bytes of the longest token, without the end of a word
	hash    string
}

// BPEOptions says which vocabularies are taken.
type BPEOptions struct {
	// AnyVocabulary takes a file whose contents are not those of CLIP's vocabulary.
	AnyVocabulary bool
}

const (
	// clipMerges is how many of the file's lines CLIP uses: 49152 - 256 - 2.
	clipMerges = 48894
	// clipVocabularyHash is the SHA-256 of bpe_simple_vocab_16e6.txt, uncompressed. As
	// distributed, compressed, the file has 1356917 bytes and the SHA-256
	// 924691ac288e54409236115652ad4aa250f48203de50a9e4722a6ecd48d6804a.
	clipVocabularyHash = "67603cfda2e032ad77b5f8808af37789d590db664b26df8705d2bf8b3c553fc8"
	// bpeFileLimit bounds the file, before and after decompression; CLIP's has 3194984 bytes.
	bpeFileLimit = 16 << 20
	// bpeTokenLimit bounds a token's bytes, and so the work on one long word.
	bpeTokenLimit = 128
	// endOfWord marks tokens that end a word in the file.
	endOfWord = "</w>"
)

// OpenBPE reads a vocabulary file; see ReadBPE.
func OpenBPE(path string, o BPEOptions) (*BPE, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("BPE vocabulary: %w", err)
	}
	defer f.Close()
	return ReadBPE(f, path, o)
}

// ReadBPE reads CLIP's vocabulary file, bpe_simple_vocab_16e6.txt, compressed by
// gzip or not: a line of comment, then one merge per line, of which the first
// 48894 count. name is what errors call the file. Contents that differ from
// CLIP's are an error unless the options allow them.
func ReadBPE(r io.Reader, name string, o BPEOptions) (*BPE, error) {
	text, err := readVocabulary(r)
	if err != nil {
		return nil, fmt.Errorf("BPE vocabulary %s: %w", name, err)
	}
	sum := sha256.Sum256(text)
	hash := hex.EncodeToString(sum[:])
	if hash != clipVocabularyHash && !o.AnyVocabulary {
		return nil, fmt.Errorf("BPE vocabulary %s: SHA-256 of the text is %s, CLIP's is %s: use the file bpe_simple_vocab_16e6.txt.gz as published with CLIP, or allow any vocabulary",
			name, hash, clipVocabularyHash)
	}
	b, err := parseMerges(string(text))
	if err != nil {
		return nil, fmt.Errorf("BPE vocabulary %s: %w", name, err)
	}
	b.hash = hash
	return b, nil
}

// readVocabulary returns the uncompressed file.
func readVocabulary(r io.Reader) ([]byte, error) {
	in := bufio.NewReader(io.LimitReader(r, bpeFileLimit))
	r = in
	if magic, _ := in.Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(in)
		if err != nil {
			return nil, err
		}
		r = z
	}
	text, err := io.ReadAll(io.LimitReader(r, bpeFileLimit))
	if err != nil {
		return nil, err
	}
	if len(text) == bpeFileLimit {
		return nil, fmt.Errorf("%d bytes or more, CLIP's has about 3 million: this is another file", bpeFileLimit)
	}
	return text, nil
}

// parseMerges builds the tables from the file's text.
func parseMerges(text string) (*BPE, error) {
	header, rest, _ := strings.Cut(text, "\n")
	if !strings.Contains(header, "#version") {
		return nil, fmt.Errorf("line 1 is %.40q, expected a comment with #version: this is not a file of merges", header)
	}
	b := &BPE{merges: map[[2]int32]int32{}, longest: 1}
	spelled := b.addBytes() // token as the file spells it -> id
	for line := 2; rest != "" && len(b.tokens) < 512+clipMerges; line++ {
		var merge string
		merge, rest, _ = strings.Cut(rest, "\n")
		if merge = strings.TrimSuffix(merge, "\r"); merge == "" && rest == "" {
			break
		}
		left, right, ok := strings.Cut(merge, " ")
		l, okL := spelled[left]
		r, okR := spelled[right]
		whole := left + right
		_, twice := spelled[whole]
		switch {
		case !ok:
			return nil, fmt.Errorf("line %d is %.40q, expected two tokens and a blank between them", line, merge)
		case !okL || !okR:
			return nil, fmt.Errorf("line %d merges %.40q: no line before makes both of its tokens", line, merge)
		case strings.HasSuffix(b.tokens[l], " "):
			return nil, fmt.Errorf("line %d merges %.40q: its first token ends a word", line, merge)
		case twice:
			return nil, fmt.Errorf("line %d merges %.40q: the token is there already", line, merge)
		case len(b.tokens[l])+len(b.tokens[r]) > bpeTokenLimit:
			return nil, fmt.Errorf("line %d makes a token of more than %d bytes", line, bpeTokenLimit)
		}
		id := int32(len(b.tokens))
		spelled[whole], b.merges[[2]int32{l, r}] = id, id
		b.tokens = append(b.tokens, b.tokens[l]+b.tokens[r])
		b.longest = max(b.longest, len(strings.TrimSuffix(b.tokens[id], " ")))
	}
	return b, nil
}

// addBytes adds the tokens of single bytes and returns how the file spells them:
// printable bytes as the character of that number, the others, in order, as the
// characters from U+0100 on. The printable ones come first among the ids.
func (b *BPE) addBytes() map[string]int32 {
	spelled := map[string]int32{}
	add := func(c int, r rune) {
		b.byteIDs[c] = int32(len(b.tokens))
		spelled[string(r)] = int32(len(b.tokens))
		spelled[string(r)+endOfWord] = int32(len(b.tokens)) + 256
		b.tokens = append(b.tokens, string([]byte{byte(c)}))
	}
	printable := func(c int) bool { return '!' <= c && c <= '~' || 0xa1 <= c && c != 0xad }
	for c := range 256 {
		if printable(c) {
			add(c, rune(c))
		}
	}
	next := rune(0x100)
	for c := range 256 {
		if !printable(c) {
			add(c, next)
			next++
		}
	}
	for id := range 256 {
		b.tokens = append(b.tokens, b.tokens[id]+" ")
	}
	return spelled
}

// Encode implements Tokenizer.
func (b *BPE) Encode(text string) ([]int32, error) {
	words := splitWords(text)
	least := 2 // ids, if every token were of the longest
	for _, w := range words {
		least += (len(w) + b.longest - 1) / b.longest
	}
	if least > tokenContext {
		return nil, tooLong(text, least, true)
	}
	ids := []int32{b.start()}
	for _, w := range words {
		ids = b.appendWord(ids, w)
	}
	ids = append(ids, b.start()+1)
	if len(ids) > tokenContext {
		return nil, tooLong(text, len(ids), false)
	}
	return ids, nil
}

// start is the id of start-of-text; end-of-text follows.
func (b *BPE) start() int32 { return int32(len(b.tokens)) }

// appendWord appends the tokens of a word: its bytes, merged for as long as any
// two neighbours have a merge, each time the earliest merge wherever it applies.
func (b *BPE) appendWord(ids []int32, word string) []int32 {
	at := len(ids)
	for i := range len(word) {
		ids = append(ids, b.byteIDs[word[i]])
	}
	ids[len(ids)-1] += 256
	for {
		s := ids[at:]
		first := int32(-1)
		var pair [2]int32
		for i := range len(s) - 1 {
			p := [2]int32{s[i], s[i+1]}
			if id, ok := b.merges[p]; ok && (first < 0 || id < first) {
				first, pair = id, p
			}
		}
		if first < 0 {
			return ids
		}
		n := 0
		for i := 0; i < len(s); i, n = i+1, n+1 {
			s[n] = s[i]
			if i+1 < len(s) && s[i] == pair[0] && s[i+1] == pair[1] {
				s[n] = first
				i++
			}
		}
		ids = ids[:at+n]
	}
}

// Decode implements Tokenizer.
func (b *BPE) Decode(ids []int32) string {
	var out []byte
	for _, id := range ids {
		if 0 <= id && id < b.start() {
			out = append(out, b.tokens[id]...)
		}
	}
	return undecode(out)
}

// VocabSize implements Tokenizer.
func (b *BPE) VocabSize() int { return len(b.tokens) + 2 }

// Context implements Tokenizer: 77.
func (b *BPE) Context() int { return tokenContext }

// Name implements Tokenizer: "clip-bpe".
func (b *BPE) Name() string { return "clip-bpe" }

// Hash implements Tokenizer: the SHA-256 of the uncompressed file.
func (b *BPE) Hash() string { return b.hash }
