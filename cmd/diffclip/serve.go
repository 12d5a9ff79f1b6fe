package main

import (
	"fmt"

	"diffclip/internal/explorer"
)

func declareServe(a *app, f *flags) func() error {
	f.purpose = "The explorer: a page on this machine that shows a run while it trains and after, its\nmap, attention, restoration and features, and scores the scene by texts of your own."
	f.usage = "[flags] RUN"
	f.example = []string{"runs/houston", "-addr 127.0.0.1:0 diffclip-demo"}
	f.operands = 1
	addr := "127.0.0.1:8080"
	var cfg explorer.Config
	var on computer
	f.group("flags", func() {
		f.StringVar(&addr, "addr", addr, "`address` to listen on; port 0 takes a free one")
		f.StringVar(&cfg.Data, "data", "", "`path` of the run's data, where they have moved")
		f.BoolVar(&cfg.Remote, "remote", false, "let other machines reach it: there is no password")
	})
	on.declare(f)
	return func() error {
		cfg.Dir = f.Arg(0)
		cfg.Open = func() (explorer.Backend, error) { return on.open(a) }
		e, err := explorer.New(cfg)
		if err != nil {
			return err
		}
		l, err := explorer.Listen(addr, cfg.Remote)
		if err != nil {
			return err
		}
		fmt.Fprintf(a.stdout, "http://%s/\n", l.Addr())
		fmt.Fprintln(a.stderr, "open this address in a browser; Ctrl-C ends")
		if err := e.Serve(a.ctx, l); a.ctx.Err() == nil {
			return err
		}
		return nil // Ctrl-C is how it ends
	}
}
