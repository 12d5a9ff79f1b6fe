//go:build !cgo || !linux || nocuda

package driver

import "runtime"

// Built reports whether this program can open the libraries.
const Built = false

// PathVariable names folders to look for the libraries in.
const PathVariable = "DIFFCLIP_CUDA_PATH"

// Open says why there is no device.
func Open(int) (Device, error) {
	if runtime.GOOS != "linux" {
		return nil, unavailable("NVIDIA's libraries are used on Linux alone, and this is %s", runtime.GOOS)
	}
	return nil, unavailable("this program was built without cgo, or with the tag nocuda")
}
