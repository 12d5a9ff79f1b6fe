// Package memory refuses what cannot fit in the machine before it is asked for, so
// that a mistyped size ends in a sentence and not in a kill by the system.
package memory

import "fmt"

// Check returns an error where something of so many bytes cannot fit in the memory
// and swap of the machine, or of the control group that the process is confined
// to. Where the system does not say how much there is, everything fits.
func Check(bytes float64) error { return check(bytes, total()) }

func check(bytes, total float64) error {
	if total == 0 || bytes <= total {
		return nil
	}
	return fmt.Errorf("takes at least %s of memory, this machine has %s", size(bytes), size(total))
}

// size writes a number of bytes for people.
func size(bytes float64) string {
	for _, unit := range []string{"bytes", "KiB", "MiB"} {
		if bytes < 1024 {
			return fmt.Sprintf("%.3g %s", bytes, unit)
		}
		bytes /= 1024
	}
	if bytes >= 1000 {
		return fmt.Sprintf("%.0f GiB", bytes)
	}
	return fmt.Sprintf("%.3g GiB", bytes)
}
