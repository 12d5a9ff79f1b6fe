# Thin names for the commands the README shows; go itself is all that is needed.
.PHONY: build test demo bench gate generate ci

build:
	CGO_ENABLED=0 go build ./cmd/diffclip
test:
	go test ./...
demo:
	go run ./cmd/diffclip demo
bench:
	go test -run '^$$' -bench . ./bench/...
gate:
	go run ./bench/gate
generate:
	go generate ./...
ci:
	bash .ci/run
