package table

import (
	"os"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"

	"diffclip/internal/testenv"
)

func TestRead(t *testing.T) {
	for _, c := range []struct {
		text    string
		columns []string
		rows    [][]string
		line    int // of the last row
	}{
		{"0000,1\n0001,0\n", nil, [][]string{{"0000", "1"}, {"0001", "0"}}, 2},
		{"\ufeffid, name\r\n1,\"a, \"\"b\"\"\nc\"\r\n2,d", []string{"id", "name"}, [][]string{{"1", "a, \"b\"\nc"}, {"2", "d"}}, 4},
		{"a;b,c;d\n1;2;3\n", []string{"a", "b,c", "d"}, [][]string{{"1", "2", "3"}}, 2},
		{"x\ty\n\n1\t2\n", []string{"x", "y"}, [][]string{{"1", "2"}}, 3},
		{"a,a\nb,c\n", nil, [][]string{{"a", "a"}, {"b", "c"}}, 2},
		{"a,\nb,c\n", nil, [][]string{{"a", ""}, {"b", "c"}}, 2},
	} {
		got, err := Read(strings.NewReader(c.text), "a.csv")
		if err != nil {
			t.Errorf("%q: %v", c.text, err)
			continue
		}
		if !reflect.DeepEqual(got.Columns, c.columns) || !reflect.DeepEqual(got.Rows, c.rows) || got.Line(len(got.Rows)-1) != c.line {
			t.Errorf("%q: %q %q, last line %d", c.text, got.Columns, got.Rows, got.Line(len(got.Rows)-1))
		}
	}
}

func TestErrors(t *testing.T) {
	for text, want := range map[string]string{
		"":                        "found no rows",
		"id,name\n":               "found no rows",
		"a,b\n1,2\n3\n":           "line 3: expected 2 cells as in the first line, found 1",
		"a,b\n1,\"x\n":            "line 2",
		"\xff\xfea\x00,\x00":      "UTF-16",
		"PK\x03\x04\x00\x00,\x00": "binary data",
	} {
		if _, err := Read(strings.NewReader(text), "a.csv"); err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "a.csv: ") {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	if _, err := Open(fstest.MapFS{}, "a.csv"); err == nil {
		t.Error("a file that is not there was read")
	}
}

func TestColumns(t *testing.T) {
	tab, err := Read(strings.NewReader("ID,height\n7,1.5\nx,NA\n"), "a.csv")
	if err != nil {
		t.Fatal(err)
	}
	if k, err := tab.Column("HEIGHT"); k != 1 || err != nil {
		t.Error(k, err)
	}
	if _, err := tab.Column("x"); err == nil || !strings.Contains(err.Error(), "its columns are ID, height") {
		t.Error(err)
	}
	bare, _ := Read(strings.NewReader("1,2"), "b.csv")
	if _, err := bare.Column("x"); err == nil || !strings.Contains(err.Error(), "no header") {
		t.Error(err)
	}
}

func TestIDTrees(t *testing.T) {
	tab, err := Open(os.DirFS(testenv.Dir(t, "idtrees2020")), "Field/train_data.csv")
	if err != nil {
		t.Fatal(err)
	}
	id, err := tab.Column("indvdID")
	if err != nil {
		t.Fatal(err)
	}
	taxon, err := tab.Column("taxonID")
	if err != nil {
		t.Fatal(err)
	}
	status, err := tab.Column("plantStatus")
	if err != nil {
		t.Fatal(err)
	}
	if len(tab.Columns) != 15 || tab.Rows[1][id] != "MLBS01563" || tab.Rows[1][taxon] != "ACPE" || tab.Rows[1][status] != "Live, disease damaged" {
		t.Errorf("%q %q", tab.Columns, tab.Rows[1])
	}
}

func FuzzRead(f *testing.F) {
	f.Add("id, name\r\n1,\"a, \"\"b\"\"\nc\"\r\n2,d")
	f.Add("a;b\n1;2\n")
	f.Fuzz(func(t *testing.T, text string) {
		tab, err := Read(strings.NewReader(text), "a.csv")
		if err != nil {
			return
		}
		for i, row := range tab.Rows {
			if len(row) != len(tab.Rows[0]) || tab.Columns != nil && len(row) != len(tab.Columns) {
				t.Fatalf("row %d has %d cells", i, len(row))
			}
		}
	})
}
