package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"diffclip/bench"
	"diffclip/cuda"
)

// profileDevice prints where the time of a workload's steps goes on a GPU, kernel
// by kernel, and beside it what a step takes with and without graphs.
func profileDevice(ctx context.Context, out io.Writer, b *cuda.Backend, w *bench.Workload, steps int) error {
	var wall, host [2]time.Duration
	for i, graphs := range []bool{true, false} {
		b.UseGraphs(graphs)
		const warmUp = 6 // a list is captured when it is seen again, in each of the two rooms that steps use in turn
		for range warmUp {
			w.Step()
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		b.Sync()
		began, waited := time.Now(), b.Waited()
		for range steps {
			w.Step()
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		b.Sync()
		wall[i] = time.Since(began)
		host[i] = wall[i] - (b.Waited() - waited)
	}
	b.StartProfile()
	for range steps {
		if w.Step(); ctx.Err() != nil {
			break
		}
	}
	rows := b.StopProfile()
	if err := ctx.Err(); err != nil {
		return err
	}

	ms := func(d time.Duration) float64 { return 1e3 * d.Seconds() / float64(steps) }
	var all time.Duration
	calls := 0
	for _, r := range rows {
		all += r.Time
		calls += r.Calls
	}
	fmt.Fprintf(out, "%s on %s, batch %d: where the device's time goes\n", w.Name, b.Name(), w.Batch)
	fmt.Fprintf(out, "%-52s %6s %9s %9s %6s  %s\n", "work", "calls", "ms/step", "us/call", "share", "rate")
	for _, r := range rows {
		fmt.Fprintf(out, "%-52s %6.4g %9.3f %9.1f %5.1f%%  %s\n", r.Name, float64(r.Calls)/float64(steps), ms(r.Time),
			1e6*r.Time.Seconds()/float64(r.Calls), 100*float64(r.Time)/float64(all), rateOf(r))
	}
	_, err := fmt.Fprintf(out, "%-52s %6.4g %9.3f\n"+
		"a step takes %.3f ms by graphs, of which the host works %.3f; without graphs %.3f, the host %.3f\n", "all",
		float64(calls)/float64(steps), ms(all), ms(wall[0]), ms(host[0]), ms(wall[1]), ms(host[1]))
	return err
}

func rateOf(r cuda.TimedWork) string {
	switch s := r.Time.Seconds(); {
	case r.FLOP > 0:
		return fmt.Sprintf("%.0f GFLOP/s", r.FLOP/s/1e9)
	case r.Bytes > 0:
		return fmt.Sprintf("%.1f GB/s", r.Bytes/s/1e9)
	}
	return ""
}
