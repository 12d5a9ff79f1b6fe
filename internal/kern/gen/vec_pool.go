package main

import (
	"fmt"
	"strings"
)

// A constantPool holds the constants of a file, each at a place of its own.
type constantPool struct {
	place map[uint32]int
	order []uint32
}

// index returns the place of a constant, a new one if it has none.
func (p *constantPool) index(bits uint32) int {
	i, ok := p.place[bits]
	if !ok {
		if p.place == nil {
			p.place = map[uint32]int{}
		}
		i = len(p.order)
		p.place[bits] = i
		p.order = append(p.order, bits)
	}
	return i
}

// data is the data section, each constant repeated for as many lanes.
func (p *constantPool) data(lanes int) string {
	var s strings.Builder
	for i, b := range p.order {
		for j := range lanes {
			fmt.Fprintf(&s, "DATA vecConst<>+%d(SB)/4, $0x%08x\n", (i*lanes+j)*4, b)
		}
	}
	fmt.Fprintf(&s, "GLOBL vecConst<>(SB), RODATA|NOPTR, $%d\n", len(p.order)*lanes*4)
	return s.String()
}
