//go:build !(amd64 || arm64) || purego

package par

import (
	"bytes"
	"runtime"
	"strconv"
	"sync"
)

var headers = sync.Pool{New: func() any { return new([64]byte) }}

// goroutine returns a number that identifies the calling goroutine for as long as it lives: the one in the first
// line of its stack trace, "goroutine 17 [running]:".
func goroutine() uintptr {
	header := headers.Get().(*[64]byte)
	defer headers.Put(header)
	line := header[:runtime.Stack(header[:], false)]
	digits, _, _ := bytes.Cut(bytes.TrimPrefix(line, []byte("goroutine ")), []byte(" "))
	id, err := strconv.ParseUint(string(digits), 10, 64)
	if err != nil {
		panic("par: unexpected first line of a stack trace: " + string(line))
	}
	return uintptr(id)
}
