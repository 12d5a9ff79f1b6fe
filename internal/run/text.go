package run

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

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

// NewText writes and encodes the prompts of a dataset's classes.
func NewText(c TextConfig, d *rsdata.Dataset) (*clip.Text, error) {
	names := make([]string, len(d.Classes))
	for i, class := range d.Classes {
		names[i] = class.Name
	}
	texts, err := c.texts(d.Name, names)
	if err != nil {
		return nil, err
	}
	tok, err := c.tokenizer(texts)
	if err != nil {
		return nil, err
	}
	return clip.NewText(tok, texts)
}

// texts writes the prompt of each class.
func (c TextConfig) texts(dataset string, classes []string) ([]string, error) {
	if c.Prompts == AutoPrompts {
		if texts, err := clip.Texts(clip.DescriptionPrompt, dataset, classes, nil); err == nil {
			return texts, nil
		}
		return clip.Texts("p4", dataset, classes, nil)
	}
	if PromptsFile(c.Prompts) {
		own, err := clip.OpenDescriptions(c.Prompts)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("there is no file %s with texts for the classes: say where it is with -prompts", c.Prompts)
		}
		if err != nil {
			return nil, err
		}
		return clip.Texts(clip.DescriptionPrompt, dataset, classes, own)
	}
	return clip.Texts(c.Prompts, dataset, classes, nil)
}

// PromptsFile reports whether prompts are the name of a file, which may be missing.
func PromptsFile(prompts string) bool {
	info, err := os.Stat(prompts)
	return err == nil && info.Mode().IsRegular() || strings.EqualFold(filepath.Ext(prompts), ".json")
}

func (c TextConfig) tokenizer(texts []string) (clip.Tokenizer, error) {
	if c.Tokenizer == BPE {
		tok, err := clip.OpenBPE(c.BPE, clip.BPEOptions{})
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("there is no file %s with CLIP's vocabulary: say where it is with -bpe", c.BPE)
		}
		return tok, err
	}
	return clip.NewCompact(texts), nil
}
