package explorer

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// Listen opens a TCP address, which must be of this machine alone unless remote
// is set.
func Listen(addr string, remote bool) (net.Listener, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("address %q: want HOST:PORT, as in 127.0.0.1:8080: %w", addr, err)
	}
	if !remote && !isLoopback(host) {
		return nil, fmt.Errorf("address %q can be reached from other machines, and there is no password: give one of this machine alone, such as 127.0.0.1:8080, or allow it with -remote", addr)
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %s: %w; -addr names another address, and port 0 takes a free one", addr, err)
	}
	if host, _, _ := net.SplitHostPort(l.Addr().String()); !remote && !isLoopback(host) {
		l.Close()
		return nil, fmt.Errorf("address %q is %s, which other machines can reach: allow it with -remote", addr, l.Addr())
	}
	return l, nil
}

func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && ip.IsLoopback()
}

// policy allows what the embedded page needs and nothing else.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// guard refuses what no page of ours asks: names that lead here by DNS alone,
// other pages' requests, and more requests than can be meant.
func (e *Explorer) guard(next http.Handler) http.Handler {
	open := make(chan struct{}, maxOpen)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		switch {
		case !e.named(r.Host):
			http.Error(w, fmt.Sprintf("this server does not go by the name %q: use the address that it printed", r.Host), http.StatusMisdirectedRequest)
			return
		case foreign(r):
			http.Error(w, "another page asked for this: open the explorer by its own address", http.StatusForbidden)
			return
		case r.Method == http.MethodPost && r.Header.Get("Content-Type") != "application/json":
			http.Error(w, "want application/json", http.StatusUnsupportedMediaType)
			return
		}
		select {
		case open <- struct{}{}:
			defer func() { <-open }()
		default:
			http.Error(w, "too many requests at a time", http.StatusServiceUnavailable)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		next.ServeHTTP(w, r)
	})
}

// maxBody bounds what a request may send.
const maxBody = 64 << 10

// named reports whether a Host header names this machine. A name of the outer
// world may have been pointed here by a page that wants to read along; an address
// cannot.
func (e *Explorer) named(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	if isLoopback(host) {
		return true
	}
	_, err := netip.ParseAddr(host)
	return e.cfg.Remote && err == nil
}

// foreign reports whether a request comes from a page of another origin; following
// a link to the explorer is fine.
func foreign(r *http.Request) bool {
	if origin := r.Header.Get("Origin"); origin != "" && origin != "http://"+r.Host {
		return true
	}
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "same-origin", "none":
		return false
	}
	return r.Method != http.MethodGet || r.Header.Get("Sec-Fetch-Mode") != "navigate"
}
