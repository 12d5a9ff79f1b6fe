package main

import (
	"fmt"
	"math"
	"slices"
	"time"

	"diffclip/bench"
	"diffclip/internal/kern"
	"diffclip/internal/par"
	"diffclip/tensor"
)

// check is something whose speed is held to a floor.
type check struct {
	name    string
	threads int
	start   func() (step func(), gflop float64, end func())
}

// products are one of each layout, large and in the cache.
var products = []string{"AB/qkv/9472x384x128", "ABt/fc1-dx/30976x128x256", "AtB/qkv-dw/384x128x9472", "AB/fc2/488x128x256", "ABt/scores/122x122x16"}

// batches are smaller than the quoted ones, for a gate that takes a minute; the
// share is the same.
var batches = map[string]int{"pretrain": 64, "fewshot": 32, "infer": 64}

// roundGFLOP is the work of a round of small products, long enough that a change
// of processes, after which the caches are cold, does not show.
const roundGFLOP = 2

// genericShare shortens steps where there is no assembly to do them.
const genericShare = 16

func checks() (all []check) {
	for _, threads := range []int{1, 2} {
		for _, p := range bench.Products {
			if slices.Contains(products, p.String()) {
				all = append(all, productCheck(p, threads))
			}
		}
		for _, name := range []string{"pretrain", "fewshot", "infer"} {
			all = append(all, workloadCheck(name, threads))
		}
	}
	return all
}

func productCheck(p bench.Product, threads int) check {
	return check{fmt.Sprintf("%v/threads=%d", p, threads), threads, func() (func(), float64, func()) {
		pool := par.New(threads)
		once := p.Runner(pool)
		times := max(1, int(roundGFLOP/p.GFLOP()))
		if kern.Active() == kern.Generic {
			times = max(1, times/genericShare)
		}
		return func() {
			for range times {
				once()
			}
		}, p.GFLOP() * float64(times), pool.Close
	}}
}

func workloadCheck(name string, threads int) check {
	return check{fmt.Sprintf("%s/threads=%d", name, threads), threads, func() (func(), float64, func()) {
		be := tensor.NewCPU(threads)
		batch := batches[name]
		if kern.Active() == kern.Generic {
			batch /= genericShare
		}
		w, err := bench.New(name, be, batch)
		if err != nil {
			panic(err) // the names are the ones above
		}
		return func() { w.Step() }, w.GFLOP, be.Close
	}}
}

// measurement is a check's outcome: medians over the rounds.
type measurement struct {
	rate, yardstick float64 // GFLOP/s
	share, spread   float64 // of the yardstick
	ofCeiling       float64 // share of the multiply-adds on registers, for comparison
	rounds          int
}

// Rounds of a check: at least so many, and a spread of the middle half of the
// shares at which it is done.
const (
	fewestRounds = 5
	smallSpread  = 0.04
)

// measure takes rounds of a step between two looks at the yardstick, until their
// shares agree or the time is up. A share below the floor gets twice the time,
// unless it is hopeless: on a busy machine single rounds are far off.
func (c check) measure(tier kern.Tier, floor float64, limit time.Duration) measurement {
	yardstick := bench.NewYardstick(tier, c.threads)
	defer yardstick.Close()
	ceiling := bench.NewCeiling(c.threads)
	defer ceiling.Close()
	step, gflop, end := c.start()
	defer end()
	began := time.Now()
	step()
	look := min(max(time.Since(began)/8, 5*time.Millisecond), 60*time.Millisecond)
	var rates, lengths, shares, ceilings []float64
	var watch bench.Stopwatch
	before := yardstick.Rate(look)
	for {
		watch.Start(c.threads)
		step()
		rate := gflop / watch.Stop()
		after := yardstick.Rate(look)
		length := (before + after) / 2
		rates, lengths, shares = append(rates, rate), append(lengths, length), append(shares, rate/length)
		ceilings = append(ceilings, rate/peak(ceiling, tier, look/4))
		before = after
		m := measurement{quantile(rates, 0.5), quantile(lengths, 0.5), quantile(shares, 0.5), spread(shares), quantile(ceilings, 0.5), len(shares)}
		if done(m, floor, time.Since(began), limit) {
			return m
		}
	}
}

// peak is the ceiling's rate for a tier, in time as a Stopwatch counts it.
func peak(c *bench.Ceiling, tier kern.Tier, d time.Duration) float64 {
	defer kern.Use(tier)()
	var watch bench.Stopwatch
	watch.Start(c.Threads())
	began := time.Now()
	rate := c.FMA(d)
	passed := time.Since(began).Seconds()
	return rate * passed / watch.Stop()
}

func done(m measurement, floor float64, spent, limit time.Duration) bool {
	if m.share < floor {
		hopeless := m.share < floor/3 && m.rounds >= 2
		return hopeless || spent > 2*limit
	}
	return m.rounds >= fewestRounds && m.spread < smallSpread || spent > limit
}

// spread is the width of the middle half of v over its median.
func spread(v []float64) float64 {
	return (quantile(v, 0.75) - quantile(v, 0.25)) / quantile(v, 0.5)
}

// quantile interpolates between the order statistics of v.
func quantile(v []float64, q float64) float64 {
	s := slices.Sorted(slices.Values(v))
	at := q * float64(len(s)-1)
	lo := int(math.Floor(at))
	hi := min(lo+1, len(s)-1)
	return s[lo] + (at-float64(lo))*(s[hi]-s[lo])
}
