package clip

import (
	"encoding/json"
	"fmt"
)

// Text is what stands for the classes in language: their texts and token ids, and
// how these were made, so that other texts can be encoded in the same way.
type Text struct {
	Texts     []string        `json:"texts"`   // of class i
	Prompts   Prompts         `json:"prompts"` // their token ids
	Tokenizer string          `json:"tokenizer"`
	Hash      string          `json:"hash"`              // of the vocabulary
	Compact   json.RawMessage `json:"compact,omitempty"` // the whole vocabulary of the compact tokenizer

	vocabulary int
}

// NewText encodes the text of each class.
func NewText(tok Tokenizer, texts []string) (*Text, error) {
	t := &Text{Texts: texts, Tokenizer: tok.Name(), Hash: tok.Hash(), vocabulary: tok.VocabSize()}
	var err error
	if compact, ok := tok.(*Compact); ok {
		if t.Compact, err = json.Marshal(compact); err != nil {
			return nil, err
		}
	}
	t.Prompts, err = Tokenize(tok, texts)
	return t, err
}

// Reader returns the tokenizer that made the prompts, to encode other texts. It is
// an error where that needs CLIP's vocabulary file and bpe does not name it.
func (t *Text) Reader(bpe string) (Tokenizer, error) {
	var tok Tokenizer
	if t.Compact != nil {
		c := &Compact{}
		if err := json.Unmarshal(t.Compact, c); err != nil {
			return nil, err
		}
		tok = c
	} else {
		var err error
		if tok, err = OpenBPE(bpe, BPEOptions{}); err != nil {
			return nil, fmt.Errorf("the texts of the run were encoded with CLIP's vocabulary file: %w", err)
		}
	}
	if tok.Hash() != t.Hash {
		return nil, fmt.Errorf("the vocabulary is not the one that the run's texts were encoded with (%s, want %s)", tok.Hash(), t.Hash)
	}
	return tok, nil
}

// Vocabulary returns the number of token ids that a model for these texts knows: of a
// Text that NewText made those of its tokenizer, of one from Open those of the model.
func (t *Text) Vocabulary() int { return t.vocabulary }

// fits returns an error unless the text encoder of a model can read the prompts; one
// with a linear head has none, and no use for them.
func (t *Text) fits(model Config) error {
	if model.Head == HeadLinear {
		return nil
	}
	return model.Text.CheckPrompts(t.Prompts)
}
