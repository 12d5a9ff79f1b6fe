//go:build cgo && linux && !nocuda

package driver

/*
#cgo CFLAGS: -O2 -Wall
#cgo LDFLAGS: -ldl
#cgo noescape api_run
#cgo nocallback api_run
#cgo nocallback api_replay
#cgo noescape api_time
#cgo nocallback api_sync
#cgo nocallback api_mark
#cgo nocallback api_await
#include <stdlib.h>
#include "api.h"
*/
import "C"

import (
	"fmt"
	"unsafe"
)

// Built reports whether this program can open the libraries.
const Built = true

// A Command is a command of api.h.
var (
	_ [C.sizeof_command - unsafe.Sizeof(Command{})]byte
	_ [unsafe.Sizeof(Command{}) - C.sizeof_command]byte
)

// Marks is MARKS of api.h.
var (
	_ [C.MARKS - Marks]byte
	_ [Marks - C.MARKS]byte
)

// minDriver is the CUDA version whose drivers read the committed PTX, 7.4.
const minDriver = 11040

// minMajor is the oldest compute capability that the PTX is made for.
const minMajor = 8

// workspace is what cuBLAS is given to work in, as much as it takes by itself on
// recent devices.
const workspace = 32 << 20

type device struct {
	api  *C.api
	info Info

	// What Close has to give back: another device of the process may keep the
	// context, and with it all memory, alive.
	memory map[Ptr]bool
	pinned map[*byte]bool
	graphs map[Graph]bool
}

// Open loads the libraries and takes a device by its number. An error that is
// ErrUnavailable means that this machine has none to use, and says what to do.
func Open(number int) (Device, error) {
	a, libraries, err := openLibraries()
	if err != nil {
		return nil, err
	}
	d := &device{api: a, info: Info{Driver: int(C.api_driver_version(a)), Libraries: libraries},
		memory: map[Ptr]bool{}, pinned: map[*byte]bool{}, graphs: map[Graph]bool{}}
	d.openDnn()
	if d.info.Driver > 0 && d.info.Driver < minDriver {
		C.free(unsafe.Pointer(a))
		return nil, unavailable("the driver is made for CUDA %s, and %s or newer is needed (driver 470 or newer): update NVIDIA's driver", Version(d.info.Driver), Version(minDriver))
	}
	if code := C.api_start(a, C.int(number), workspace); code != 0 {
		err := d.failed("starting the device", code).(*Error)
		d.Close()
		return nil, explainStart(err, number)
	}
	d.describe()
	if d.info.Major < minMajor {
		d.Close()
		return nil, unavailable("%s has compute capability %d.%d, and %d.0 or newer (Ampere) is needed", d.info.Name, d.info.Major, d.info.Minor, minMajor)
	}
	return d, nil
}

// explainStart says what a device that does not start is missing.
func explainStart(err *Error, number int) error {
	switch {
	case err.Blas:
		return unavailable("cuBLAS does not start: %v; it may be newer than the driver", err)
	case err.Code == codeNoDevice:
		return unavailable("the driver finds no device; nvidia-smi shows what it sees")
	case err.Code == codeBadDevice:
		return unavailable("there is no device %d", number)
	case err.Code == codeStub:
		return unavailable("%s is the toolkit's stub, not a driver", driverName)
	}
	return unavailable("%v", err)
}

// openLibraries opens the first driver that can be opened, and the first cuBLAS
// if there is one.
func openLibraries() (*C.api, []string, error) {
	var message [1024]C.char
	why := ""
	for _, path := range candidates(driverName) {
		text := C.CString(path)
		a := C.api_open(text, &message[0], C.size_t(len(message)))
		C.free(unsafe.Pointer(text))
		if a != nil {
			return a, append([]string{path}, openBlas(a)...), nil
		}
		if why == "" {
			why = C.GoString(&message[0])
		}
	}
	return nil, nil, unavailable("%s; folders to look in can be named in %s", why, PathVariable)
}

// openBlas returns the path of the cuBLAS that it opened, nothing if there is none.
func openBlas(a *C.api) []string {
	var message [1024]C.char
	for _, path := range candidates(blasNames...) {
		lt, blas := C.CString(beside(path)), C.CString(path)
		code := C.api_open_blas(a, lt, blas, &message[0], C.size_t(len(message)))
		C.free(unsafe.Pointer(lt))
		C.free(unsafe.Pointer(blas))
		if code == 0 {
			return []string{path}
		}
	}
	return nil
}

func (d *device) describe() {
	var name [128]C.char
	C.api_device_name(d.api, &name[0], C.int(len(name)))
	d.info.Name = C.GoString(&name[0])
	d.info.Blas = int(C.api_blas_version(d.api))
	d.info.Major = int(C.api_attribute(d.api, C.DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR))
	d.info.Minor = int(C.api_attribute(d.api, C.DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR))
	d.info.Multiprocessors = int(C.api_attribute(d.api, C.DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT))
}

