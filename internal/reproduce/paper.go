package reproduce

import (
	"bytes"
	_ "embed"
	"encoding/csv"
	"fmt"
	"slices"
	"strconv"
)

//go:embed paper.csv
var tablesFile []byte

//go:embed paper_mrnet.csv
var table6File []byte

// Printed is one row of a table of the paper for one data set. Values are
// fractions of 1, by name of the figure of merit.
type Printed struct {
	Table, Setting, Method, Data string
	Values                       map[string]float64
}

// printed holds every number that the paper prints, in its order.
var printed = slices.Concat(readPrinted(tablesFile, 0.01), readPrinted(table6File, 1))

// printedColumns is how many columns stand before the figures of merit.
const printedColumns = 4

// readPrinted reads an embedded file, whose values are given in units of unit.
func readPrinted(file []byte, unit float64) []Printed {
	r := csv.NewReader(bytes.NewReader(file))
	r.Comment = '#'
	rows, err := r.ReadAll()
	if err != nil {
		panic(fmt.Errorf("reproduce: the paper's numbers: %w", err))
	}
	var out []Printed
	for _, row := range rows[1:] {
		p := Printed{Table: row[0], Setting: row[1], Method: row[2], Data: row[3], Values: map[string]float64{}}
		for i, text := range row[printedColumns:] {
			v, err := strconv.ParseFloat(text, 64)
			if err != nil {
				panic(fmt.Errorf("reproduce: the paper's numbers: %w", err))
			}
			p.Values[rows[0][printedColumns+i]] = v * unit
		}
		out = append(out, p)
	}
	return out
}

// printedRow returns the row of a table for a data set; nil values where the paper
// has none.
func printedRow(table, setting, method, data string) map[string]float64 {
	for _, p := range printed {
		if p.Table == table && p.Setting == setting && p.Method == method && p.Data == data {
			return p.Values
		}
	}
	return nil
}
