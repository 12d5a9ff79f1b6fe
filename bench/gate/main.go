// Command gate fails if the engine has become slower.
//
// It measures the workloads and their matrix products as shares of a yardstick, a
// fixed product in the caches whose rate is taken right before and after, and
// compares them with the floors in floors.json. Time is processor time where
// other processes use the processors (bench.Stopwatch). The yardstick is that of
// the processor's fastest tier of kernels whatever DIFFCLIP_CPU says, so that a
// slower tier fails:
//
//	go run ./bench/gate
//	DIFFCLIP_CPU=generic go run ./bench/gate            # fails
//	DIFFCLIP_CPU=avx2 go run ./bench/gate -tier avx2    # holds AVX2 to its own floors
//	go run ./bench/gate -suggest                        # prints floors for this machine
package main

import (
	_ "embed"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/klauspost/cpuid/v2"

	"diffclip/internal/kern"
)

//go:embed floors.json
var committed []byte

// floors are shares of the yardstick, by tier and check. A tier may have floors of
// its own for a maker of processors, as in "avx512 GenuineIntel", or one of its
// families, as in "avx512 AuthenticAMD 25": what was measured there. Those of the
// tier alone are for processors where nobody has measured yet, and leave room for
// twice the rate at the same memory.
type floors map[string]map[string]float64

// of returns the floors for a tier on this processor, nil if there are none.
func (f floors) of(tier kern.Tier) map[string]float64 {
	maker := tier.String() + " " + cpuid.CPU.VendorString
	for _, name := range []string{fmt.Sprint(maker, " ", cpuid.CPU.Family), maker} {
		if own := f[name]; own != nil {
			return own
		}
	}
	return f[tier.String()]
}

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

type options struct {
	tier    kern.Tier
	floors  map[string]float64
	only    string
	limit   time.Duration
	suggest bool
}

func run(args []string, stdout, stderr io.Writer) (exit int) {
	o, err := parse(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintln(stderr, "gate:", err)
		return 2
	}
	fmt.Fprintf(stdout, "%v kernels against the yardstick of %v, %d processors\n", kern.Active(), o.tier, runtime.NumCPU())
	fmt.Fprintf(stdout, "%-36s %8s %9s %7s %7s %7s %7s %10s\n", "check", "GFLOP/s", "yardstick", "share", "floor", "spread", "rounds", "of ceiling")
	results := map[string]float64{}
	failed := 0
	for _, c := range checks() {
		if !strings.Contains(c.name, o.only) {
			continue
		}
		if c.threads > runtime.NumCPU() {
			fmt.Fprintf(stdout, "%-36s left out: %d threads on %d processors\n", c.name, c.threads, runtime.NumCPU())
			continue
		}
		floor, known := o.floors[c.name]
		if !known && !o.suggest {
			fmt.Fprintf(stderr, "gate: floors for %v have none for %q: add it, -suggest prints one\n", o.tier, c.name)
			return 2
		}
		m := c.measure(o.tier, floor, o.limit)
		results[c.name] = m.share
		verdict := ""
		if m.share < floor {
			verdict = "  TOO SLOW"
			failed++
		}
		fmt.Fprintf(stdout, "%-36s %8.1f %9.1f %6.1f%% %6.1f%% %6.1f%% %7d %9.1f%%%s\n", c.name, m.rate, m.yardstick, 100*m.share, 100*floor, 100*m.spread, m.rounds, 100*m.ofCeiling, verdict)
	}
	if o.suggest {
		return suggest(stdout, o.tier, results)
	}
	if failed > 0 {
		fmt.Fprintf(stdout, "%d of %d checks are below their floors\n", failed, len(results))
		return 1
	}
	fmt.Fprintf(stdout, "all %d checks hold\n", len(results))
	return 0
}

const help = `Fails where the engine has become slower: measures workloads and their matrix
products as shares of a yardstick, a fixed product, and compares them with floors.
Takes about a minute. Exit codes: 0 all checks hold, 1 one is too slow, 2 misused.

usage: go run ./bench/gate [flags]

example:
  go run ./bench/gate
  go run ./bench/gate -only fc2
  go run ./bench/gate -suggest

flags:
`

func parse(args []string, stderr io.Writer) (o options, err error) {
	fs := flag.NewFlagSet("gate", flag.ContinueOnError)
	fs.SetOutput(stderr)
	fs.Usage = func() {
		fmt.Fprint(stderr, help)
		fs.PrintDefaults()
	}
	available := kern.Available()
	tier := fs.String("tier", available[len(available)-1].String(), "`name` of the tier of kernels whose yardstick and floors apply")
	file := fs.String("floors", "", "`file` of floors (default: those built in)")
	fs.StringVar(&o.only, "only", "", "`text` that the names of the checks to measure contain (default: all)")
	fs.DurationVar(&o.limit, "limit", 7*time.Second, "longest `time` for one check, such as 7s")
	fs.BoolVar(&o.suggest, "suggest", false, "print floors, four fifths of what is measured, instead of comparing")
	if err := fs.Parse(args); err != nil {
		return o, err
	}
	if fs.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q", fs.Arg(0))
	}
	if o.tier, err = kern.ParseTier(*tier); err != nil {
		return o, err
	}
	if !strings.Contains(fmt.Sprint(available), o.tier.String()) {
		return o, fmt.Errorf("tier %v is not to be had here, only %v", o.tier, available)
	}
	text := committed
	if *file != "" {
		if text, err = os.ReadFile(*file); err != nil {
			return o, err
		}
	}
	var all floors
	if err := json.Unmarshal(text, &all); err != nil {
		return o, fmt.Errorf("floors %s: %w", *file, err)
	}
	o.floors = all.of(o.tier)
	if o.floors == nil && !o.suggest {
		return o, fmt.Errorf("no floors for tier %v: add them, -suggest prints some", o.tier)
	}
	return o, nil
}

// suggest prints four fifths of each share, in whole per cents.
func suggest(w io.Writer, tier kern.Tier, shares map[string]float64) int {
	out := map[string]float64{}
	for name, s := range shares {
		out[name] = float64(int(80*s)) / 100
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	if err := e.Encode(floors{tier.String(): out}); err != nil {
		return 1
	}
	return 0
}
