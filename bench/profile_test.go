package bench

import (
	"bytes"
	"math"
	"reflect"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"diffclip/internal/testenv"
	"diffclip/tensor"
)

// The profile changes nothing about the result, and its shares add up.
func TestProfileIsTransparentAndComplete(t *testing.T) {
	for _, name := range []string{"pretrain", "fewshot", "infer"} {
		be := tensor.NewCPU(2)
		plain, err := New(name, be, 6)
		if err != nil {
			t.Fatal(err)
		}
		p := NewProfile(be, 2)
		profiled, err := New(name, p, 6)
		if err != nil {
			t.Fatal(err)
		}
		for step := range 3 {
			if a, b := lossOf(plain), lossOf(profiled); a != b {
				t.Errorf("%s, step %d: %v, profiled %v", name, step, a, b)
			}
		}
		if n := testenv.SteadyAllocs(2, func() { profiled.Step() }); n != 0 {
			t.Errorf("%s: %v allocations a profiled step", name, n)
		}
		p.Reset()
		profiled.Step()
		share, gflop := 0.0, 0.0
		seen := map[string]bool{}
		for _, r := range p.Rows() {
			seen[r.Name] = true
			share += r.Share
			gflop += r.GFLOP
		}
		if math.Abs(share-1) > 0.02 {
			t.Errorf("%s: shares add up to %v", name, share)
		}
		if !(gflop > 0.3*profiled.GFLOP && gflop < 1.2*profiled.GFLOP) {
			t.Errorf("%s: %v GFLOP seen, the plain network has %v", name, gflop, profiled.GFLOP)
		}
		for _, want := range []string{"Linear 128->384", "Linear dw 128->256", "SelfAttention 122", "SelfAttention backward 37", "LayerNorm 128"} {
			if name == "pretrain" && !seen[want] {
				t.Errorf("%s: no row %q", name, want)
			}
		}
		be.Close()
	}
}

// Every method of a backend that computes is timed; a new one must be added.
func TestProfileTimesEveryOperation(t *testing.T) {
	untimed := map[string]bool{"Name": true, "Lanes": true, "Get": true, "Put": true, "Grain": true, "Ahead": true, "NextStep": true, "Place": true}
	backend := reflect.TypeOf((*tensor.Backend)(nil)).Elem()
	embedded := reflect.TypeOf(struct{ tensor.Backend }{})
	own := reflect.TypeOf(&Profile{})
	for i := range backend.NumMethod() {
		name := backend.Method(i).Name
		m, _ := own.MethodByName(name)
		e, _ := embedded.MethodByName(name)
		promoted := funcFile(m.Func) == funcFile(e.Func)
		if promoted != untimed[name] {
			t.Errorf("%s: timed %v, want %v", name, !promoted, !untimed[name])
		}
	}
}

func TestProfileTable(t *testing.T) {
	be := tensor.NewCPU(1)
	defer be.Close()
	var out bytes.Buffer
	err := ProfileWorkload(t.Context(), &out, be, 1, 1, func(be tensor.Backend) (*Workload, error) { return New("pretrain", be, 4) })
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"operation", "Linear 128->384", "Linear dw 128->256", "SelfAttention 122", "SelfAttention backward 37", "LayerNorm 128", "(the rest)"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the table has no %q:\n%s", want, out.String())
		}
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	all := strings.Fields(lines[len(lines)-1])
	if len(all) != 5 || all[0] != "(all)" || all[3] != "100.0%" {
		t.Fatalf("the last line is %q, want the sum of all others", lines[len(lines)-1])
	}
	calls := 0
	for _, line := range lines[1 : len(lines)-1] {
		n, err := strconv.Atoi(strings.Fields(line[36:])[0])
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		calls += n
	}
	if all[1] != strconv.Itoa(calls) {
		t.Errorf("%s calls in all, those of the lines are %d", all[1], calls)
	}
}

// funcFile returns the source file of a method; the compiler's wrappers of
// promoted methods have none of their own.
func funcFile(f reflect.Value) string {
	file, _ := runtime.FuncForPC(f.Pointer()).FileLine(f.Pointer())
	return file
}
