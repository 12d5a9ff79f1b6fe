package ptxvm

import (
	"fmt"
	"strconv"
	"strings"
)

// Module is a parsed PTX file.
type Module struct{ kernels map[string]*Kernel }

// Kernel returns the entry of a name, nil if there is none.
func (m *Module) Kernel(name string) *Kernel { return m.kernels[name] }

// Kernel is one entry of a module, ready to run.
type Kernel struct {
	Name       string
	Params     string // a letter for each: p for 8 bytes, i or f for 4
	MaxThreads int    // of a block, by .maxntid; 0 if not stated

	code    []instr
	regs    []uint64 // what registers hold at first: constants
	defined []bool   // which of them do
	special [specials]int32
	params  []int32 // registers that hold the arguments
	shared  int     // bytes of shared memory
	arrays  []array // in it
}

// array is a range of bytes of shared memory.
type array struct{ start, end int }

// Limits on a file, so that a malformed one cannot ask for much memory.
const (
	maxRegisters = 1 << 16
	maxShared    = 1 << 18
)

// parseError is a mistake in the text.
type parseError struct {
	line int
	msg  string
}

func (e *parseError) Error() string { return fmt.Sprintf("ptx: line %d: %s", e.line, e.msg) }

// parser reads a file statement by statement. PTX is free in its layout, but
// clang writes a line for each label, directive and instruction, and so much is expected.
type parser struct {
	lines []string
	at    int // number of lines read
	seen  map[string]bool
}

// Parse reads PTX text.
func Parse(text string) (m *Module, err error) {
	p := &parser{lines: strings.Split(text, "\n"), seen: map[string]bool{}}
	defer func() {
		switch e := recover().(type) {
		case nil:
		case *parseError:
			m, err = nil, e
		default:
			panic(e)
		}
	}()
	m = &Module{map[string]*Kernel{}}
	for p.more() {
		p.topLevel(m)
	}
	for _, d := range []string{".version", ".target", ".address_size"} {
		if !p.seen[d] {
			p.fail("no %s in the file", d)
		}
	}
	return m, nil
}

func (p *parser) fail(format string, args ...any) {
	panic(&parseError{p.at, fmt.Sprintf(format, args...)})
}

func (p *parser) more() bool { return p.at < len(p.lines) }

// next returns the next line without comment and space around it.
func (p *parser) next() string {
	if !p.more() {
		p.fail("the file ends within a kernel")
	}
	line, _, _ := strings.Cut(p.lines[p.at], "//")
	p.at++
	return strings.TrimSpace(line)
}

// topLevel reads a directive of the file or a kernel.
func (p *parser) topLevel(m *Module) {
	line := p.next()
	if line == "" {
		return
	}
	word, rest, _ := strings.Cut(line, " ")
	switch word {
	case ".version", ".target":
		p.seen[word] = true
	case ".address_size":
		if rest != "64" {
			p.fail("address size %q, 64 is expected", rest)
		}
		p.seen[word] = true
	case ".visible":
		name, ok := strings.CutPrefix(rest, ".entry ")
		if !ok {
			p.fail("%q: want .visible .entry", line)
		}
		k := p.kernel(strings.TrimSuffix(name, "("))
		if m.kernels[k.Name] != nil {
			p.fail("entry %s is defined twice", k.Name)
		}
		m.kernels[k.Name] = k
	default:
		p.fail("%q is not known", line)
	}
}

// kernel reads an entry: its parameters, its bounds and its body.
func (p *parser) kernel(name string) *Kernel {
	b := newBuilder(p, name)
	if name != strings.TrimSuffix(name, ")") { // no parameters
		b.k.Name = strings.TrimSuffix(strings.TrimSuffix(name, ")"), "(")
	} else {
		for line := p.next(); line != ")"; line = p.next() {
			b.param(strings.TrimSuffix(line, ","))
		}
	}
	for line := p.next(); line != "{"; line = p.next() {
		if rest, ok := strings.CutPrefix(line, ".maxntid "); ok {
			n, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(rest), ", 1, 1"))
			if err != nil || n < 1 || n > maxThreads {
				p.fail("%q: want .maxntid n, 1, 1", line)
			}
			b.k.MaxThreads = n
		} else if line != "" {
			p.fail("%q is not known before a body", line)
		}
	}
	for line := p.next(); line != "}"; line = p.next() {
		b.statement(line)
	}
	b.finish()
	return b.k
}
