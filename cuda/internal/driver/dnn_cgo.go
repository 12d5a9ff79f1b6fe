//go:build cgo && linux && !nocuda

package driver

/*
#include <stdlib.h>
#include "dnn.h"
*/
import "C"

import "unsafe"

// A Convolution is a convolution of dnn.h.
var (
	_ [C.sizeof_convolution - unsafe.Sizeof(Convolution{})]byte
	_ [unsafe.Sizeof(Convolution{}) - C.sizeof_convolution]byte
)

// openDnn opens the first cuDNN that fits, if there is one. It comes after cuBLAS:
// what cuDNN wants of that is then found by its name.
func (d *device) openDnn() {
	var message [1024]C.char
	for _, path := range candidates(dnnName) {
		text := C.CString(path)
		code := C.api_open_dnn(d.api, text, &message[0], C.size_t(len(message)))
		C.free(unsafe.Pointer(text))
		switch {
		case code == 0:
			d.info.Dnn, d.info.DnnUnfit = int(C.api_dnn_version(d.api)), ""
			d.info.Libraries = append(d.info.Libraries, path)
			return
		case code > 0 && d.info.DnnUnfit == "":
			d.info.DnnUnfit = C.GoString(&message[0])
		}
	}
}

func (d *device) dnnFailed(op string, code C.int) error {
	return &Error{Op: op, Code: int(code), Name: C.GoString(C.api_dnn_error_name(d.api, code)), Dnn: true}
}

func (d *device) Plan(c Convolution, exact bool) (Plan, error) {
	var at C.uint64_t
	var workspace C.size_t
	flag := C.int(0)
	if exact {
		flag = 1
	}
	code := C.api_plan(d.api, (*C.convolution)(unsafe.Pointer(&c)), flag, &at, &workspace)
	return Plan{Convolution: c, Workspace: int(workspace), at: uint64(at)}, d.failed("preparing a convolution", code)
}
