package rng

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestPhiloxKnownAnswers checks the vectors published with Random123.
func TestPhiloxKnownAnswers(t *testing.T) {
	const ones = 0xffffffff
	for _, c := range []struct {
		ctr  [4]uint32
		key  [2]uint32
		want [4]uint32
	}{
		{[4]uint32{}, [2]uint32{},
			[4]uint32{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
		{[4]uint32{ones, ones, ones, ones}, [2]uint32{ones, ones},
			[4]uint32{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
		{[4]uint32{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, [2]uint32{0xa4093822, 0x299f31d0},
			[4]uint32{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
	} {
		w0, w1, w2, w3 := philox4x32(c.ctr[0], c.ctr[1], c.ctr[2], c.ctr[3], c.key[0], c.key[1])
		if got := [4]uint32{w0, w1, w2, w3}; got != c.want {
			t.Errorf("counter %08x, key %08x: %08x, want %08x", c.ctr, c.key, got, c.want)
		}
		s := Stream{key: c.key, step: [2]uint32{c.ctr[2], c.ctr[3]}}
		block := uint64(c.ctr[1])<<32 | uint64(c.ctr[0])
		for lane, want := range c.want {
			if got := s.Uint32At(4*block + uint64(lane)); block < 1<<62 && got != want {
				t.Errorf("word %d of block %#x: %08x, want %08x", lane, block, got, want)
			}
		}
	}
}

func TestStreamsAreDistinct(t *testing.T) {
	seen := map[[2][2]uint32]string{}
	for _, seed := range []uint64{0, 1, 2, 1 << 32, math.MaxUint64} {
		for _, name := range []string{"", "noise", "mask/hsi", "mask/lidar", "noise "} {
			for _, step := range []uint64{0, 1, 1 << 32} {
				key, counter := New(seed, name, step).Words()
				id := fmt.Sprintf("(%d, %q, %d)", seed, name, step)
				if other, ok := seen[[2][2]uint32{key, counter}]; ok {
					t.Errorf("%s and %s are the same stream", id, other)
				}
				seen[[2][2]uint32{key, counter}] = id
			}
		}
	}
}

func TestFNV1a(t *testing.T) {
	for s, want := range map[string]uint64{"": 0xcbf29ce484222325, "a": 0xaf63dc4c8601ec8c, "foobar": 0x85944171f73967e8} {
		if got := fnv1a(s); got != want {
			t.Errorf("fnv1a(%q) = %#x, want %#x", s, got, want)
		}
	}
}

var (
	pinnedKey    = [2]uint32{0xfbb0a492, 0x6a28a187}
	pinnedNormal = [6]uint32{0x3d8971c3, 0x3f433f1e, 0x3e935f66, 0x3f611986, 0xbea76242, 0xbf83d7ee}
	pinnedPerm   = []int32{2, 4, 1, 3, 5, 0, 7, 6}
)

// TestFixedValues pins the numbers a seed gives: a change here changes every training run.
func TestFixedValues(t *testing.T) {
	s := New(42, "noise", 7)
	key, step := s.Words()
	if key != pinnedKey || step != [2]uint32{7, 0} {
		t.Errorf("key %#x, step %v", key, step)
	}
	w0, w1, w2, w3 := philox4x32(5, 1, 7, 0, key[0], key[1])
	for i, want := range []uint32{w0, w1, w2, w3} { // from there on a block's number takes two words of the counter
		if w := s.Uint32At(4*(1<<32+5) + uint64(i)); w != want {
			t.Errorf("word %d of block 2^32+5: %#x, want %#x", i, w, want)
		}
	}
	var got [6]float32
	s.Normal(got[:], 5)
	for i, x := range got {
		if math.Float32bits(x) != pinnedNormal[i] {
			t.Errorf("normal %d: %v = %#x, want %#x", 5+i, x, math.Float32bits(x), pinnedNormal[i])
		}
	}
	perm := make([]int32, 8)
	s.Perm(perm, 3)
	if !slices.Equal(perm, pinnedPerm) {
		t.Errorf("permutation %v, want %v", perm, pinnedPerm)
	}
}

func TestAnySliceEqualsThatPartOfTheWhole(t *testing.T) {
	s := New(3, "offsets", 1)
	for name, draw := range map[string]func([]float32, uint64){"Uniform": s.Uniform, "Normal": s.Normal} {
		for _, base := range []uint64{0, 1<<34 - 8} { // the second crosses a 32-bit block counter
			whole := make([]float32, 40)
			draw(whole, base)
			for a := range whole {
				for b := a; b <= len(whole); b++ {
					part := make([]float32, b-a)
					draw(part, base+uint64(a))
					if !slices.Equal(part, whole[a:b]) {
						t.Fatalf("%s(dst[%d:%d]) differs from that slice of the whole", name, a, b)
					}
				}
			}
		}
	}
}

func TestUniformIsTheTopOfTheWord(t *testing.T) {
	s := New(5, "uniform", 0)
	dst := make([]float32, 33)
	s.Uniform(dst, 2)
	for i, x := range dst {
		if want := float32(math.Ldexp(float64(s.Uint32At(uint64(i+2))>>8), -24)); x != want {
			t.Errorf("value %d is %v, want %v", i+2, x, want)
		}
	}
	var out [4]float32
	uniform4(&out, 0, math.MaxUint32, 255, 256)
	if want := [4]float32{0, 1 - 1.0/(1<<24), 0, 1.0 / (1 << 24)}; out != want {
		t.Errorf("extreme words give %v, want %v", out, want)
	}
}

// TestBoxMullerAccuracy compares with the library's logarithm, sine and cosine: the error must be that of
// rounding to float32 and little more.
func TestBoxMullerAccuracy(t *testing.T) {
	check := func(radius, angle uint32) {
		u := math.Ldexp(float64(radius)+0.5, -32)
		r := math.Sqrt(-2 * math.Log(u))
		if angle&1 == 1 {
			r = -r
		}
		sin, cos := math.Sincos(math.Pi * math.Ldexp(float64(int32(angle)>>1)+0.5, -31))
		x, y := boxMuller(radius, angle)
		for _, v := range [2][2]float64{{float64(x), r * cos}, {float64(y), r * sin}} {
			tol := math.Abs(v[1])*0x1p-24 + 1e-8*math.Abs(r)
			if !(math.Abs(v[0]-v[1]) <= tol) {
				t.Fatalf("boxMuller(%#x, %#x): %v, want %v", radius, angle, v[0], v[1])
			}
			if math.Abs(v[0]) > 6.77 {
				t.Fatalf("boxMuller(%#x, %#x) = %v", radius, angle, v[0])
			}
		}
	}
	extremes := []uint32{0, 1, 2, 1<<31 - 1, 1 << 31, 1<<31 + 1, math.MaxUint32 - 1, math.MaxUint32, 3037000499, 3037000500}
	for _, radius := range extremes {
		for _, angle := range extremes {
			check(radius, angle)
		}
	}
	s := New(11, "accuracy", 0)
	for i := range uint64(200000) {
		check(s.Uint32At(2*i), s.Uint32At(2*i+1))
	}
}

func TestLogUnitAccuracy(t *testing.T) {
	s := New(12, "accuracy", 0)
	words := []uint32{0, 1, 2, 1<<31 - 1, 1 << 31, math.MaxUint32 - 1, math.MaxUint32}
	for i := range uint64(200000) {
		words = append(words, s.Uint32At(i), s.Uint32At(i)>>(i%32))
	}
	for _, w := range words {
		want := math.Log1p(math.Ldexp(float64(w)+0.5, -32) - 1)
		if got := logUnit(w); !(math.Abs(got-want) <= 3e-9*math.Abs(want)) {
			t.Fatalf("logUnit(%#x) = %v, want %v", w, got, want)
		}
	}
}

// TestMoments allows five standard errors, for draws that are the same on every run.
func TestMoments(t *testing.T) {
	const n = 1 << 20
	x := make([]float32, n)
	for _, c := range []struct {
		name   string
		draw   func([]float32, uint64)
		raw    [4]float64 // E x, E x^2, E x^3, E x^4
		eighth [4]float64 // E x^2, E x^4, E x^6, E x^8: the second moments of those
	}{
		{"Uniform", New(1, "moments", 0).Uniform, [4]float64{1. / 2, 1. / 3, 1. / 4, 1. / 5}, [4]float64{1. / 3, 1. / 5, 1. / 7, 1. / 9}},
		{"Normal", New(1, "moments", 0).Normal, [4]float64{0, 1, 0, 3}, [4]float64{1, 3, 15, 105}},
	} {
		c.draw(x, 0)
		for k := range 4 {
			sum := 0.0
			for _, v := range x {
				sum += math.Pow(float64(v), float64(k+1))
			}
			got, stderr := sum/n, math.Sqrt((c.eighth[k]-c.raw[k]*c.raw[k])/n)
			if math.Abs(got-c.raw[k]) > 5*stderr {
				t.Errorf("%s: moment %d is %v, want %v ± %.1g", c.name, k+1, got, c.raw[k], stderr)
			}
		}
	}
}

// chiSquare is the statistic of counts against equal expectations, in standard deviations from its mean.
func chiSquare(counts []int) float64 {
	total := 0
	for _, c := range counts {
		total += c
	}
	want, stat := float64(total)/float64(len(counts)), 0.0
	for _, c := range counts {
		stat += (float64(c) - want) * (float64(c) - want) / want
	}
	freedom := float64(len(counts) - 1)
	return (stat - freedom) / math.Sqrt(2*freedom)
}

func TestChiSquare(t *testing.T) {
	const n, bins = 1 << 18, 64
	s := New(9, "chi", 4)
	x := make([]float32, n)
	counts := map[string][]int{"uniform": make([]int, bins), "normal": make([]int, bins), "low byte": make([]int, 256),
		"Intn(7)": make([]int, 7), "pairs": make([]int, 256), "Perm(4)": make([]int, 24)}
	s.Uniform(x, 0)
	for i, v := range x {
		counts["uniform"][int(v*bins)]++
		counts["low byte"][s.Uint32At(uint64(i))&255]++
		counts["Intn(7)"][s.Intn(uint64(i), 7)]++
		if i%2 == 1 {
			counts["pairs"][int(x[i-1]*16)*16+int(v*16)]++
		}
	}
	s.Normal(x, 0)
	for _, v := range x {
		p := math.Erfc(-float64(v)/math.Sqrt2) / 2
		counts["normal"][min(int(p*bins), bins-1)]++
	}
	perm := make([]int32, 4)
	for i := range uint64(n / 4) {
		s.Perm(perm, i)
		counts["Perm(4)"][lehmer(perm)]++
	}
	for name, c := range counts {
		if z := chiSquare(c); math.Abs(z) > 4 {
			t.Errorf("%s: chi-square is %.1f standard deviations off", name, z)
		}
	}
}

// lehmer numbers the permutations of four items.
func lehmer(p []int32) int {
	rank := 0
	for i := range p {
		smaller := 0
		for _, q := range p[i+1:] {
			if q < p[i] {
				smaller++
			}
		}
		rank = rank*(len(p)-i) + smaller
	}
	return rank
}

func TestNeighbouringStreamsAreUncorrelated(t *testing.T) {
	const n = 1 << 16
	base := make([]float32, n)
	New(1, "a", 0).Normal(base, 0)
	lagged := make([]float32, n)
	New(1, "a", 0).Normal(lagged, 1)
	for name, s := range map[string]Stream{"seed": New(2, "a", 0), "name": New(1, "b", 0), "step": New(1, "a", 1), "high step": New(1, "a", 1<<32)} {
		other := make([]float32, n)
		s.Normal(other, 0)
		if r := correlation(base, other); math.Abs(r) > 5/math.Sqrt(n) {
			t.Errorf("streams that differ in %s: correlation %v", name, r)
		}
	}
	if r := correlation(base, lagged); math.Abs(r) > 5/math.Sqrt(n) {
		t.Errorf("neighbouring values: correlation %v", r)
	}
	squares := make([]float32, n)
	for i := range squares {
		base[i], squares[i] = base[i]*base[i]-1, lagged[i]*lagged[i]-1
	}
	if r := correlation(base, squares); math.Abs(r) > 5/math.Sqrt(n) {
		t.Errorf("squares of neighbouring values: correlation %v", r)
	}
}

func correlation(x, y []float32) float64 {
	var xy, xx, yy float64
	for i := range x {
		xy += float64(x[i]) * float64(y[i])
		xx += float64(x[i]) * float64(x[i])
		yy += float64(y[i]) * float64(y[i])
	}
	return xy / math.Sqrt(xx*yy)
}

func TestIntn(t *testing.T) {
	s := New(8, "intn", 0)
	for _, n := range []int{1, 2, 1000, math.MaxInt} {
		for i := range uint64(1000) {
			if v := s.Intn(i, n); v < 0 || v >= n {
				t.Fatalf("Intn(%d, %d) = %d", i, n, v)
			}
		}
	}
	for _, n := range []int{0, -1} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("Intn(0, %d) returned", n)
				}
			}()
			s.Intn(0, n)
		}()
	}
}

func TestPermIsTheArgsortOfWords(t *testing.T) {
	s := New(13, "perm", 2)
	for _, n := range []int{0, 1, 2, 121, 512, 513, 70000} {
		for _, i := range []uint64{0, 1, 5} {
			got := make([]int32, n)
			s.Perm(got, i)
			want := make([]int32, n)
			for j := range want {
				want[j] = int32(j)
			}
			slices.SortStableFunc(want, func(a, b int32) int {
				x, y := s.Uint32At(i*uint64(n)+uint64(a)), s.Uint32At(i*uint64(n)+uint64(b))
				switch {
				case x < y:
					return -1
				case x > y:
					return 1
				}
				return 0
			})
			if !slices.Equal(got, want) {
				t.Errorf("permutation %d of %d items is not the argsort of its words", i, n)
			}
		}
	}
}

func TestSourceReadsTheStreamInOrder(t *testing.T) {
	s := New(21, "source", 0)
	src := NewSource(s)
	var _ rand.Source = src
	for i := range uint64(10) {
		want := uint64(s.Uint32At(2*i+1))<<32 | uint64(s.Uint32At(2*i))
		if got := src.Uint64(); got != want || s.Uint64At(i) != want {
			t.Errorf("number %d is %#x, want %#x", i, got, want)
		}
	}
}

func TestDrawingAllocatesNothing(t *testing.T) {
	s := New(1, "allocations", 0)
	dst, perm := make([]float32, 1001), make([]int32, 512)
	for name, f := range map[string]func(){
		"New":     func() { s = New(1, "allocations", 2) },
		"Uniform": func() { s.Uniform(dst, 3) },
		"Normal":  func() { s.Normal(dst, 3) },
		"Perm":    func() { s.Perm(perm, 3) },
	} {
		if allocs := testing.AllocsPerRun(10, f); allocs != 0 {
			t.Errorf("%s: %v allocations", name, allocs)
		}
	}
}

func benchmarkFill(b *testing.B, draw func([]float32, uint64)) {
	dst := make([]float32, 4096)
	b.ReportAllocs()
	for b.Loop() {
		draw(dst, 0)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(dst)), "ns/value")
}

func BenchmarkUniform(b *testing.B) { benchmarkFill(b, New(1, "bench", 0).Uniform) }
func BenchmarkNormal(b *testing.B)  { benchmarkFill(b, New(1, "bench", 0).Normal) }

func BenchmarkPerm121(b *testing.B) {
	s, dst := New(1, "bench", 0), make([]int32, 121)
	b.ReportAllocs()
	for b.Loop() {
		s.Perm(dst, 9)
	}
}

func ExampleStream_Normal() {
	s := New(42, "noise", 0)
	all, part := make([]float32, 6), make([]float32, 2)
	s.Normal(all, 0)
	s.Normal(part, 3) // the same numbers, drawn alone
	fmt.Println(all[3] == part[0], all[4] == part[1])
	// Output: true true
}
