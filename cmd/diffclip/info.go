package main

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/klauspost/cpuid/v2"

	"diffclip/internal/kern"
	"diffclip/internal/run"
)

func declareInfo(a *app, f *flags) func() error {
	f.purpose = "Shows what diffclip computes with: processor, kernels, threads and build."
	f.usage = "[-json]"
	f.example = []string{"", "-json"}
	asJSON := false
	f.group("flags", func() { f.BoolVar(&asJSON, "json", false, "write JSON") })
	return func() error { return info(a, asJSON) }
}

// facts is what info tells.
type facts struct {
	run.Environment
	Tiers    []string          `json:"tiers"`  // that this processor can run
	Caches   map[string]int    `json:"caches"` // bytes; -1 where unknown
	Cores    int               `json:"cores"`
	GPU      string            `json:"gpu"`
	Features []string          `json:"features"`
	Build    map[string]string `json:"build"`
}

func gather() facts {
	c := cpuid.CPU
	out := facts{Environment: run.CurrentEnvironment(), Cores: runtime.NumCPU(), GPU: gpu(), Build: map[string]string{},
		Caches: map[string]int{"L1d": c.Cache.L1D, "L2": c.Cache.L2, "L3": c.Cache.L3}}
	for _, t := range kern.Available() {
		out.Tiers = append(out.Tiers, t.String())
	}
	for _, id := range []cpuid.FeatureID{cpuid.SSE42, cpuid.AVX, cpuid.AVX2, cpuid.FMA3, cpuid.AVX512F, cpuid.AVX512BW, cpuid.AVX512DQ, cpuid.AVX512VL, cpuid.ASIMD} {
		if c.Supports(id) {
			out.Features = append(out.Features, id.String())
		}
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "CGO_ENABLED" || s.Key == "-tags" || strings.HasPrefix(s.Key, "GO") {
				out.Build[s.Key] = s.Value
			}
		}
	}
	return out
}

func info(a *app, asJSON bool) error {
	v := gather()
	if asJSON {
		return json.NewEncoder(a.stdout).Encode(v)
	}
	line := func(name, format string, args ...any) {
		fmt.Fprintf(a.stdout, "%-10s %s\n", name, fmt.Sprintf(format, args...))
	}
	line("diffclip", "%s", strings.TrimSpace(v.Version+" "+v.Revision))
	line("go", "%s %s/%s", v.Go, v.OS, v.Arch)
	line("cpu", "%s, %d processors", v.CPU, v.Cores)
	line("features", "%s", strings.Join(v.Features, " "))
	line("kernels", "%s, of %s; set %s to choose", v.Tier, strings.Join(v.Tiers, " "), kern.Env)
	line("threads", "%d", v.Threads)
	line("caches", "L1d %s, L2 %s, L3 %s", size(v.Caches["L1d"]), size(v.Caches["L2"]), size(v.Caches["L3"]))
	line("gpu", "%s", v.GPU)
	var build []string
	for k, s := range v.Build {
		build = append(build, k+"="+s)
	}
	slices.Sort(build)
	line("build", "%s", strings.Join(build, " "))
	return nil
}

// size writes bytes in binary units.
func size(n int) string {
	switch {
	case n < 0:
		return "unknown"
	case n < 1<<20:
		return fmt.Sprintf("%d KiB", n>>10)
	}
	return fmt.Sprintf("%.4g MiB", float64(n)/(1<<20))
}
