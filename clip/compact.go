package clip

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Compact is the built-in tokenizer: a small vocabulary made from the prompts at
// hand on top of a fixed base. A word is spelled by the longest pieces that fit,
// from its beginning, down to single bytes, so any text can be encoded.
//
// Ids 0 to 255 are bytes, 256 starts a text, 257 ends it, the rest are pieces. A
// word carries a blank at its end, which some pieces include.
type Compact struct {
	pieces  []string // of id firstPiece and on
	ids     map[string]int32
	longest int // bytes of the longest piece
	hash    string
}

const (
	compactStart = 256
	compactEnd   = 257
	firstPiece   = 258

	// compactLimit bounds the vocabulary that NewCompact makes; words past it are spelled.
	compactLimit = 2000
	// pieceLimit is the longest piece in bytes.
	pieceLimit = 32

	compactFormat  = "diffclip-compact-tokenizer"
	compactVersion = 1
)

//go:embed base_vocabulary.txt
var baseVocabulary string

// NewCompact makes a tokenizer in which every word of texts is one token, as
// long as the vocabulary stays within 2000 ids. The same texts in the same order
// give the same ids.
func NewCompact(texts []string) *Compact {
	c := &Compact{ids: map[string]int32{}}
	for line := range strings.Lines(baseVocabulary) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		for _, piece := range strings.Fields(line) {
			c.add(strings.ReplaceAll(piece, "_", " "))
		}
	}
	for _, text := range texts {
		for _, word := range splitWords(text) {
			if c.VocabSize() < compactLimit && len(word) < pieceLimit {
				c.add(word + " ")
			}
		}
	}
	c.rehash()
	return c
}

// add appends a piece unless it is there already, and reports whether it was new.
func (c *Compact) add(piece string) bool {
	if _, ok := c.ids[piece]; ok {
		return false
	}
	c.ids[piece] = int32(c.VocabSize())
	c.pieces = append(c.pieces, piece)
	c.longest = max(c.longest, len(piece))
	return true
}

// rehash hashes the pieces, each of which is told from the next by its length.
func (c *Compact) rehash() {
	h := sha256.New()
	for _, p := range c.pieces {
		h.Write([]byte{byte(len(p))})
		h.Write([]byte(p))
	}
	c.hash = hex.EncodeToString(h.Sum(nil))
}

// Encode implements Tokenizer.
func (c *Compact) Encode(text string) ([]int32, error) {
	ids := []int32{compactStart}
	for _, word := range splitWords(text) {
		for rest := word + " "; rest != ""; {
			id, n := c.match(rest)
			ids, rest = append(ids, id), rest[n:]
		}
	}
	ids = append(ids, compactEnd)
	if len(ids) > tokenContext {
		return nil, tooLong(text, len(ids), false)
	}
	return ids, nil
}

// match returns the id and the bytes of the longest piece that s begins with.
func (c *Compact) match(s string) (id int32, n int) {
	for n := min(c.longest, len(s)); n > 1; n-- {
		if id, ok := c.ids[s[:n]]; ok {
			return id, n
		}
	}
	return int32(s[0]), 1
}

// Decode implements Tokenizer.
func (c *Compact) Decode(ids []int32) string {
	var b []byte
	for _, id := range ids {
		switch {
		case 0 <= id && id < compactStart:
			b = append(b, byte(id))
		case id >= firstPiece && int(id) < c.VocabSize():
			b = append(b, c.pieces[id-firstPiece]...)
		}
	}
	return undecode(b)
}

// VocabSize implements Tokenizer.
func (c *Compact) VocabSize() int { return firstPiece + len(c.pieces) }

// Context implements Tokenizer: 77.
func (c *Compact) Context() int { return tokenContext }

// Name implements Tokenizer: "compact".
func (c *Compact) Name() string { return "compact" }

// Hash implements Tokenizer.
func (c *Compact) Hash() string { return c.hash }

// compactJSON is how a Compact is stored.
type compactJSON struct {
	Format  string   `json:"format"`
	Version int      `json:"version"`
	Pieces  []string `json:"pieces"` // of id 258 and on
}

// MarshalJSON stores the whole vocabulary, so that a checkpoint needs nothing else.
func (c *Compact) MarshalJSON() ([]byte, error) {
	return json.Marshal(compactJSON{compactFormat, compactVersion, c.pieces})
}

// UnmarshalJSON reads what MarshalJSON wrote. Anything else is an error that
// says what is wrong, and leaves c as it was.
func (c *Compact) UnmarshalJSON(data []byte) error {
	var in compactJSON
	if err := json.Unmarshal(data, &in); err != nil {
		return fmt.Errorf("compact tokenizer: %w", err)
	}
	if in.Format != compactFormat || in.Version != compactVersion {
		return fmt.Errorf("compact tokenizer: format %q version %d: want %q version %d", in.Format, in.Version, compactFormat, compactVersion)
	}
	out := Compact{ids: make(map[string]int32, len(in.Pieces))}
	for i, piece := range in.Pieces {
		if err := checkPiece(piece); err != nil {
			return fmt.Errorf("compact tokenizer: piece %d of %d, %q: %w", i+1, len(in.Pieces), piece, err)
		}
		if !out.add(piece) {
			return fmt.Errorf("compact tokenizer: piece %d of %d, %q, is there twice", i+1, len(in.Pieces), piece)
		}
	}
	out.rehash()
	*c = out
	return nil
}

// checkPiece says why a piece cannot be one.
func checkPiece(piece string) error {
	body := strings.TrimSuffix(piece, " ")
	switch {
	case len(piece) < 2 || len(piece) > pieceLimit:
		return fmt.Errorf("%d bytes: want 2 to %d", len(piece), pieceLimit)
	case !utf8.ValidString(piece):
		return errors.New("not UTF-8")
	case strings.ContainsRune(body, ' '):
		return errors.New("a blank is allowed at the end alone")
	}
	return nil
}
