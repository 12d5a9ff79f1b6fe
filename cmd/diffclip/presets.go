package main

import (
	"fmt"
	"io"
	"strings"

	"diffclip/internal/run"
)

// presetsTopic is what `diffclip help` takes beside the names of subcommands.
const presetsTopic = "presets"

// presetsHelp writes what the presets are and the values they give to flags, a column for each.
func presetsHelp(w io.Writer) {
	fmt.Fprint(w, `Presets are settings to start from: they say what the flags of pretrain and finetune are
where these are not given. reproduce has the same, with -pretrain-epochs and
-finetune-epochs in place of -epochs, and demo is the preset demo.

`)
	columns := ""
	for _, p := range run.Presets() {
		fmt.Fprintln(w, item(p[0], p[1]))
		columns += fmt.Sprintf("%12s", p[0])
	}
	fmt.Fprintf(w, "\n%-18s%s\n", "", columns)
	stage := ""
	var same []string
	for _, f := range run.PresetFlags() {
		if f.Stage != stage {
			same = saySame(w, same)
			stage = f.Stage
			fmt.Fprintf(w, "\n%s:\n", stage)
		}
		if f.Same() {
			same = append(same, "-"+f.Name+" "+f.Values[0])
			continue
		}
		fmt.Fprintf(w, "%-18s", "  -"+f.Name)
		for _, v := range f.Values {
			fmt.Fprintf(w, "%12s", v)
		}
		fmt.Fprintln(w)
	}
	saySame(w, same)
}

// saySame writes the flags that have one value in all presets, and returns none.
func saySame(w io.Writer, flags []string) []string {
	const title = "  in all: "
	fmt.Fprintf(w, "%s%s\n", title, strings.Join(wrapWords(flags, helpWidth-len(title)), "\n"+strings.Repeat(" ", len(title))))
	return nil
}

// item is a line of a list, a name and what it is, of as many lines as that takes.
func item(name, what string) string {
	const column = 12
	return fmt.Sprintf("  %-*s%s", column-2, name, strings.Join(wrap(what, helpWidth-column), "\n"+strings.Repeat(" ", column)))
}
