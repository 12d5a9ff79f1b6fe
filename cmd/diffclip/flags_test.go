package main

import "testing"

func TestQuoted(t *testing.T) {
	for _, c := range []struct{ arg, unix, windows string }{
		{"runs/a", "runs/a", "runs/a"},
		{`C:\runs\a`, `'C:\runs\a'`, `C:\runs\a`},
		{`C:\my runs\a`, `'C:\my runs\a'`, `"C:\my runs\a"`},
		{`C:\my runs\`, `'C:\my runs\'`, `"C:\my runs\\"`},
		{"MRNet?task=acl&slices=9", "'MRNet?task=acl&slices=9'", `"MRNet?task=acl&slices=9"`},
		{"it's", `'it'\''s'`, `"it's"`},
		{`a "b"`, `'a "b"'`, `"a \"b\""`},
		{"2,8", "2,8", `"2,8"`},
		{"", "''", `""`},
	} {
		if got := quoted(c.arg, "linux"); got != c.unix {
			t.Errorf("Unix: %s becomes %s, want %s", c.arg, got, c.unix)
		}
		if got := quoted(c.arg, "windows"); got != c.windows {
			t.Errorf("Windows: %s becomes %s, want %s", c.arg, got, c.windows)
		}
	}
}
