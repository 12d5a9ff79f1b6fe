package clip

import (
	"fmt"
	"html"
	"regexp"
	"strings"
)

// Tokenizer turns text into token ids and back. Texts are compared without
// regard to case, and any run of blanks counts as one.
type Tokenizer interface {
	// Encode returns the ids of text between start-of-text and end-of-text,
	// without padding. Text that does not fit into the context is an error;
	// there is no unknown token.
	Encode(text string) ([]int32, error)
	// Decode returns the text of ids, each word and each punctuation mark
	// followed by a blank but for the last. Start, end and ids outside of the
	// vocabulary are left out.
	Decode(ids []int32) string
	// VocabSize is one more than the highest id.
	VocabSize() int
	// Context is the most ids that Encode returns.
	Context() int
	// Name is the kind of tokenizer: "compact" or "clip-bpe".
	Name() string
	// Hash is the SHA-256 of the vocabulary in hexadecimal: tokenizers with the
	// same name and hash give the same ids.
	Hash() string
}

// tokenContext is CLIP's context length.
const tokenContext = 77

// Tokenize encodes the text of each class.
func Tokenize(tok Tokenizer, texts []string) (Prompts, error) {
	out := make(Prompts, len(texts))
	for i, text := range texts {
		ids, err := tok.Encode(text)
		if err != nil {
			return nil, fmt.Errorf("prompt of class %d: %w", i+1, err)
		}
		out[i] = ids
	}
	return out, nil
}

// wordPattern is how CLIP divides clean text: English contractions, runs of
// letters, single digits, runs of anything else. Its two further alternatives,
// the names of the start and end tokens, are left out on purpose: text stays text.
var wordPattern = regexp.MustCompile(`(?i)'s|'t|'re|'ve|'m|'ll|'d|\p{L}+|\p{N}|[^ \p{L}\p{N}]+`)

// splitWords cleans text as CLIP does (HTML entities, blanks, case) and divides it.
// Two differences remain: CLIP first lets the ftfy library repair wrongly decoded
// text, which is not done, and lower case is taken letter by letter, which tells
// for a final Greek sigma and the Turkish dotted capital I. Bytes that are not
// UTF-8 become U+FFFD.
func splitWords(text string) []string {
	text = html.UnescapeString(html.UnescapeString(strings.ToValidUTF8(text, "\uFFFD")))
	text = strings.ToLower(strings.Join(strings.Fields(text), " "))
	return wordPattern.FindAllString(text, -1)
}

// tooLong is the error of text that needs n ids or, where atLeast is set, more.
func tooLong(text string, n int, atLeast bool) error {
	const shown = 60
	if r := []rune(text[:min(len(text), 4*shown)]); len(r) > shown {
		text = string(r[:shown]) + "..."
	}
	more := ""
	if atLeast {
		more = "at least "
	}
	return fmt.Errorf("text %q needs %s%d tokens with start and end, the context holds %d: shorten it", text, more, n, tokenContext)
}

// undecode tidies the bytes of decoded tokens, whose words end with a blank.
func undecode(b []byte) string {
	return strings.TrimSuffix(strings.ToValidUTF8(string(b), "\uFFFD"), " ")
}
