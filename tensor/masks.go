package tensor

// Masks are which tokens of each sample are visible, as Resident.DrawMasks draws
// them, in the lists that a masked autoencoder needs.
type Masks struct {
	Samples, Tokens, Keep int // B, L, k

	Rows    Drawn  // (B·k) 1 + position of each visible token
	From    Drawn  // (B·k) its row among the B·L tokens
	Places  Drawn  // (B·(1+k)) position of each token of the encoder's, the class token's being 0
	Restore Drawn  // (B·(1+L)) position of each masked token; of others 1 + L + row among the B·(1+k)
	Weight  Tensor // (B, L) weight of each token
}

// NewMasks returns masks that Lay gives memory.
func NewMasks(samples, tokens, keep int) *Masks {
	row, short, all := 1+tokens, samples*keep, samples*(1+keep)
	return &Masks{
		Samples: samples, Tokens: tokens, Keep: keep,
		Rows:    Drawn{Len: short, Rows: row, Shared: row, Samples: samples},
		From:    Drawn{Len: short, Rows: samples * tokens, Samples: samples},
		Places:  Drawn{Len: all, Rows: row, Shared: row, Samples: samples},
		Restore: Drawn{Len: samples * row, Rows: row + all, Shared: row, Samples: samples},
	}
}

// lists returns the four lists.
func (m *Masks) lists() [4]*Drawn { return [4]*Drawn{&m.Rows, &m.From, &m.Places, &m.Restore} }

// Elements returns how many elements Lay wants.
func (m *Masks) Elements() int {
	n := m.Samples * m.Tokens
	for _, d := range m.lists() {
		n += d.words()
	}
	return n
}

// Lay places everything in room.
func (m *Masks) Lay(room *Tensor) {
	m.Weight = room.Slice(0, Of(m.Samples, m.Tokens))
	at := m.Weight.Len()
	for _, d := range m.lists() {
		d.Words = room.Slice(at, Of(d.words()))
		at += d.words()
	}
}

// DrawMasks checks the arguments of Resident.DrawMasks.
func (Checks) DrawMasks(m *Masks) {
	check(m.Samples > 0 && m.Tokens > 0 && m.Keep >= 0 && m.Keep <= m.Tokens, "DrawMasks", "want samples of tokens, of which no more are kept than there are")
	check(m.Weight.Len() == m.Samples*m.Tokens && m.Weight.Rank() == 2, "DrawMasks", "want masks that were given memory", &m.Weight)
	for _, d := range m.lists() {
		check(d.Words.Len() == d.words(), "DrawMasks", "want masks that were given memory", &d.Words)
	}
}
