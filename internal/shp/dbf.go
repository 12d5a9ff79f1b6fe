package shp

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Field is a column of attributes.
type Field struct {
	Name string
	Type byte // 'C' text, 'N' or 'F' number, 'L' logical, 'D' date
}

// Value is one attribute.
type Value struct {
	Null   bool      // nothing was entered
	Text   string    // as it stands, without padding
	Number float64   // types N and F
	Bool   bool      // type L
	Date   time.Time // type D
}

// table is a .dbf file.
type table struct {
	fields []Field
	rows   [][]Value
}

const (
	dbfHeader = 32 // bytes of the header and of each field's description
	dbfEnd    = 0x0d
)

// parseTable reads a dBASE table, levels 3 to 5 without memo fields. The code
// page is the content of the .cpg file, "" where there is none.
func parseTable(b []byte, codePage string) (*table, error) {
	if len(b) < dbfHeader {
		return nil, fmt.Errorf("expected a header of %d bytes, found a file of %d", dbfHeader, len(b))
	}
	le := binary.LittleEndian
	rows, header, record := uint64(le.Uint32(b[4:])), int(le.Uint16(b[8:])), int(le.Uint16(b[10:]))
	if header > len(b) || record == 0 || rows*uint64(record) > uint64(len(b)-header) {
		return nil, fmt.Errorf("says it has %d records of %d bytes after %d of header, but has only %d bytes: it is truncated or damaged", rows, record, header, len(b))
	}
	decode, err := decoder(codePage, b[29])
	if err != nil {
		return nil, err
	}
	t := &table{}
	var ends []int // of each field in the record
	at := 1        // the first byte marks deletion
	for d := dbfHeader; d+dbfHeader <= header && b[d] != dbfEnd; d += dbfHeader {
		name, _, _ := strings.Cut(string(b[d:d+11]), "\x00")
		f := Field{Name: strings.TrimSpace(decode(name)), Type: b[d+11]}
		n := int(b[d+16])
		if f.Type == 'C' { // long text uses the decimals as a high byte
			n += int(b[d+17]) << 8
		}
		if at += n; n == 0 || at > record {
			return nil, fmt.Errorf("field %s has %d bytes and ends at byte %d of records of %d: it is damaged", f.Name, n, at, record)
		}
		t.fields, ends = append(t.fields, f), append(ends, at)
	}
	if len(t.fields) == 0 && rows > 0 {
		return nil, fmt.Errorf("has %d records but no fields", rows)
	}
	for i := range int(rows) {
		line := b[header+i*record:][:record]
		row := make([]Value, len(t.fields))
		from := 1
		for k, f := range t.fields {
			if row[k], err = parseValue(f.Type, decode(string(line[from:ends[k]]))); err != nil {
				return nil, fmt.Errorf("record %d, field %s: %w", i+1, f.Name, err)
			}
			from = ends[k]
		}
		t.rows = append(t.rows, row)
	}
	return t, nil
}

// parseValue reads one attribute. Numbers of stars are what is written where a
// number does not fit its field.
func parseValue(kind byte, text string) (v Value, err error) {
	v.Text = strings.TrimRight(text, " \x00")
	if kind != 'C' {
		v.Text = strings.Trim(v.Text, " \x00")
	}
	v.Null = v.Text == ""
	if v.Null {
		return v, nil
	}
	switch kind {
	case 'N', 'F':
		if v.Null = strings.Trim(v.Text, "*") == ""; v.Null {
			return v, nil
		}
		if v.Number, err = strconv.ParseFloat(v.Text, 64); err != nil {
			return v, fmt.Errorf("expected a number, found %q", v.Text)
		}
	case 'L':
		switch v.Text {
		case "T", "t", "Y", "y":
			v.Bool = true
		case "F", "f", "N", "n":
		default:
			v.Null = true
		}
	case 'D':
		if v.Null = strings.Trim(v.Text, "0") == ""; v.Null {
			return v, nil
		}
		if v.Date, err = time.Parse("20060102", v.Text); err != nil {
			return v, fmt.Errorf("expected a date as YYYYMMDD, found %q", v.Text)
		}
	}
	return v, nil
}

// decoder returns how text is turned into UTF-8. The code page comes from the
// .cpg file, else from the language driver in the header. Where neither tells,
// text that is valid UTF-8 is taken as that and other text as Latin 1.
func decoder(codePage string, driver byte) (func(string) string, error) {
	name := strings.ToUpper(strings.NewReplacer("-", "", "_", "", " ", "").Replace(strings.Trim(codePage, "\ufeff\x00\r\n ")))
	if name == "" && (driver == 0x03 || driver == 0x57) {
		name = "1252"
	}
	switch name {
	case "", "UTF8", "65001", "SYSTEM", "ASCII", "USASCII":
		return func(s string) string {
			if utf8.ValidString(s) {
				return s
			}
			return latin1(s)
		}, nil
	case "ISO88591", "88591", "28591", "LATIN1":
		return latin1, nil
	case "1252", "CP1252", "WINDOWS1252", "ANSI1252", "ANSI":
		return windows1252, nil
	}
	return nil, fmt.Errorf("the code page %q is not known; UTF-8, ISO-8859-1 and Windows-1252 are: save the layer as UTF-8", strings.TrimSpace(codePage))
}

func latin1(s string) string {
	out := make([]rune, len(s))
	for i := range len(s) {
		out[i] = rune(s[i])
	}
	return string(out)
}

// high1252 is what Windows-1252 has in place of the control characters 0x80 to 0x9f.
var high1252 = []rune("€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ")

func windows1252(s string) string {
	out := []rune(latin1(s))
	for i, r := range out {
		if r >= 0x80 && r < 0xa0 {
			out[i] = high1252[r-0x80]
		}
	}
	return string(out)
}
