package main

import (
	"fmt"
	"strings"

	"diffclip/internal/run"
)

func declareVersion(a *app, f *flags) func() error {
	f.purpose = "Shows the version."
	f.example = []string{""}
	return func() error {
		e := run.CurrentEnvironment()
		_, err := fmt.Fprintf(a.stdout, "diffclip %s, %s %s/%s\n", strings.TrimSpace(e.Version+" "+e.Revision), e.Go, e.OS, e.Arch)
		return err
	}
}
