package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"diffclip/bench"
	"diffclip/cuda"
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
		count(f, "steps", "`number` of steps to time (default 12)", &o.steps)
		f.BoolVar(&o.json, "json", false, "write JSON")
		f.BoolVar(&o.profile, "profile", false, "print where the time goes instead: operation by operation, on a GPU kernel by kernel")
		o.computer.declare(f)
	})
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
	device, onDevice := be.(*cuda.Backend)
	if o.profile && !onDevice {
		return bench.ProfileWorkload(a.stdout, be, threadsOf(be), o.steps, func(be tensor.Backend) (*bench.Workload, error) {
			return bench.New(o.workload, be, o.batch)
		})
	}
	w, err := bench.New(o.workload, be, o.batch)
	if err != nil {
		return err
	}
	defer w.Close()
	if o.profile {
		return profileDevice(a.ctx, a.stdout, device, w, o.steps)
	}
	r, err := measure(a.ctx, w, be.Name(), threadsOf(be), o.steps)
	if err != nil {
		return err
	}
	if o.json {
		return json.NewEncoder(a.stdout).Encode(r)
	}
	fmt.Fprintf(a.stdout, "%s on %s, %d threads, batch %d, %d trained values\n", r.Workload, r.Variant, r.Threads, r.Batch, r.Params)
	fmt.Fprintf(a.stdout, "  %.2f ms a step (median of %d, of which %d undisturbed; fastest %.2f)\n", r.MSPerStep, r.TimedSteps, r.CleanSteps, r.MSMin)
	fmt.Fprintf(a.stdout, "  %.1f windows/s, %.1f GFLOP/s of %.2f GFLOP a step, peak memory %.0f MiB\n", r.PatchesPerS, r.GFLOPs, r.GFLOPStep, r.PeakRSSMiB)
	return nil
}
