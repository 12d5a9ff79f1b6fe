package ptxvm

import (
	"slices"
	"strconv"
	"strings"
)

// Special registers, in the order of Kernel.special.
var specialNames = [specials]string{
	"%tid.x", "%tid.y", "%tid.z", "%ctaid.x", "%ctaid.y", "%ctaid.z",
	"%ntid.x", "%ntid.y", "%ntid.z", "%nctaid.x", "%nctaid.y", "%nctaid.z",
}

const specials = 12

// Registers 0 and 1 serve operands that an instruction does not have: zero is
// always defined, nowhere takes results that nobody wants.
const (
	zero    = 0
	nowhere = 1
)

// builder turns the statements of a body into a Kernel. Constants, arguments and
// special registers become registers too, so that every operand is an index.
type builder struct {
	*parser
	k        *Kernel
	width    []int // of each register, in bits; 1 for a predicate, 0 for any
	names    map[string]int32
	params   map[string]int
	shared   map[string]int
	constant map[uint64]int32
	labels   map[string]int
	jumps    map[int]string // instruction to label
}

func newBuilder(p *parser, name string) *builder {
	b := &builder{
		parser: p, k: &Kernel{Name: name}, names: map[string]int32{}, params: map[string]int{}, shared: map[string]int{},
		constant: map[uint64]int32{}, labels: map[string]int{}, jumps: map[int]string{},
	}
	b.register(0, true, 0)
	b.register(0, true, 0)
	for i, name := range specialNames {
		b.k.special[i] = b.register(32, true, 0)
		b.names[name] = b.k.special[i]
	}
	return b
}

// register adds a register that holds v at first if defined.
func (b *builder) register(width int, defined bool, v uint64) int32 {
	if len(b.k.regs) >= maxRegisters {
		b.fail("more than %d registers", maxRegisters)
	}
	b.k.regs = append(b.k.regs, v)
	b.k.defined = append(b.k.defined, defined)
	b.width = append(b.width, width)
	return int32(len(b.k.regs) - 1)
}

// param reads ".param .u32 name".
func (b *builder) param(line string) {
	f := strings.Fields(line)
	if len(f) < 3 || f[0] != ".param" {
		b.fail("%q: want .param type name", line)
	}
	letter, width := "i", 32
	switch f[1] {
	case ".u64", ".b64", ".s64":
		letter, width = "p", 64
	case ".u32", ".b32", ".s32":
	case ".f32":
		letter = "f"
	default:
		b.fail("parameters of type %s are not known", f[1])
	}
	name := f[len(f)-1]
	if _, twice := b.params[name]; twice {
		b.fail("parameter %s is declared twice", name)
	}
	b.params[name] = len(b.k.params)
	b.k.params = append(b.k.params, b.register(width, true, 0))
	b.k.Params += letter
}

// statement reads one line of a body.
func (b *builder) statement(line string) {
	switch {
	case line == "":
	case strings.HasSuffix(line, ":"):
		name := strings.TrimSuffix(line, ":")
		if _, twice := b.labels[name]; twice {
			b.fail("label %s is set twice", name)
		}
		b.labels[name] = len(b.k.code)
	case strings.HasPrefix(line, ".reg "):
		b.declare(line)
	case strings.HasPrefix(line, ".shared "):
		b.declareShared(line)
	case strings.HasPrefix(line, ".pragma "):
	default:
		text, ok := strings.CutSuffix(line, ";")
		if !ok || strings.Contains(text, ";") {
			b.fail("%q: want one instruction and a semicolon", line)
		}
		b.instruction(strings.TrimSpace(text))
	}
}

var registerWidths = map[string]int{".pred": 1, ".b32": 32, ".f32": 32, ".b64": 64, ".f64": 64}

// declare reads ".reg .b32 %r<9>;": registers %r0 to %r8.
func (b *builder) declare(line string) {
	f := strings.Fields(strings.TrimSuffix(line, ";"))
	if len(f) != 3 || registerWidths[f[1]] == 0 {
		b.fail("%q: registers of this kind are not known", line)
	}
	name, count, ok := strings.Cut(strings.TrimSuffix(f[2], ">"), "<")
	n, err := strconv.Atoi(count)
	if !ok || err != nil || n < 0 || n > maxRegisters {
		b.fail("%q: want a name<count>", line)
	}
	for i := range n {
		full := name + strconv.Itoa(i)
		if _, twice := b.names[full]; twice {
			b.fail("register %s is declared twice", full)
		}
		b.names[full] = b.register(registerWidths[f[1]], false, 0)
	}
}

