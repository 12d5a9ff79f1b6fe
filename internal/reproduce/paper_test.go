package reproduce

import (
	"math"
	"testing"
)

// Numbers read off the paper by eye.
func TestPrintedNumbers(t *testing.T) {
	for _, c := range []struct {
		table, setting, method, data, metric string
		want                                 float64
	}{
		{"table1", "2-shot", "CLIP", "Houston", "OA", 35.83},
		{"table1", "2-shot", "DiffCLIP", "MUUFL", "AA", 54.94},
		{"table1", "8-shot", "SCFormer", "Trento", "kappa", 94.18},
		{"table1", "20-shot", "LDS2AE", "Houston", "OA", 65.71},
		{"table1", "20-shot", "DiffCLIP", "Trento", "kappa", 98.13},
		{"table2", "", "500 samples", "mean", "kappa", 93.00},
		{"table3", "", "w/o Text", "mean", "OA", 89.35},
		{"table3", "", "w/o Unsupervised", "mean", "AA", 88.94},
		{"table4", "", "p2", "Houston", "OA", 97.05},
		{"table5", "40 per class", "CALC", "MUUFL", "AA", 64.09},
		{"table5", "40 per class", "DiffCLIP", "Houston", "AA", 98.87},
		{"table6", "", "DiffCLIP", "MRNet", "AUC", 78.7},
		{"table6", "", "ELNet", "MRNet", "SP", 65.0},
	} {
		got, ok := printedRow(c.table, c.setting, c.method, c.data)[c.metric]
		if !ok || math.Abs(100*got-c.want) > 1e-9 {
			t.Errorf("%s, %s %s, %s, %s: %.4f, want %.4f", c.table, c.setting, c.method, c.data, c.metric, 100*got, c.want)
		}
	}
	counts := map[string]int{}
	for _, p := range printed {
		counts[p.Table]++
	}
	for table, want := range map[string]int{"table1": 63, "table2": 3, "table3": 5, "table4": 5, "table5": 30, "table6": 4} {
		if counts[table] != want {
			t.Errorf("%s has %d rows, want %d", table, counts[table], want)
		}
	}
}

// What the paper says in words about its tables must follow from the file.
func TestPrintedNumbersAgree(t *testing.T) {
	scenes := []string{"Houston", "MUUFL", "Trento"}
	gain := 0.0
	for _, s := range scenes {
		gain += printedRow("table1", "2-shot", "DiffCLIP", s)["OA"] - printedRow("table1", "2-shot", "CLIP", s)["OA"]
	}
	if math.Abs(100*gain/3-10.65) > 0.005 {
		t.Errorf("2-shot gain over CLIP %.3f, the abstract says 10.65", 100*gain/3)
	}
	full := printedRow("table3", "", "DiffCLIP", "mean")
	for without, want := range map[string]float64{"w/o Text": 5.45, "w/o Diffusion": 5.13, "w/o Mask": 4.02, "w/o Unsupervised": 6.98} {
		if d := 100 * (full["OA"] - printedRow("table3", "", without, "mean")["OA"]); math.Abs(d-want) > 0.005 {
			t.Errorf("%s costs %.3f, the text says %.2f", without, d, want)
		}
	}
	// Tables 2 and 3 end with the means of Table 5, which is how their protocol is known here.
	for _, m := range sceneMetrics {
		mean := 0.0
		for _, s := range scenes {
			mean += printedRow("table5", "40 per class", "DiffCLIP", s)[m] / 3
		}
		if math.Abs(mean-full[m]) > 5e-5+1e-12 || full[m] != printedRow("table2", "", "700 samples", "mean")[m] {
			t.Errorf("%s: mean of Table 5 %.4f, Table 3 %.4f", m, 100*mean, 100*full[m])
		}
		if a, b := printedRow("table4", "", "p5", "Houston")[m], printedRow("table5", "40 per class", "DiffCLIP", "Houston")[m]; a != b {
			t.Errorf("%s: p5 of Table 4 %.4f, DiffCLIP of Table 5 %.4f", m, 100*a, 100*b)
		}
	}
}

// Every arm that stands for a row of the paper finds it, so that no misspelt name
// hides a number.
func TestArmsFindTheirRows(t *testing.T) {
	want := map[string]int{"table1": 9, "table2": 3, "table3": 5, "table4": 5, "table5": 2, "table6": 1}
	for _, s := range Studies() {
		found := 0
		for _, a := range s.Arms(false) {
			for _, p := range printed {
				if p.Table == s.Name && p.Setting == a.Setting && p.Method == a.printedAs() {
					found++
					break
				}
			}
		}
		if found != want[s.Name] {
			t.Errorf("%s: %d arms have printed numbers, want %d", s.Name, found, want[s.Name])
		}
		if len(s.Arms(true)) > len(s.Arms(false)) || len(s.Arms(true)) < 2 {
			t.Errorf("%s: %d arms in a quick run, %d else", s.Name, len(s.Arms(true)), len(s.Arms(false)))
		}
	}
}
