package rsdata_test

import (
	"reflect"
	"strings"
	"testing"

	"diffclip/internal/mrnettest"
	"diffclip/rsdata"
)

// The tasks opened at once are those that Open opens one by one; their exams are read once.
func TestOpenTasks(t *testing.T) {
	root := mrnettest.Write(t, 8)
	all, err := rsdata.OpenTasks(root + "?slices=3&side=11")
	if err != nil || len(all) != 3 {
		t.Fatalf("%d tasks, %v", len(all), err)
	}
	for i, task := range []string{"abnormal", "acl", "meniscus"} {
		one, err := rsdata.Open(root + "?slices=3&side=11&task=" + task)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(all[i], one) {
			t.Errorf("%s is another dataset when it is opened with the others", task)
		}
		for k, s := range all[i].Scenes {
			for m, r := range s.Rasters {
				if r.Array != all[0].Scenes[k].Rasters[m].Array {
					t.Fatalf("%s has a plane of its own of exam %d", task, k)
				}
			}
		}
	}
	one, err := rsdata.OpenTasks(root + "?task=acl&slices=3&side=11")
	if err != nil || len(one) != 1 || one[0].Name != "MRNet acl" {
		t.Errorf("a task that is named: %d datasets, %v", len(one), err)
	}
	for path, want := range map[string]string{
		t.TempDir():                         "expected the folders of MRNet",
		root + "?task=toe":                  "want abnormal, acl, meniscus",
		root + "?plane=1":                   "?task=NAME",
		root + "?slices=3&side=11&min=1000": "no class has 1000 labelled samples",
	} {
		if _, err := rsdata.OpenTasks(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want an error that says %q", path, err, want)
		}
	}
}
