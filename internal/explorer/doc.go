// Package explorer serves a run to a browser on the same machine: its curves
// while it trains, the map with what it is made of, attention, restoration,
// features, and texts to classify by.
//
// One page, embedded; no framework, nothing from elsewhere. It looks at the run
// and changes nothing. Read explorer.go first; guard.go says who is answered, and
// each other file serves a part of the page.
package explorer
