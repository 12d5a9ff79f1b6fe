package run

import (
	"runtime"
	"runtime/debug"

	"github.com/klauspost/cpuid/v2"

	"diffclip/internal/kern"
)

// Environment is what a run computed with.
type Environment struct {
	Version  string `json:"version"`  // of diffclip
	Revision string `json:"revision"` // of its source, "" where unknown
	Go       string `json:"go"`
	OS       string `json:"os"`
	Arch     string `json:"arch"`
	CPU      string `json:"cpu"`
	Tier     string `json:"tier"` // of the kernels
	Threads  int    `json:"threads"`
	Device   string `json:"device"` // what computed, as "cpu/avx512" or "cuda/tf32"
}

// CurrentEnvironment describes this process. Threads is the number of processors
// that Go may use.
func CurrentEnvironment() Environment {
	e := Environment{Version: "devel", Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH,
		CPU: cpuid.CPU.BrandName, Tier: kern.Active().String(), Threads: runtime.GOMAXPROCS(0)}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return e
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		e.Version = v
	}
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			e.Revision = s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			e.Revision += "+changes"
		}
	}
	return e
}
