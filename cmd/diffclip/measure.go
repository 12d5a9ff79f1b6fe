package main

import (
	"context"
	"math"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"diffclip/bench"
)

// measurement is the outcome of a benchmark.
type measurement struct {
	Workload    string  `json:"workload"`
	Variant     string  `json:"variant"`
	Threads     int     `json:"threads"`
	Batch       int     `json:"batch"`
	Params      int     `json:"params"`
	MSPerStep   float64 `json:"ms_per_step"` // median of the clean steps, where there are three
	MSMin       float64 `json:"ms_min"`
	MSMedianAll float64 `json:"ms_median_all"`
	CleanSteps  int     `json:"clean_steps"`
	TimedSteps  int     `json:"timed_steps"`
	PatchesPerS float64 `json:"patches_per_s"`
	GFLOPStep   float64 `json:"gflop_per_step"`
	GFLOPs      float64 `json:"gflops"`
	PeakRSSMiB  float64 `json:"peak_rss_mib"` // of the process so far; 0 where the system does not tell
}

// warmUp is how many steps go before those that are measured.
const warmUp = 2

// measure runs a workload a few times unmeasured, then steps times or half as
// many again where other processes disturb: a step is clean if they used less
// than 5 % of the machine meanwhile. On a device a step is the mean of as many as are
// made ahead.
func measure(ctx context.Context, w *bench.Workload, variant string, threads, steps int) (measurement, error) {
	for range warmUp {
		ahead(w)
		if err := ctx.Err(); err != nil {
			return measurement{}, err
		}
	}
	var all, clean []float64
	for len(clean) < steps && len(all) < steps+steps/2 {
		before, own := machineBusy(), processTime()
		began := time.Now()
		ahead(w)
		took := time.Since(began).Seconds() / float64(w.Ahead)
		others := machineBusy() - before - (processTime() - own)
		all = append(all, took)
		if others < 0.05*took*float64(w.Ahead*runtime.NumCPU())+0.02 {
			clean = append(clean, took)
		}
		if err := ctx.Err(); err != nil {
			return measurement{}, err
		}
	}
	used := all
	if len(clean) >= 3 {
		used = clean
	}
	m := median(used)
	return measurement{w.Name, variant, threads, w.Batch, w.Params, hundredth(1e3 * m), hundredth(1e3 * slices.Min(all)), hundredth(1e3 * median(all)), len(clean), len(all),
		tenth(float64(w.Batch) / m), hundredth(w.GFLOP), tenth(w.GFLOP / m), math.Round(peakRSS())}, nil
}

// ahead makes as many steps as are best made ahead, and waits for them.
func ahead(w *bench.Workload) {
	for range w.Ahead {
		w.Step()
	}
	w.Loss()
}

func tenth(v float64) float64 { return math.Round(10*v) / 10 }

func hundredth(v float64) float64 { return math.Round(100*v) / 100 }

func median(v []float64) float64 {
	s := slices.Sorted(slices.Values(v))
	n := len(s)
	return (s[(n-1)/2] + s[n/2]) / 2
}

// ticks is the unit of Linux's processor times, a hundredth of a second on every
// system that Go runs on.
const ticks = 100.0

// machineBusy returns the seconds that all processors have worked since the
// machine started, 0 where the system does not tell.
func machineBusy() float64 {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0
	}
	line, _, _ := strings.Cut(string(text), "\n")
	fields := strings.Fields(line)
	if len(fields) < 9 {
		return 0
	}
	busy := 0.0
	for i, f := range fields[1:9] {
		v, err := strconv.ParseFloat(f, 64)
		if err == nil && i != 3 && i != 4 { // idle and waiting
			busy += v
		}
	}
	return busy / ticks
}

// processTime returns the seconds of processor time of this process, 0 where the
// system does not tell.
func processTime() float64 {
	text, err := os.ReadFile("/proc/self/stat")
	if err != nil {
		return 0
	}
	_, after, ok := strings.Cut(string(text), ") ")
	fields := strings.Fields(after)
	if !ok || len(fields) < 13 {
		return 0
	}
	user, err1 := strconv.ParseFloat(fields[11], 64)
	system, err2 := strconv.ParseFloat(fields[12], 64)
	if err1 != nil || err2 != nil {
		return 0
	}
	return (user + system) / ticks
}

// peakRSS returns the most memory that the process has had, in MiB.
func peakRSS() float64 {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kb, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
			if err == nil {
				return kb / 1024
			}
		}
	}
	return 0
}
