// Package clip is stage 2 of DiffCLIP, few-shot language-driven classification:
// the image encoder of stage 1 and a text encoder reach into one space, where a
// window lies near the text of its class.
//
// Texts and a Tokenizer turn class names into Prompts, Model contrasts windows
// with them (Eq. (10)-(16)), and a Classifier compares windows, or with MapScene
// a whole scene, with texts that it encodes once. A Trained is all of it in a file,
// for Open.
//
// Read next: cmd/diffclip, which runs both stages from the command line.
package clip
