package kernels_test

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"diffclip/cuda/internal/ptxvm"
	"diffclip/cuda/kernels"
)

// hostRun is the C++ build of the kernels as a program: host/run.cc.
type hostRun struct {
	to   io.Writer
	from *bufio.Reader
}

// startHost builds and starts it.
func startHost(t *testing.T) *hostRun {
	t.Helper()
	if _, err := exec.LookPath("g++"); err != nil {
		t.Skip("no g++ here to build the kernels for the host")
	}
	program := filepath.Join(t.TempDir(), "run")
	build := exec.Command("g++", "-std=c++17", "-O1", "-Wall", "-Wno-sign-compare", "-Werror", "-ffp-contract=off", "-DKERNELS_ON_HOST", "run.cc", "fiber.cc", "-o", program)
	build.Dir = "host"
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("g++: %v\n%s", err, out)
	}
	cmd := exec.Command(program)
	to, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	from, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		to.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("the host's kernels: %v", err)
		}
	})
	return &hostRun{to, bufio.NewReader(from)}
}

// orders are the orders in which host/fiber.h runs a block's threads.
var orders = []string{"forward", "reverse", "random"}

// launch runs a kernel on copies of the regions, and returns what they hold then.
// args point into them where their region is not negative.
func (h *hostRun) launch(k *kernels.Kernel, grid, block kernels.Dim, order int, regions [][]uint32, region []int, args []uint64) ([][]uint32, error) {
	var b bytes.Buffer
	put := func(v any) { binary.Write(&b, binary.LittleEndian, v) }
	var name [64]byte
	copy(name[:], k.Name)
	put(name)
	put([]kernels.Dim{grid, block})
	put([]int32{int32(order), int32(len(regions))})
	for _, r := range regions {
		put(int32(len(r)))
		put(r)
	}
	put(int32(len(args)))
	for i, a := range args {
		put(int32(region[i]))
		put(a)
	}
	if _, err := h.to.Write(b.Bytes()); err != nil {
		return nil, err
	}
	var length int32
	if err := binary.Read(h.from, binary.LittleEndian, &length); err != nil {
		return nil, err
	}
	if length > 0 {
		message := make([]byte, length)
		_, err := io.ReadFull(h.from, message)
		return nil, errors.Join(errors.New(string(message)), err)
	}
	out := make([][]uint32, len(regions))
	for i, r := range regions {
		out[i] = make([]uint32, len(r))
		if err := binary.Read(h.from, binary.LittleEndian, out[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// both is a Device that runs each launch in the interpreter and, in every order
// of threads, on the host, and wants the same bits.
type both struct {
	*vm
	host *hostRun
}

func (d both) Launch(k *kernels.Kernel, grid, block kernels.Dim, args []uint64) {
	var regions [][]uint32
	var bases []uint64
	region, offset := make([]int, len(args)), make([]uint64, len(args))
	for i, a := range args {
		region[i], offset[i] = -1, a
		if k.Params[i] != 'p' || a == 0 {
			continue
		}
		base, words := d.memory.Snapshot(a)
		region[i], offset[i] = len(regions), a-base
		for j, b := range bases {
			if b == base {
				region[i] = j
			}
		}
		if region[i] == len(regions) {
			regions, bases = append(regions, words), append(bases, base)
		}
	}
	d.vm.Launch(k, grid, block, args)
	for order, name := range orders {
		got, err := d.host.launch(k, grid, block, order, regions, region, offset)
		if err != nil {
			d.t.Errorf("%s on the host, %s: %v", k.Name, name, err)
			return
		}
		for j, base := range bases {
			_, want := d.memory.Snapshot(base)
			for i, w := range want {
				if got[j][i] != w && !(isNaN(w) && isNaN(got[j][i])) {
					d.t.Errorf("%s on the host, %s: word %d is %#x, the interpreter has %#x", k.Name, name, i, got[j][i], w)
					return
				}
			}
		}
	}
}

// isNaN: which of the NaNs comes out is the processor's choice.
func isNaN(word uint32) bool { return word&0x7f800000 == 0x7f800000 && word&0x7fffff != 0 }

// TestHostBuild holds the kernels as C++ to the interpreted PTX.
func TestHostBuild(t *testing.T) {
	host := startHost(t)
	t.Run("same bits", func(t *testing.T) {
		for _, k := range kernels.Kernels {
			b := newVM(t)
			b.k = kernels.NewSet(both{b, host})
			exercise[k.Name](b)
		}
	})
	t.Run("a difference is seen", func(t *testing.T) {
		m, err := ptxvm.Parse(header() + strings.Replace(entry("scale"), "mul.rn.f32", "add.rn.f32", 1))
		if err != nil {
			t.Fatal(err)
		}
		b := newVM(&trap{TB: t})
		b.k, b.altered = kernels.NewSet(both{b, host}), m.Kernel("scale")
		defer func() {
			if e, ok := recover().(trapped); !ok || !strings.Contains(e.Error(), "scale on the host, forward: word 0") {
				t.Errorf("with another instruction: %v", e.error)
			}
		}()
		exercise["scale"](b)
	})
	t.Run("faults", func(t *testing.T) { hostFaults(t, host) })
}

// hostFaults checks what the host build refuses.
func hostFaults(t *testing.T, host *hostRun) {
	one := kernels.Dim{X: 1, Y: 1, Z: 1}
	for want, c := range map[string]struct {
		name  string
		block uint32
	}{"no such kernel": {"nothing", 32}, "bad block size": {"fill", 0}} {
		_, err := host.launch(&kernels.Kernel{Name: c.name}, one, kernels.Dim{X: c.block, Y: 1, Z: 1}, 0, nil, nil, nil)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}
