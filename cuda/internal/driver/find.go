//go:build cgo && linux && !nocuda

package driver

import (
	"cmp"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// PathVariable names folders to look for the libraries in first, separated by colons.
const PathVariable = "DIFFCLIP_CUDA_PATH"

// driverName is the library that comes with the driver itself.
const driverName = "libcuda.so.1"

// blasNames are the versions of cuBLAS that are known to fit, newest first.
var blasNames = []string{"libcublas.so.13", "libcublas.so.12"}

// dnnName is the version of cuDNN that is known to fit.
const dnnName = "libcudnn.so.9"

// candidates lists where a library may be: the folders of PathVariable, then the
// loader's own path, then where Python's packages put it.
func candidates(names ...string) []string {
	var out []string
	found := func(path string) {
		if _, err := os.Stat(path); err == nil {
			out = append(out, path)
		}
	}
	for _, dir := range filepath.SplitList(os.Getenv(PathVariable)) {
		for _, name := range names {
			found(filepath.Join(dir, name))
		}
	}
	out = append(out, names...)
	for _, name := range names {
		for _, dir := range wheelFolders() {
			found(filepath.Join(dir, name))
		}
	}
	return out
}

// wheelFolders lists the folders of NVIDIA's Python packages, newest Python first.
func wheelFolders() []string {
	home, _ := os.UserHomeDir()
	var out []string
	for _, root := range []string{os.Getenv("VIRTUAL_ENV"), os.Getenv("CONDA_PREFIX"), filepath.Join(home, ".local"), "/usr/local", "/usr"} {
		if root == "" {
			continue
		}
		pythons, _ := fs.Glob(os.DirFS(root), "lib/python3*")
		slices.SortFunc(pythons, func(a, b string) int { return cmp.Or(len(b)-len(a), cmp.Compare(b, a)) }) // 3.9 is older than 3.13
		for _, packages := range []string{"site-packages", "dist-packages"} {
			for _, part := range []string{"cu13", "cublas", "cudnn"} {
				for _, python := range pythons {
					out = append(out, filepath.Join(root, python, packages, "nvidia", part, "lib"))
				}
			}
		}
	}
	return out
}

// beside returns the cuBLASLt that belongs to a cuBLAS given by its full path; ""
// for one that the loader finds by itself.
func beside(blas string) string {
	if !filepath.IsAbs(blas) {
		return ""
	}
	lt := filepath.Join(filepath.Dir(blas), "libcublasLt.so"+filepath.Ext(blas))
	if _, err := os.Stat(lt); err != nil {
		return ""
	}
	return lt
}