// declareShared reads ".shared .align 4 .b8 name[1024];".
func (b *builder) declareShared(line string) {
	f := strings.Fields(strings.TrimSuffix(line, ";"))
	if len(f) != 5 || f[1] != ".align" || f[3] != ".b8" {
		b.fail("%q: want .shared .align n .b8 name[bytes]", line)
	}
	align, err := strconv.Atoi(f[2])
	name, size, ok := strings.Cut(strings.TrimSuffix(f[4], "]"), "[")
	n, err2 := strconv.Atoi(size)
	if err != nil || err2 != nil || !ok || align < 1 || align > 256 || n < 0 || b.k.shared+align+n > maxShared {
		b.fail("%q: not a sensible size", line)
	}
	if _, twice := b.shared[name]; twice {
		b.fail("shared %s is declared twice", name)
	}
	// A gap between arrays, so that running over the end of one is seen.
	b.k.shared = (b.k.shared+align-1)/align*align + sharedGap
	b.shared[name] = b.k.shared
	b.k.shared += n
	b.k.arrays = append(b.k.arrays, array{b.k.shared - n, b.k.shared})
}

const sharedGap = 256

// instruction reads "@%p1 opcode operands".
func (b *builder) instruction(text string) {
	in := instr{guard: -1, line: b.at, text: text}
	if guarded, ok := strings.CutPrefix(text, "@"); ok {
		guard, rest, _ := strings.Cut(guarded, " ")
		name, negated := strings.CutPrefix(guard, "!")
		in.negated = negated
		in.guard = b.source(name, 1)
		text = strings.TrimSpace(rest)
	}
	name, rest, _ := strings.Cut(strings.ReplaceAll(text, "\t", " "), " ")
	d := decoder{builder: b, in: &in, name: name, operands: splitOperands(rest)}
	d.decode()
	b.k.code = append(b.k.code, in)
}

// splitOperands splits at commas, save those within braces.
func splitOperands(s string) []string {
	var out []string
	depth, start := 0, 0
	for i, c := range s {
		switch c {
		case '{':
			depth++
		case '}':
			depth--
		case ',':
			if depth == 0 {
				out = append(out, strings.TrimSpace(s[start:i]))
				start = i + 1
			}
		}
	}
	if last := strings.TrimSpace(s[start:]); last != "" {
		out = append(out, last)
	}
	return out
}

// source returns the register of an operand that is read: a register, a special
// one, an address in shared memory or a constant.
func (b *builder) source(s string, width int) int32 {
	if r, ok := b.names[s]; ok {
		b.sameWidth(s, b.width[r], width)
		return r
	}
	if at, ok := b.shared[s]; ok {
		return b.constantOf(uint64(at) + sharedBase)
	}
	v, err := parseConstant(s, width)
	if err != nil {
		b.fail("operand %q is no register, and no constant of %d bits", s, width)
	}
	return b.constantOf(v)
}

// sharedBase is where shared memory begins; a null pointer is not in it.
const sharedBase = 1 << 16

func (b *builder) constantOf(v uint64) int32 {
	r, ok := b.constant[v]
	if !ok {
		r = b.register(0, true, v)
		b.constant[v] = r
	}
	return r
}

// parseConstant reads an integer, or a float's bits after 0f or 0d.
func parseConstant(s string, width int) (uint64, error) {
	if width == 32 && strings.HasPrefix(s, "0f") {
		return strconv.ParseUint(s[2:], 16, 32)
	}
	if width == 64 && strings.HasPrefix(s, "0d") {
		return strconv.ParseUint(s[2:], 16, 64)
	}
	if v, err := strconv.ParseInt(s, 0, 64); err == nil {
		if width == 32 {
			return uint64(uint32(v)), nil
		}
		return uint64(v), nil
	}
	return strconv.ParseUint(s, 0, width)
}

// target returns the register of an operand that is written.
func (b *builder) target(s string, width int) int32 {
	r, ok := b.names[s]
	if !ok || slices.Contains(specialNames[:], s) {
		b.fail("%q is no register", s)
	}
	b.sameWidth(s, b.width[r], width)
	return r
}

func (b *builder) sameWidth(s string, has, want int) {
	if has != want {
		b.fail("register %s has %d bits, the instruction wants %d", s, has, want)
	}
}

// finish resolves labels.
func (b *builder) finish() {
	if len(b.k.code) == 0 {
		b.fail("%s: no instructions", b.k.Name)
	}
	for i, name := range b.jumps {
		to, ok := b.labels[name]
		if !ok {
			b.fail("%s: no label %s", b.k.Name, name)
		}
		b.k.code[i].jump = to
	}
}
