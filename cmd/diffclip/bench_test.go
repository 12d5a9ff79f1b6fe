package main

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"diffclip/internal/testenv"
)

// What is interrupted is not waited for, be it in the middle of a step; its result, which
// nobody hears, keeps nothing alive.
func TestAbandonDoesNotWait(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	step, ended := make(chan bool), make(chan bool)
	began := time.Now()
	time.AfterFunc(20*time.Millisecond, cancel)
	err := abandon(ctx, func() error {
		defer close(ended)
		<-step
		return errors.New("the step's own")
	})
	if !errors.Is(err, context.Canceled) || time.Since(began) > testenv.Patience {
		t.Errorf("after %v: %v", time.Since(began), err)
	}
	close(step)
	<-ended
	failed := errors.New("failed")
	if err := abandon(t.Context(), func() error { return failed }); err != failed {
		t.Errorf("the error of what was done is %v", err)
	}
}

// A benchmark of hours ends with its first step where it is interrupted, and prints nothing.
func TestBenchIsInterrupted(t *testing.T) {
	for _, mode := range []string{"-json", "-profile"} {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(300*time.Millisecond, cancel)
		began := time.Now()
		code, stdout, stderr := call(t, ctx, "bench", "-workload", "infer", "-batch", "2", "-threads", "1", "-steps", "1000000", mode)
		if code != exitInterrupted || stdout != "" || time.Since(began) > testenv.Patience || !strings.Contains(stderr, "interrupted") {
			t.Errorf("%s: exit code %d after %v, %q, %q", mode, code, time.Since(began), stdout, stderr)
		}
	}
}
