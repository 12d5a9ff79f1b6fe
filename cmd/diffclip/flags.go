package main

import (
	"flag"
	"fmt"
	"io"
	"runtime"
	"strconv"
	"strings"
	"unicode/utf8"
)

// flags is a flag set whose help says what a subcommand is for, shows an example
// and keeps related flags together.
type flags struct {
	*flag.FlagSet
	usage    string // after the name: "-data DIR -out RUN [flags]"
	purpose  string
	example  []string
	groups   []flagGroup
	operands int      // arguments after the flags: exactly so many
	words    []string // the command line as it was given
}

type flagGroup struct {
	title string
	names []string
	by    string // the subcommand whose help explains them, "" for that at hand
}

func newFlags(name string) *flags {
	f := &flags{FlagSet: flag.NewFlagSet(name, flag.ContinueOnError)}
	f.SetOutput(io.Discard)
	return f
}

// group puts the flags that declare makes under a title.
func (f *flags) group(title string, declare func()) {
	before := map[string]bool{}
	f.VisitAll(func(g *flag.Flag) { before[g.Name] = true })
	declare()
	g := flagGroup{title: title}
	f.VisitAll(func(x *flag.Flag) {
		if !before[x.Name] {
			g.names = append(g.names, x.Name)
		}
	})
	f.groups = append(f.groups, g)
}

// explainedBy puts the flags that declare makes under a title, by name alone: another subcommand has them too, and its
// help explains them.
func (f *flags) explainedBy(subcommand, title string, declare func()) {
	f.group(title, declare)
	f.groups[len(f.groups)-1].by = subcommand
}

// parse parses flags and operands in any order.
func (f *flags) parse(args []string) error {
	f.words = args
	var operands []string
	for {
		if err := f.Parse(args); err != nil {
			return f.misspelt(err)
		}
		if f.NArg() == 0 {
			break
		}
		operands = append(operands, f.Arg(0))
		args = f.Args()[1:]
	}
	if len(operands) != f.operands {
		if f.operands == 0 {
			return fmt.Errorf("unexpected argument %q", operands[0])
		}
		return fmt.Errorf("%d arguments, want %d: diffclip %s %s", len(operands), f.operands, f.Name(), f.usage)
	}
	return f.Parse(append([]string{"--"}, operands...))
}

// misspelt adds to the error of a flag that there is not the one that may be meant.
func (f *flags) misspelt(err error) error {
	name, ok := strings.CutPrefix(err.Error(), "flag provided but not defined: -")
	if !ok {
		return err
	}
	var names []string
	f.VisitAll(func(g *flag.Flag) { names = append(names, g.Name) })
	return fmt.Errorf("there is no flag -%s%s", name, meant(name, "-", names))
}

// meant asks whether a name was meant for the one of a list that is nearest to it, where one is near.
func meant(name, prefix string, list []string) string {
	best, nearest := "", 1+len(name)/3
	for _, candidate := range list {
		if d := edits(name, candidate); d <= nearest {
			best, nearest = candidate, d-1
		}
	}
	if best == "" {
		return ""
	}
	return ", did you mean " + prefix + best + "?"
}

// edits counts the letters to put in, leave out, change, or swap with the next, to turn a into b.
func edits(a, b string) int {
	before, last, row := []int(nil), []int(nil), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before, last, row = last, row, make([]int, len(b)+1)
		row[0] = i + 1
		for j := range len(b) {
			change := last[j]
			if a[i] != b[j] {
				change++
			}
			row[j+1] = min(change, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
	}
	return row[len(b)]
}

// mostCounted is the largest number that count takes.
const mostCounted = 1 << 20

// count declares a flag for a whole number from 1.
func count(f *flags, name, usage string, to *int) {
	f.Func(name, usage, func(v string) error {
		n, err := strconv.Atoi(v)
		if err != nil || n < 1 || n > mostCounted {
			return fmt.Errorf("want a whole number from 1 to %d", mostCounted)
		}
		*to = n
		return nil
	})
}

// given reports whether a flag was set on the command line.
func (f *flags) given(name string) bool {
	found := false
	f.Visit(func(g *flag.Flag) { found = found || g.Name == name })
	return found
}

// help writes the purpose, the usage, examples and every flag.
func (f *flags) help(w io.Writer) {
	line := func(rest string) string { return strings.TrimSpace("diffclip " + f.Name() + " " + rest) }
	fmt.Fprintf(w, "%s\n\nusage: %s\n\nexample:\n", f.purpose, line(f.usage))
	for _, e := range f.example {
		fmt.Fprintf(w, "  %s\n", line(e))
	}
	for _, g := range f.groups {
		if g.by != "" {
			fmt.Fprintf(w, "\n%s; `diffclip %s -h` explains them:\n", g.title, g.by)
			fmt.Fprintf(w, "  %s\n", strings.Join(wrap("-"+strings.Join(g.names, " -"), helpWidth-2), "\n  "))
			continue
		}
		fmt.Fprintf(w, "\n%s:\n", g.title)
		for _, name := range g.names {
			f.line(w, f.Lookup(name))
		}
	}
}

// Explanations of flags begin at helpColumn, and lines end before helpWidth.
const (
	helpColumn = 26
	helpWidth  = 96
)

func (f *flags) line(w io.Writer, g *flag.Flag) {
	value, usage := flag.UnquoteUsage(g)
	left := "  -" + g.Name
	if value != "" {
		left += " " + value
	}
	if g.DefValue != "" && g.DefValue != "false" {
		usage += " (default " + g.DefValue + ")"
	}
	indent := strings.Repeat(" ", helpColumn)
	if len(left) >= helpColumn {
		left += "\n" + indent[1:]
	}
	fmt.Fprintf(w, "%-*s %s\n", helpColumn-1, left, strings.Join(wrap(usage, helpWidth-helpColumn), "\n"+indent))
}

// wrap cuts a text between words into lines of at most width letters where words allow.
func wrap(text string, width int) []string { return wrapWords(strings.Fields(text), width) }

// wrapWords is wrap for words that may have spaces, at which they are not cut.
func wrapWords(words []string, width int) []string {
	var lines []string
	line := ""
	for _, word := range words {
		if line != "" && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > width {
			lines, line = append(lines, line), ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}

// commandLine is a subcommand with its arguments as a shell takes them.
func commandLine(subcommand string, args ...string) string {
	line := "diffclip " + subcommand
	for _, a := range args {
		line += " " + quoted(a, runtime.GOOS)
	}
	return line
}

// quoted is an argument as the shells of a system take it: on Windows cmd, which knows double
// quotes alone, and PowerShell; else those of Unix.
func quoted(arg, system string) string {
	switch {
	case arg == "" && system != "windows":
		return "''"
	case system == "windows" && (arg == "" || strings.ContainsAny(arg, " \t\n\"'&;|<>()@,*?[]{}#~`!^%$")):
		arg = strings.ReplaceAll(arg, `"`, `\"`)
		if strings.HasSuffix(arg, `\`) { // else it would stand before the quote
			arg += `\`
		}
		return `"` + arg + `"`
	case system != "windows" && strings.ContainsAny(arg, " \t\n\"'\\$&;|<>()*?[]{}#~`!"):
		return "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'"
	}
	return arg
}
