package rng

// Source reads a stream from its start, for code that wants a math/rand/v2.Source: rand.New(rng.NewSource(s)).
// It is not safe for use by several goroutines.
type Source struct {
	stream Stream
	next   uint64
}

// NewSource returns a source whose n-th result is s.Uint64At(n), counted from 0.
func NewSource(s Stream) *Source { return &Source{stream: s} }

// Uint64 returns the next 64 random bits.
func (s *Source) Uint64() uint64 {
	v := s.stream.Uint64At(s.next)
	s.next++
	return v
}
