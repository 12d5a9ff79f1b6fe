package georef

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
)

// systemsFile holds, a line each, an EPSG code and after a tab the text of its system.
// systems.py makes it.
//
//go:embed systems.txt.gz
var systemsFile []byte

// systems are the coordinate systems that are known by their code: UTM zones, national
// grids and the like.
var systems = sync.OnceValue(func() (s struct {
	text map[int]string // well-known text in ESRI's dialect, by EPSG code
	code map[string]int // EPSG code, by the text's name as simpleName has it
}) {
	r, err := gzip.NewReader(bytes.NewReader(systemsFile))
	if err != nil {
		panic(fmt.Errorf("georef: the coordinate systems of this program: %w", err))
	}
	all, err := io.ReadAll(r)
	if err != nil {
		panic(fmt.Errorf("georef: the coordinate systems of this program: %w", err))
	}
	s.text, s.code = map[int]string{}, map[string]int{}
	for line := range strings.Lines(string(all)) {
		number, text, _ := strings.Cut(strings.TrimSpace(line), "\t")
		code, err := strconv.Atoi(number)
		if err != nil {
			panic(fmt.Errorf("georef: the coordinate systems of this program: %w", err))
		}
		name, _ := quoted(text)
		s.text[code], s.code[simpleName(name)] = text, code
	}
	return s
})

// ESRI returns the CRS as well-known text: that of its file, else, by its EPSG code, in
// ESRI's dialect, "" where the code is not among those that this program knows.
func (c CRS) ESRI() string {
	if c.WKT != "" {
		return c.WKT
	}
	return systems().text[c.EPSG]
}
