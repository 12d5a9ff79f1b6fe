package run

import (
	"encoding/json"
	"fmt"
	"os"

	"diffclip/clip"
	"diffclip/rsdata"
)

// The tokenizers.
const (
	Compact = "compact" // built in
	BPE     = "bpe"     // CLIP's own, from the vocabulary file
)

// AutoPrompts takes the built-in descriptions of the classes (p5) where every
// class has one, else the sentence p4.
const AutoPrompts = "auto"

// TextConfig says what stands for a class in language.
type TextConfig struct {
	Tokenizer string `json:"tokenizer"`
	BPE       string `json:"bpe,omitempty"` // CLIP's vocabulary file
	// Prompts is p1 to p5 of the paper's Table 4, a template with {} for the class
	// name, a JSON file with a text for each class, or AutoPrompts.
	Prompts string `json:"prompts"`
}

func (c TextConfig) check() error {
	switch {
	case c.Tokenizer != Compact && c.Tokenizer != BPE:
		return fmt.Errorf("tokenizer %q: want %s or %s", c.Tokenizer, Compact, BPE)
	case c.Tokenizer == BPE && c.BPE == "":
		return fmt.Errorf("tokenizer %s needs CLIP's vocabulary file, bpe_simple_vocab_16e6.txt.gz: name it with -bpe", BPE)
	}
	return nil
}

// Text is what stands for the classes in language.
type Text struct {
	Texts     []string        `json:"texts"`   // of class i
	Prompts   clip.Prompts    `json:"prompts"` // their token ids
	Tokenizer string          `json:"tokenizer"`
	Hash      string          `json:"hash"`              // of the vocabulary
	Compact   json.RawMessage `json:"compact,omitempty"` // the whole vocabulary of the compact tokenizer

	vocabulary int
}

// NewText writes and encodes the prompts of a dataset's classes.
func NewText(c TextConfig, d *rsdata.Dataset) (*Text, error) {
	names := make([]string, len(d.Classes))
	for i, class := range d.Classes {
		names[i] = class.Name
	}
	texts, err := c.texts(d.Name, names)
	if err != nil {
		return nil, err
	}
	t := &Text{Texts: texts}
	tok, err := c.tokenizer(t.Texts)
	if err != nil {
		return nil, err
	}
	if compact, ok := tok.(*clip.Compact); ok {
		if t.Compact, err = json.Marshal(compact); err != nil {
			return nil, err
		}
	}
	t.Tokenizer, t.Hash, t.vocabulary = tok.Name(), tok.Hash(), tok.VocabSize()
	t.Prompts, err = clip.Tokenize(tok, t.Texts)
	return t, err
}

// texts writes the prompt of each class.
func (c TextConfig) texts(dataset string, classes []string) ([]string, error) {
	if c.Prompts == AutoPrompts {
		if texts, err := clip.Texts(clip.DescriptionPrompt, dataset, classes, nil); err == nil {
			return texts, nil
		}
		return clip.Texts("p4", dataset, classes, nil)
	}
	if info, err := os.Stat(c.Prompts); err == nil && info.Mode().IsRegular() {
		own, err := clip.OpenDescriptions(c.Prompts)
		if err != nil {
			return nil, err
		}
		return clip.Texts(clip.DescriptionPrompt, dataset, classes, own)
	}
	return clip.Texts(c.Prompts, dataset, classes, nil)
}

func (c TextConfig) tokenizer(texts []string) (clip.Tokenizer, error) {
	if c.Tokenizer == BPE {
		return clip.OpenBPE(c.BPE, clip.BPEOptions{})
	}
	return clip.NewCompact(texts), nil
}

// Reader returns the tokenizer that made the prompts, to encode other texts. It is
// an error where that needs CLIP's vocabulary file and bpe does not name it.
func (t *Text) Reader(bpe string) (clip.Tokenizer, error) {
	var tok clip.Tokenizer
	if t.Compact != nil {
		c := &clip.Compact{}
		if err := json.Unmarshal(t.Compact, c); err != nil {
			return nil, err
		}
		tok = c
	} else {
		var err error
		if tok, err = clip.OpenBPE(bpe, clip.BPEOptions{}); err != nil {
			return nil, fmt.Errorf("the texts of the run were encoded with CLIP's vocabulary file: %w", err)
		}
	}
	if tok.Hash() != t.Hash {
		return nil, fmt.Errorf("the vocabulary is not the one that the run's texts were encoded with (%s, want %s)", tok.Hash(), t.Hash)
	}
	return tok, nil
}

// Vocabulary returns the number of token ids.
func (t *Text) Vocabulary() int { return t.vocabulary }

// fits returns an error unless the text encoder of a model can read the prompts; one
// with a linear head has none, and no use for them.
func (t *Text) fits(model clip.Config) error {
	if model.Head == clip.HeadLinear {
		return nil
	}
	return model.Text.CheckPrompts(t.Prompts)
}
