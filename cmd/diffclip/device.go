package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"

	"diffclip/cuda"
	"diffclip/tensor"
)

// computer is what a subcommand computes on.
type computer struct {
	threads   int
	device    string
	precision cuda.Precision
	named     sync.Once // the GPU that computes, on stderr
}

// The values of -device.
const (
	deviceAuto = "auto"
	deviceCPU  = "cpu"
	deviceCUDA = "cuda"
)

func (c *computer) declare(f *flags) { f.group("computing", func() { c.declareFlags(f) }) }

func (c *computer) declareFlags(f *flags) {
	f.Func("device", "`name` of what computes: cpu, cuda for an NVIDIA GPU, or auto, the GPU where there is one (default auto); see diffclip info", func(value string) error {
		if !slices.Contains([]string{deviceAuto, deviceCPU, deviceCUDA}, value) {
			return errors.New("want cpu, cuda or auto")
		}
		c.device = value
		return nil
	})
	f.Func("precision", "`name` of the arithmetic of a GPU's matrix products: f32, tf32 or bf16 (default tf32); a processor's is f32", func(value string) error {
		if !slices.Contains(cuda.Precisions, cuda.Precision(value)) {
			return errors.New("want f32, tf32 or bf16")
		}
		c.precision = cuda.Precision(value)
		return nil
	})
	declareThreads(f, &c.threads)
}

func declareThreads(f *flags, threads *int) {
	*threads = 0
	f.Func("threads", "`number` of threads of the processor (default one per processor)", func(value string) error {
		n, err := strconv.Atoi(value)
		if err != nil || n < 1 || n > 4096 {
			return errors.New("want a whole number from 1 to 4096")
		}
		*threads = n
		return nil
	})
}

// backend is one that can be given back before the program ends.
type backend interface {
	tensor.Backend
	Close()
}

// open returns the backend that was asked for. Where the choice is left to it and
// a GPU is there but fails to start, it says so and takes the processor.
func (c *computer) open(a *app) (backend, error) {
	if c.device == deviceCPU {
		return tensor.NewCPU(c.threads), nil
	}
	b, err := cuda.Open(cuda.Options{Precision: c.precision, Note: func(text string) { fmt.Fprintln(a.stderr, text) }})
	switch {
	case err == nil:
		c.named.Do(func() { fmt.Fprintf(a.stderr, "computing on %s\n", b.Describe()) })
		return b, nil
	case c.device == deviceCUDA:
		return nil, fmt.Errorf("-device cuda: %w", err)
	case !errors.Is(err, cuda.ErrUnavailable):
		fmt.Fprintf(a.stderr, "the GPU does not start, so the processor computes: %v\n", err)
	}
	return tensor.NewCPU(c.threads), nil
}

// threadsOf returns the number of threads of a backend that has them, else 0.
func threadsOf(be tensor.Backend) int {
	if b, ok := be.(*tensor.CPU); ok {
		return b.Threads()
	}
	return 0
}

// gpu says in a line what GPU is used, or why none is.
func gpu() string {
	b, err := cuda.Open(cuda.Options{})
	if err != nil {
		return err.Error()
	}
	defer b.Close()
	return b.Describe()
}
