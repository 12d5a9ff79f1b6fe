package run

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"diffclip/rsdata"
)

// WriteSplit writes split.json: see the function WriteSplit.
func (f Folder) WriteSplit(x *Experiment) error {
	return f.Write(splitFile, func(w io.Writer) error { return WriteSplit(w, x.Data, x.Split) })
}

// WriteSeedSplit writes the split of one of several draws to splits/seed-N.json,
// where N is its seed, without the unlabelled windows, which are those of stage 1.
func (f Folder) WriteSeedSplit(x *Experiment) error {
	s := *x.Split
	s.Unlabelled = nil
	if err := os.MkdirAll(f.Path(splitsFolder), 0o777); err != nil {
		return err
	}
	name := numberedName(seedSplit, s.Config.Seed)
	return f.Write(filepath.Join(splitsFolder, name), func(w io.Writer) error { return WriteSplit(w, x.Data, &s) })
}

// WriteSplit writes every sample of a split as [scene, row, column, label, object],
// the object -1 where the sample is a single pixel, and the unlabelled windows as
// [scene, row, column], null where they are all pixels.
func WriteSplit(w io.Writer, d *rsdata.Dataset, s *rsdata.Split) error {
	unlabelled := [][3]int32{}
	for _, p := range s.Unlabelled {
		unlabelled = append(unlabelled, [3]int32{p.Scene, p.Row, p.Col})
	}
	if len(s.Unlabelled) == d.NumPixels() {
		unlabelled = nil
	}
	parts := []struct {
		name string
		rows any
	}{
		{"train", sampleRows(s.Train)}, {"validation", sampleRows(s.Validation)}, {"test", sampleRows(s.Test)}, {"unlabelled", unlabelled},
	}
	fmt.Fprintf(w, "{\"protocol\":%q,\"seed\":%d", s.Config.Protocol, s.Config.Seed)
	for _, p := range parts {
		text, err := json.Marshal(p.rows)
		if err != nil {
			return err
		}
		fmt.Fprintf(w, ",\n%q:%s", p.name, text)
	}
	_, err := io.WriteString(w, "}\n")
	return err
}

func sampleRows(samples []rsdata.Sample) [][5]int32 {
	rows := make([][5]int32, len(samples))
	for i, s := range samples {
		rows[i] = [5]int32{s.Scene, s.Row, s.Col, int32(s.Label), s.Object}
	}
	return rows
}
