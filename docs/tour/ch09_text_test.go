package tour_test

import (
	"fmt"

	"diffclip/autograd"
	"diffclip/clip"
	"diffclip/nn"
	"diffclip/tensor"
)

// The sentence of each class, by prompt.
func Example_prompts() {
	classes := []string{"Healthy grass", "Road"}
	for _, prompt := range []string{"p1", "p4", "an aerial view of {}"} {
		texts, err := clip.Texts(prompt, "", classes, nil)
		if err != nil {
			fmt.Println(err)
			return
		}
		for _, text := range texts {
			fmt.Printf("%s: %s\n", prompt, text)
		}
	}
	// Output:
	// p1: a patch of a Healthy grass.
	// p1: a patch of a Road.
	// p4: a multimodal fusion patch of a Healthy grass with strong semantic information.
	// p4: a multimodal fusion patch of a Road with strong semantic information.
	// an aerial view of {}: an aerial view of Healthy grass
	// an aerial view of {}: an aerial view of Road
}

// From words to numbers and back.
func Example_tokens() {
	tok := clip.NewCompact([]string{"a patch of a road.", "a patch of a meadow."})
	for _, text := range []string{"a patch of a road.", "A  PATCH of a roadmap."} {
		ids, err := tok.Encode(text)
		if err != nil {
			fmt.Println(err)
			return
		}
		for _, id := range ids {
			fmt.Printf("[%s]", tok.Decode([]int32{id}))
		}
		fmt.Println("", len(ids), "tokens:", tok.Decode(ids))
	}
	// Output:
	// [][a][patch][of][a][road][.][] 8 tokens: a patch of a road .
	// [][a][patch][of][a][roa][d][ma][p][.][] 11 tokens: a patch of a roadmap .
}

// Two sentences of different lengths become two vectors of one length.
func Example_textEncoder() {
	texts := []string{"a patch of a road.", "a multimodal fusion patch of a meadow."}
	tok := clip.NewCompact(texts)
	prompts, err := clip.Tokenize(tok, texts)
	if err != nil {
		fmt.Println(err)
		return
	}
	encoder := clip.NewTextEncoder(nn.NewSet(1).Root(), clip.DefaultText(tok.VocabSize()))
	tape := autograd.NewTape(tensor.NewCPU(1), autograd.Eval)
	v := encoder.Forward(tape, prompts)
	z := tape.L2Normalize(v)
	squares := tape.MatMul(z, z, false, true)
	fmt.Println(len(prompts[0]), "and", len(prompts[1]), "tokens become", v.Shape())
	fmt.Printf("lengths squared after Eq. (10): %.3f and %.3f\n", squares.Value.Data[0], squares.Value.Data[3])
	// Output:
	// 8 and 10 tokens become (2, 128)
	// lengths squared after Eq. (10): 1.000 and 1.000
}
