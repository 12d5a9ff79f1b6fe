// Command diffclip trains and applies DiffCLIP: unsupervised mask-diffusion
// pre-training and few-shot, language-driven classification of multimodal
// remote-sensing scenes.
//
// Run it without arguments for the list of its subcommands.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"

	"diffclip/tensor"
)

// Exit codes.
const (
	exitFailure     = 1
	exitMisuse      = 2
	exitInterrupted = 130
)

func main() {
	if os.Getenv("GOGC") == "" {
		// A step allocates next to nothing, so collecting early costs no time and
		// keeps memory near that of the scene and the model.
		debug.SetGCPercent(25)
	}
	ctx, stop := signal.NotifyContext(context.Background(), stopSignals()...)
	context.AfterFunc(ctx, stop) // a second one ends the program at once
	code := command(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// stopSignals are what ends a training in good order: Ctrl-C, a polite kill, and
// the end of the terminal, unless nohup has the program outlive it.
func stopSignals() []os.Signal {
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		signals = append(signals, syscall.SIGHUP)
	}
	return signals
}

// app is what a subcommand works with: results go to stdout, everything else to
// stderr.
type app struct {
	ctx            context.Context
	stdout, stderr io.Writer
}

// subcommand is one verb. declare declares its flags and returns what to do once
// they are parsed.
type subcommand struct {
	name, summary string
	declare       func(a *app, f *flags) func() error
}

func subcommands() []subcommand {
	return []subcommand{
		{"demo", "both stages on an embedded scene, with a report", declareDemo},
		{"inspect", "what is in a file or folder", declareInspect},
		{"pretrain", "stage 1: learn from unlabelled windows", declarePretrain},
		{"finetune", "stage 2: learn classes from few labels and language", declareFinetune},
		{"eval", "accuracy of a run, over seeds if asked", declareEval},
		{"baselines", "accuracy of classical classifiers on the same splits", declareBaselines},
		{"reproduce", "the paper's tables and figures, beside its numbers", declareReproduce},
		{"map", "classify a whole scene", declareMap},
		{"serve", "look at a run in a browser, while it trains and after", declareServe},
		{"bench", "measure the speed of training and inference", declareBench},
		{"info", "processor, kernels, threads and build", declareInfo},
		{"version", "the version", declareVersion},
	}
}

// results writes to standard output and remembers the first failure, so that
// results that never arrived do not count as success.
type results struct {
	io.Writer
	err error
}

func (r *results) Write(b []byte) (int, error) {
	n, err := r.Writer.Write(b)
	if r.err == nil {
		r.err = err
	}
	return n, err
}

// command runs the command line and returns the exit code.
func command(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	r := &results{Writer: stdout}
	code := dispatch(ctx, args, r, stderr)
	if code == 0 && r.err != nil {
		fmt.Fprintf(stderr, "diffclip: the results could not be written: %v\n", r.err)
		return exitFailure
	}
	return code
}

func dispatch(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	if len(args) == 0 {
		overview(stderr)
		return exitMisuse
	}
	switch args[0] {
	case "help", "-h", "-help", "--help":
		return help(args[1:], stdout, stderr)
	case "-version", "--version":
		args[0] = "version"
	}
	for _, c := range subcommands() {
		if c.name == args[0] {
			return runSubcommand(ctx, c, args[1:], stdout, stderr)
		}
	}
	return noSubcommand(args[0], stderr)
}

func runSubcommand(ctx context.Context, c subcommand, args []string, stdout, stderr io.Writer) int {
	a := &app{ctx, stdout, stderr}
	f := newFlags(c.name)
	do := c.declare(a, f)
	switch err := f.parse(args); {
	case errors.Is(err, flag.ErrHelp):
		f.help(stdout)
		return 0
	case err != nil:
		fmt.Fprintf(stderr, "diffclip %s: %v\n`diffclip %s -h` explains the flags\n", c.name, err, c.name)
		return exitMisuse
	}
	return report(c.name, attempt(do), stderr)
}

// attempt runs a subcommand; the failure of a device that computes ends it as any
// other error does.
func attempt(do func() error) (err error) {
	defer tensor.CatchDevice(&err)
	return do()
}

// report says on stderr how a subcommand ended and returns its exit code.
func report(name string, err error, stderr io.Writer) int {
	var misuse misuseError
	var interrupted interruptedError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &interrupted):
		fmt.Fprintf(stderr, "diffclip %s: %v\n", name, err)
		return exitInterrupted
	case errors.Is(err, context.Canceled):
		fmt.Fprintf(stderr, "diffclip %s: interrupted\n", name)
		return exitInterrupted
	case errors.As(err, &misuse):
		fmt.Fprintf(stderr, "diffclip %s: %v\n`diffclip %s -h` explains the flags\n", name, err, name)
		return exitMisuse
	}
	fmt.Fprintf(stderr, "diffclip %s: %s\n", name, oneLine(err.Error()))
	return exitFailure
}

// oneLine puts the lines of a joined error side by side, each once.
func oneLine(text string) string {
	var lines []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "; ")
}

// misuseError is a command line that cannot be meant.
type misuseError struct{ error }

func misuse(format string, args ...any) error { return misuseError{fmt.Errorf(format, args...)} }

func help(args []string, stdout, stderr io.Writer) int {
	if len(args) == 0 {
		overview(stdout)
		return 0
	}
	if args[0] == presetsTopic {
		presetsHelp(stdout)
		return 0
	}
	for _, c := range subcommands() {
		if c.name == args[0] {
			f := newFlags(c.name)
			c.declare(&app{}, f)
			f.help(stdout)
			return 0
		}
	}
	return noSubcommand(args[0], stderr)
}

func noSubcommand(name string, stderr io.Writer) int {
	var names []string
	for _, c := range subcommands() {
		names = append(names, c.name)
	}
	fmt.Fprintf(stderr, "diffclip: there is no subcommand %q%s; `diffclip help` lists them\n", name, meant(name, "", names))
	return exitMisuse
}

func overview(w io.Writer) {
	fmt.Fprint(w, `diffclip classifies multimodal remote-sensing scenes from few labels, by
mask-diffusion pre-training and contrast with language.

usage: diffclip SUBCOMMAND [flags]

`)
	for _, c := range subcommands() {
		fmt.Fprintf(w, "  %-9s %s\n", c.name, c.summary)
	}
	fmt.Fprint(w, `
Start with `+"`diffclip demo`"+`, which needs no data. `+"`diffclip SUBCOMMAND -h`"+` explains
a subcommand, `+"`diffclip help presets`"+` the settings that training starts from. Results
go to standard output, progress to standard error.
Exit codes: 0 done, 1 failed, 2 misused, 130 interrupted.
`)
}