// failed turns a code into an error, 0 into none.
func (d *device) failed(op string, code C.int) error {
	switch {
	case code == 0:
		return nil
	case code >= dnnError:
		return d.dnnFailed(op, code-dnnError)
	case code >= blasError:
		return &Error{Op: op, Code: int(code) - blasError, Blas: true}
	}
	return &Error{Op: op, Code: int(code), Name: C.GoString(C.api_error_name(d.api, code))}
}

func (d *device) Info() Info { return d.info }

func (d *device) Load(ptx []byte) error {
	if len(ptx) == 0 || ptx[len(ptx)-1] != 0 {
		return fmt.Errorf("driver: PTX must end with a zero byte")
	}
	log := (*C.char)(C.calloc(1, 8192))
	defer C.free(unsafe.Pointer(log))
	err := d.failed("compiling the kernels", C.api_load(d.api, unsafe.Pointer(&ptx[0]), log, 8192))
	if e, ok := err.(*Error); ok {
		e.Log = C.GoString(log)
		if e.Code == codeOldForImage {
			return unavailable("the driver, made for CUDA %s, cannot read the kernels, which are PTX 7.4: update NVIDIA's driver", Version(d.info.Driver))
		}
	}
	return err
}

func (d *device) Function(name string) (Function, error) {
	text := C.CString(name)
	defer C.free(unsafe.Pointer(text))
	var f C.uint64_t
	err := d.failed("finding kernel "+name, C.api_function(d.api, text, &f))
	return Function(f), err
}

func (d *device) Memory() (free, total int) {
	var f, t C.size_t
	C.api_memory(d.api, &f, &t)
	return int(f), int(t)
}

func (d *device) Alloc(bytes int) (Ptr, error) {
	var p C.uint64_t
	if err := d.failed("allocating", C.api_alloc(d.api, C.size_t(bytes), &p)); err != nil {
		return 0, err
	}
	d.memory[Ptr(p)] = true
	return Ptr(p), nil
}

func (d *device) Free(p Ptr) error {
	delete(d.memory, p)
	return d.failed("freeing", C.api_free(d.api, C.uint64_t(p)))
}

func (d *device) AllocHost(bytes int) ([]byte, Ptr, error) {
	var p unsafe.Pointer
	if err := d.failed("allocating pinned memory", C.api_alloc_host(d.api, C.size_t(bytes), &p)); err != nil {
		return nil, 0, err
	}
	d.pinned[(*byte)(p)] = true
	return unsafe.Slice((*byte)(p), bytes), Ptr(uintptr(p)), nil
}

func (d *device) FreeHost(b []byte) error {
	delete(d.pinned, unsafe.SliceData(b))
	return d.failed("freeing pinned memory", C.api_free_host(d.api, unsafe.Pointer(unsafe.SliceData(b))))
}

func (d *device) Run(list []Command) error {
	if len(list) == 0 {
		return nil
	}
	var at C.size_t
	if code := C.api_run(d.api, (*C.command)(unsafe.Pointer(&list[0])), C.size_t(len(list)), &at); code != 0 {
		return d.failed(list[at].String(), code)
	}
	return nil
}

func (d *device) Time(list []Command, ms []float32) error {
	if len(list) == 0 {
		return nil
	}
	var at C.size_t
	if code := C.api_time(d.api, (*C.command)(unsafe.Pointer(&list[0])), C.size_t(len(list)), &at, (*C.float)(unsafe.Pointer(&ms[0]))); code != 0 {
		return d.failed(list[at].String(), code)
	}
	return nil
}

func (d *device) Sync() error { return d.failed("waiting for the device", C.api_sync(d.api)) }

func (d *device) Mark(number int) error {
	return d.failed("setting a mark", C.api_mark(d.api, C.int(number)))
}

func (d *device) Await(number int) error {
	return d.failed("waiting for the device", C.api_await(d.api, C.int(number)))
}

func (d *device) Capture(list []Command) (Graph, error) {
	var at C.size_t
	var g C.uint64_t
	if code := C.api_capture(d.api, (*C.command)(unsafe.Pointer(&list[0])), C.size_t(len(list)), &at, &g); code != 0 {
		return 0, d.failed("capturing a graph", code)
	}
	d.graphs[Graph(g)] = true
	return Graph(g), nil
}

func (d *device) Replay(g Graph) error {
	return d.failed("replaying a graph", C.api_replay(d.api, C.uint64_t(g)))
}

func (d *device) Forget(g Graph) error {
	delete(d.graphs, g)
	return d.failed("forgetting a graph", C.api_forget(d.api, C.uint64_t(g)))
}

func (d *device) Close() {
	C.api_sync(d.api) // what fails from here on is as good as given back
	for g := range d.graphs {
		C.api_forget(d.api, C.uint64_t(g))
	}
	for p := range d.memory {
		C.api_free(d.api, C.uint64_t(p))
	}
	for b := range d.pinned {
		C.api_free_host(d.api, unsafe.Pointer(b))
	}
	C.api_stop(d.api)
	d.api = nil
}
