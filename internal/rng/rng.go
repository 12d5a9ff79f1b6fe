// Package rng makes random numbers that are a pure function of a seed, a name, a step and an index.
//
// A stream has no state: its value number i can be computed alone, in any order and on any thread, so what is
// drawn does not depend on how the work is shared out, and a run resumed at a step draws what the uninterrupted
// run would have drawn. Every derived quantity states which words of the stream it reads, so that another device
// can reproduce it.
package rng

// Stream is an endless sequence of random 32-bit words, addressed by index. It is a small value, safe to copy
// and to use from several goroutines. The zero Stream is valid, but New makes distinct ones.
//
// Word i is word i%4 of the Philox4x32-10 block with counter (i/4, step), low halves first, and a key made from
// the seed and the name.
type Stream struct {
	key  [2]uint32
	step [2]uint32
}

// New returns the stream of a purpose at a step. Streams that differ in the seed alone, or in the step, never share a
// block; others do not either, unless a 64-bit hash of seed and name collides.
func New(seed uint64, name string, step uint64) Stream {
	key := mix64(seed ^ mix64(fnv1a(name)))
	return Stream{
		key:  [2]uint32{uint32(key), uint32(key >> 32)},
		step: [2]uint32{uint32(step), uint32(step >> 32)},
	}
}

// Words returns the Philox key and the upper half of the counter, which are all another device needs to continue
// the stream.
func (s Stream) Words() (key, step [2]uint32) { return s.key, s.step }

// block returns the words 4*i to 4*i+3.
func (s Stream) block(i uint64) (w0, w1, w2, w3 uint32) {
	return philox4x32(uint32(i), uint32(i>>32), s.step[0], s.step[1], s.key[0], s.key[1])
}

// Uint32At returns word i.
func (s Stream) Uint32At(i uint64) uint32 {
	w0, w1, w2, w3 := s.block(i / 4)
	return [4]uint32{w0, w1, w2, w3}[i%4]
}

// Uint64At returns the words 2*i (low half) and 2*i+1 (high half).
func (s Stream) Uint64At(i uint64) uint64 {
	w0, w1, w2, w3 := s.block(i / 2)
	if i%2 == 1 {
		w0, w1 = w2, w3
	}
	return uint64(w1)<<32 | uint64(w0)
}

// fnv1a is the 64-bit FNV-1a hash of a string.
func fnv1a(s string) uint64 {
	h := uint64(0xcbf29ce484222325)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 0x100000001b3
	}
	return h
}

// mix64 is the finaliser of SplitMix64, a bijection.
func mix64(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
