package optim

import (
	"fmt"
	"math"
)

// Schedule gives the learning rate of each step (or epoch; the unit is the
// caller's), counted from 0.
type Schedule interface {
	LR(step int) float64
}

// Constant is one learning rate for all steps.
type Constant float64

// LR returns the constant.
func (c Constant) LR(int) float64 { return float64(c) }

// Cosine falls from Base to Min along half a cosine over Steps steps and rises
// again after, as torch's CosineAnnealingLR in closed form.
type Cosine struct {
	Base, Min float64
	Steps     int // at least 1
}

// LR returns Min + (Base-Min)·(1+cos(π·step/Steps))/2.
func (c Cosine) LR(step int) float64 {
	return c.Min + (c.Base-c.Min)*(1+math.Cos(math.Pi*float64(step)/float64(c.Steps)))/2
}

// WarmRestarts falls along half a cosine over First steps, jumps back to Base,
// and repeats, each cycle Factor times as long as the one before (Loshchilov
// and Hutter 2017; torch's CosineAnnealingWarmRestarts).
type WarmRestarts struct {
	Base, Min     float64
	First, Factor int // First at least 1; a Factor below 1 counts as 1
}

// LR returns the rate of a step.
func (w WarmRestarts) LR(step int) float64 {
	length := w.First
	if length < 1 {
		panic(fmt.Sprintf("optim: WarmRestarts with a first cycle of %d steps", length))
	}
	for step >= length {
		step -= length
		length *= max(w.Factor, 1)
	}
	return w.Min + (w.Base-w.Min)*(1+math.Cos(math.Pi*float64(step)/float64(length)))/2
}

// MultiStep multiplies the rate by Gamma at each of the milestones; a Step
// schedule is one with milestones at equal distances.
type MultiStep struct {
	Base, Gamma float64
	Milestones  []int // rising
}

// LR returns Base·Gamma^(milestones reached).
func (m MultiStep) LR(step int) float64 {
	lr := m.Base
	for _, at := range m.Milestones {
		if step >= at {
			lr *= m.Gamma
		}
	}
	return lr
}

// Step multiplies the rate by Gamma every Every steps, as torch's StepLR.
type Step struct {
	Base, Gamma float64
	Every       int // at least 1
}

// LR returns Base·Gamma^⌊step/Every⌋.
func (s Step) LR(step int) float64 { return s.Base * math.Pow(s.Gamma, float64(step/s.Every)) }

// WarmUp rises in a straight line to the first rate of Then over Steps steps,
// (step+1)/Steps of it at each, and goes on with Then from its beginning.
type WarmUp struct {
	Steps int
	Then  Schedule
}

// LR returns the rate of a step.
func (w WarmUp) LR(step int) float64 {
	if step < w.Steps {
		return w.Then.LR(0) * float64(step+1) / float64(w.Steps)
	}
	return w.Then.LR(step - w.Steps)
}
