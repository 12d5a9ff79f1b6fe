package golden

import (
	"bytes"
	"math"
	"os"
	"strings"
	"testing"

	"diffclip/internal/safetensors"
)

var families = []string{"attention", "block", "clip", "conv", "diffusion", "loss", "norm", "ops", "optim", "schedule", "trajectory"}

// TestFilesAreWhatTheGoWriterWrites reads every tensor of every file, encodes all of it again, and wants the same
// bytes: the Python and the Go side agree on the format.
func TestFilesAreWhatTheGoWriterWrites(t *testing.T) {
	entries, err := files.ReadDir("data")
	if err != nil || len(entries) != len(families) {
		t.Fatalf("%d files, %v, want %d", len(entries), err, len(families))
	}
	for _, family := range families {
		f := Load(t, family)
		var tensors []safetensors.Tensor
		for _, name := range f.Cases() {
			c := f.Case(t, name)
			for _, part := range c.Parts() {
				full := name + "/" + part
				info, err := f.reader.Info(full)
				if err != nil {
					t.Fatal(err)
				}
				tensor := safetensors.Tensor{Name: full, Shape: c.Shape(part)}
				switch info.DType {
				case safetensors.F32:
					tensor.Data = c.Float32s(part)
				case safetensors.F64:
					tensor.Data = c.Float64s(part)
				case safetensors.I64:
					tensor.Data = c.Int64s(part)
				}
				tensors = append(tensors, tensor)
			}
		}
		var b bytes.Buffer
		if err := safetensors.Encode(&b, tensors, f.reader.Metadata()); err != nil {
			t.Fatal(err)
		}
		want, err := files.ReadFile("data/" + family + ".safetensors")
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(b.Bytes(), want) {
			t.Errorf("%s: encoding what was read gives other bytes", family)
		}
	}
}

// TestReadmeListsEveryCase keeps the page and the files together.
func TestReadmeListsEveryCase(t *testing.T) {
	page, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		_, section, found := strings.Cut(string(page), "## "+family+".safetensors")
		if !found {
			t.Errorf("no section on %s", family)
			continue
		}
		section, _, _ = strings.Cut(section, "\n## ")
		for _, name := range Load(t, family).Cases() {
			if !strings.Contains(section, "\n| "+name+" |") {
				t.Errorf("%s: case %s is not listed", family, name)
			}
		}
	}
}

// TestLinearByHand recomputes one case and its gradients, so that the meaning of the parts is pinned.
func TestLinearByHand(t *testing.T) {
	c := Load(t, "ops").Case(t, "linear")
	x, w, bias, g := c.Float32s("input"), c.Float32s("weight"), c.Float32s("bias"), c.Float32s("grad_output")
	rows, in, out := c.Shape("input")[0], c.Shape("input")[1], c.Shape("weight")[0]
	y, dx, dw, db := make([]float64, rows*out), make([]float64, rows*in), make([]float64, out*in), make([]float64, out)
	for r := range rows {
		for o := range out {
			y[r*out+o] = float64(bias[o])
			db[o] += float64(g[r*out+o])
			for i := range in {
				y[r*out+o] += float64(x[r*in+i]) * float64(w[o*in+i])
				dx[r*in+i] += float64(g[r*out+o]) * float64(w[o*in+i])
				dw[o*in+i] += float64(g[r*out+o]) * float64(x[r*in+i])
			}
		}
	}
	for part, got := range map[string][]float64{"output": y, "grad_input": dx, "grad_weight": dw, "grad_bias": db} {
		for i, want := range c.Float32s(part) {
			if math.Abs(got[i]-float64(want)) > 1e-7*math.Max(1, math.Abs(got[i])) {
				t.Errorf("%s[%d] = %v, want %v", part, i, got[i], want)
			}
		}
	}
	if c := Load(t, "attention").Case(t, "tokens37"); c.Int("heads") != 8 || c.Attr("head_size") != 16 || !c.Has("input") || c.Has("weight") {
		t.Error("attention/tokens37 does not have 8 heads of size 16 and an input alone")
	}
}
