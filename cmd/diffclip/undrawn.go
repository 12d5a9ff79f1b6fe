package main

import (
	"fmt"
	"strings"
)

// undrawn are the seeds of a command whose samples cannot be drawn. The results are of
// the others, and in the end the command fails, since they are of less than was asked for.
type undrawn struct {
	seeds []string
	first error
}

func (u *undrawn) add(seed uint64, err error) {
	if u.seeds = append(u.seeds, fmt.Sprint(seed)); u.first == nil {
		u.first = err
	}
}

// err is nil where all of so many seeds could be drawn, and the first reason where none
// could.
func (u *undrawn) err(all int) error {
	switch len(u.seeds) {
	case 0:
		return nil
	case all:
		return u.first
	}
	return fmt.Errorf("%d of %d seeds could not be drawn, and the results are of the others: seed %s: %w", len(u.seeds), all, strings.Join(u.seeds, ", "), u.first)
}
