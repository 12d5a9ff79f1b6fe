package run

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"testing"

	"diffclip/internal/figure"
)

// Whatever the files of a run say, reading them ends in something that can be
// worked with and drawn, or in an error.
func FuzzFolder(f *testing.F) {
	x := small(f)
	manifest, err := json.Marshal(NewManifest(x))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(manifest, []byte("stage,epoch,loss,lr\nstage 1,1,0.5,0.001\nstage 1,2,0.25,0.001\n"), []byte("stage,step,epoch,loss,seconds\nstage 1,1,1,0.5,0.1\n"))
	f.Add(bytes.Replace(manifest, []byte(`"window":3`), []byte(`"window":4611686018427387905`), -1), []byte("a,b,c,d\nx,9223372036854775807,1e308,-1e308\nx,-9223372036854775808,NaN,Inf\n"), []byte("\x00,,,,\n"))
	f.Add(bytes.Replace(manifest, []byte(`"epochs":`), []byte(`"epochs":-`), -1), []byte("\"\n\n"), []byte("stage,step,epoch,loss,seconds\nstage 1,99999999999999999999,1,1e999,1\n"))
	f.Fuzz(func(t *testing.T, manifest, history, steps []byte) {
		folder := Folder{t.TempDir()}
		for name, content := range map[string][]byte{manifestFile: manifest, HistoryFile: history, StepsFile: steps} {
			if err := os.WriteFile(folder.Path(name), content, 0o666); err != nil {
				t.Fatal(err)
			}
		}
		if _, man, err := Open(folder.Dir); err == nil {
			if err := man.Config.Check(); err != nil {
				t.Errorf("Open returned what Check refuses: %v", err)
			}
		}
		if curves, err := folder.History(); err == nil && len(curves) > 0 {
			if err := figure.WritePNG(io.Discard, LossFigure("losses", curves...), 1); err != nil {
				t.Logf("the losses cannot be drawn: %v", err)
			}
		}
		folder.Steps()
	})
}
