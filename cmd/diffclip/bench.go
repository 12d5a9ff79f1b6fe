package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"diffclip/bench"
	"diffclip/cuda"
	"diffclip/internal/run"
	"diffclip/tensor"
)

func declareBench(a *app, f *flags) func() error {
	f.purpose = "Measures the speed of a workload of the published sizes: a step of stage 1 (pretrain;\npretrain-reference in the order of the published code), a step of stage 2 (fewshot),\nclassifying windows (infer) and a whole scene (scene)."
	f.usage = "-workload NAME [-device NAME] [-threads N] [-steps N] [-json]"
	f.example = []string{"-workload pretrain -threads 2 -json", "-workload pretrain -device cuda -precision tf32"}
	var o benchOptions
	f.group("flags", func() {
		f.Func("workload", "`name`: "+strings.Join(workloads, ", "), func(v string) error {
			if !slices.Contains(workloads, v) {
				return fmt.Errorf("want %s", strings.Join(workloads, ", "))
			}
			o.workload = v
			return nil
		})
		count(f, "batch", "`number` of windows in a step (default 256, for fewshot 64), or of pixels for scene", &o.batch)
		o.steps = 12
		count(f, "steps", "`number` of steps to time (default 12), and half as many again where other programs disturb", &o.steps)
		f.BoolVar(&o.json, "json", false, "write JSON")
		f.BoolVar(&o.profile, "profile", false, "print where the time goes instead: operation by operation, on a GPU kernel by kernel")
	})
	o.computer.declare(f)
	return func() error { return runBench(a, &o) }
}

// workloads are the names that -workload takes.
var workloads = []string{"pretrain", "pretrain-reference", "fewshot", "infer", "scene"}

type benchOptions struct {
	computer
	workload      string
	batch, steps  int
	json, profile bool
}

func runBench(a *app, o *benchOptions) error {
	if o.workload == "" {
		return misuse("-workload is missing: want one of %s", strings.Join(workloads, ", "))
	}
	if o.json && o.profile {
		return misuse("-profile prints a table: it has no JSON")
	}
	be, err := o.open(a)
	if err != nil {
		return err
	}
	fmt.Fprintf(a.stderr, "measuring %s of %s on %s, after %d to warm up\n", run.Count(o.steps, "step"), o.workload, be.Name(), warmUp)
	var text bytes.Buffer
	if err := abandon(a.ctx, func() error { return o.bench(a.ctx, &text, be) }); err != nil {
		return err
	}
	_, err = text.WriteTo(a.stdout)
	return err
}

// abandon does something that has nothing to save, and no longer waits for it when ctx
// ends: a step may take long on a machine that is busy.
func abandon(ctx context.Context, do func() error) error {
	done := make(chan error, 1)
	go func() { done <- attempt(do) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// bench measures on a backend and writes what it found.
func (o *benchOptions) bench(ctx context.Context, out io.Writer, be tensor.Backend) error {
	device, onDevice := be.(*cuda.Backend)
	if o.profile && !onDevice {
		return bench.ProfileWorkload(ctx, out, be, threadsOf(be), o.steps, func(be tensor.Backend) (*bench.Workload, error) {
			return bench.New(o.workload, be, o.batch)
		})
	}
	w, err := bench.New(o.workload, be, o.batch)
	if err != nil {
		return err
	}
	defer w.Close()
	if o.profile {
		return profileDevice(ctx, out, device, w, o.steps)
	}
	r, err := measure(ctx, w, be.Name(), threadsOf(be), o.steps)
	if err != nil {
		return err
	}
	if o.json {
		return json.NewEncoder(out).Encode(r)
	}
	fmt.Fprintf(out, "%s on %s, %d threads, batch %d, %d trained values\n", r.Workload, r.Variant, r.Threads, r.Batch, r.Params)
	fmt.Fprintf(out, "  %.2f ms a step (of %d steps, %d undisturbed by other programs; the median of those, or where they are less than 3 of all; fastest %.2f)\n",
		r.MSPerStep, r.TimedSteps, r.CleanSteps, r.MSMin)
	fmt.Fprintf(out, "  %.1f windows/s, %.1f GFLOP/s of %.2f GFLOP a step, peak memory %.0f MiB\n", r.PatchesPerS, r.GFLOPs, r.GFLOPStep, r.PeakRSSMiB)
	return nil
}
