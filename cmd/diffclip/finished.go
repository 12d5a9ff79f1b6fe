package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"

	"diffclip/internal/cells"
	"diffclip/internal/run"
	"diffclip/rsdata"
)

// maxTested bounds the file of a confusion, in bytes; there may be 255 classes.
const maxTested = 1 << 20

// finished keeps the confusions that a command computes as they are finished, in a folder where the same command finds
// them again.
type finished struct {
	a           *app
	store       cells.Store // without a folder nothing is kept
	data        *rsdata.Dataset
	fingerprint string
}

// finishedIn keeps cells in a folder, or nothing where that is "". With force, what is there is computed anew.
func finishedIn(a *app, dir string, force bool, d *rsdata.Dataset) *finished {
	f := &finished{a: a, store: cells.Store{Dir: dir, Anew: force}, data: d}
	if dir != "" {
		f.fingerprint = cells.Fingerprint(d, cells.Values(d))
	}
	return f
}

// keeps reports whether what is finished is kept.
func (f *finished) keeps() bool { return f.store.Dir != "" }

// tell says how many of the cells that a command is made of were there already.
func (f *finished) tell(all int, what string, cell func(i int) (cells.Identity, error)) error {
	if !f.keeps() {
		return nil
	}
	there := 0
	for i := range all {
		id, err := cell(i)
		if err != nil {
			return err
		}
		if f.store.Has(id) {
			there++
		}
	}
	if there > 0 {
		fmt.Fprintf(f.a.stderr, "%d of %s were there already, in %s\n", there, run.Count(all, what), f.store.Place())
	}
	return nil
}

// test returns the confusion of a cell, which is of a split, and whether it was there; else it computes and keeps it.
// A folder that may only be read keeps nothing, which is told once.
func (f *finished) test(id cells.Identity, split *rsdata.Split, compute func() (*rsdata.Confusion, error)) (c *rsdata.Confusion, there bool, err error) {
	if f.keeps() {
		var kept run.Tested
		found, problem := f.store.Load(id, maxTested, &kept, func() (err error) {
			c, err = kept.Confusion(f.data, split)
			return err
		})
		if problem != nil {
			fmt.Fprintf(f.a.stderr, "note: %v\n", problem)
		}
		if found {
			return c, true, nil
		}
	}
	if err := f.a.ctx.Err(); err != nil {
		return nil, false, err
	}
	if c, err = compute(); err != nil || !f.keeps() {
		return c, false, err
	}
	err = f.store.Save(id, run.NewTested(split, c))
	if onlyRead(err) {
		fmt.Fprintf(f.a.stderr, "note: what is finished is not kept: %s\n", oneLine(err.Error()))
		f.store.Dir, err = "", nil
	}
	return c, false, err
}

// goOn is the command line that goes on with what another has finished: the same, unless that computes everything anew.
func goOn(f *flags) string {
	words := slices.DeleteFunc(slices.Clone(f.words), func(word string) bool {
		name, _, _ := strings.Cut(strings.TrimLeft(word, "-"), "=")
		return strings.HasPrefix(word, "-") && name == "force"
	})
	return commandLine(f.Name(), words...)
}

// stopped is the end of a command after some of its seeds, whose results are shown: by an interruption or a full disk,
// with next, what there is to do about it; other errors stay as they are.
func stopped(err error, done, all int, next string) error {
	switch {
	case errors.Is(err, context.Canceled):
		text := "interrupted"
		if done > 0 {
			text += fmt.Sprintf("; the results are of %d of %d seeds", done, all)
		}
		if next != "" {
			text += "; " + next
		}
		return interruptedError{text}
	case errors.Is(err, syscall.ENOSPC) && next != "":
		return fmt.Errorf("%w; make room, then %s", err, next)
	}
	return err
}
