package clip

import (
	"fmt"
	"slices"
	"strings"
)

// classSlot is where a prompt template takes the name of the class.
const classSlot = "{}"

// DescriptionPrompt is the prompt that gives each class its own description.
const DescriptionPrompt = "p5"

// promptTemplates are the prompts of Table 4 with a slot for the class name; p5 is the
// class descriptions.
var promptTemplates = []struct{ name, template string }{
	{"p1", "a patch of a {}."},
	{"p2", "a nice patch of a {}."},
	{"p3", "a fusion patch of a {}."},
	{"p4", "a multimodal fusion patch of a {} with strong semantic information."},
}

// PromptNames returns the names of the prompts of Table 4: p1 to p5.
func PromptNames() []string {
	var names []string
	for _, p := range promptTemplates {
		names = append(names, p.name)
	}
	return append(names, DescriptionPrompt)
}

// templateOf returns the template of a prompt: that of p1 to p4 for their names,
// the empty string for p5, and the prompt itself where it holds the slot {}.
// Anything else is an error.
func templateOf(prompt string) (string, error) {
	for _, p := range promptTemplates {
		if prompt == p.name {
			return p.template, nil
		}
	}
	switch {
	case prompt == DescriptionPrompt:
		return "", nil
	case strings.Contains(prompt, classSlot):
		return prompt, nil
	}
	return "", fmt.Errorf("prompt %q: want one of %s, or a template that holds %s where the class name goes",
		prompt, strings.Join(PromptNames(), ", "), classSlot)
}

// Texts returns the text of each class. A class that the user's own descriptions
// name takes its text from there, whatever the prompt. The others follow the prompt:
// p1 to p4, or a template that holds {} where the name of the class goes. For p5 they
// take the built-in descriptions of the data set, or where its name is not known,
// those of any data set with that class.
//
// It is an error if a class has no description, or if two classes have the same
// text, since nothing could tell them apart.
func Texts(prompt, dataset string, classes []string, own *Descriptions) ([]string, error) {
	template, err := templateOf(prompt)
	if err != nil {
		return nil, err
	}
	texts := make([]string, len(classes))
	seen := map[string]string{} // words of a text -> its class
	for i, class := range classes {
		text, ok := own.Text(class)
		switch {
		case ok:
		case template != "":
			text = strings.ReplaceAll(template, classSlot, class)
		default:
			if text, err = describe(dataset, class, own); err != nil {
				return nil, err
			}
		}
		words := strings.Join(splitWords(text), " ")
		if other, ok := seen[words]; ok {
			return nil, fmt.Errorf("prompt %q: classes %q and %q have the same text %q: rename one or describe it in your own file", prompt, other, class, text)
		}
		seen[words], texts[i] = class, text
	}
	return texts, nil
}

// describe looks a class up among the built-in descriptions.
func describe(dataset, class string, own *Descriptions) (string, error) {
	known := own.Classes()
	if d := Described(dataset); d != nil {
		if text, ok := d.Text(class); ok {
			return text, nil
		}
		known = append(known, d.Classes()...)
	} else {
		for _, s := range describedSets() {
			if text, ok := s.descriptions.Text(class); ok {
				return text, nil
			}
			known = append(known, s.descriptions.Classes()...)
		}
	}
	slices.Sort(known)
	return "", fmt.Errorf("prompt %s: no description of class %q of data set %q: add it to your own descriptions file, or take one of the prompts p1 to p4; described are %s",
		DescriptionPrompt, class, dataset, strings.Join(slices.Compact(known), ", "))
}
