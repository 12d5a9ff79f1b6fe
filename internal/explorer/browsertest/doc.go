// Package browsertest tries the explorer and the report in a real browser,
// Debian's chromium, driven by the WebDriver protocol. It is a module of its own,
// so that the program is built and tested without a browser.
//
//	apt-get install chromium chromium-driver
//	cd internal/explorer/browsertest && go test ./...
//
// With SCREENSHOTS=DIR it leaves pictures of the page there; with RUN=DIR it takes
// that run in place of a small one that it trains.
package browsertest
