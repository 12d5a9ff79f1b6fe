// Package hdf5 reads the part of HDF5 that MATLAB 7.3 and h5py write:
// superblocks 0 to 3; object headers 1 and 2; groups by symbol table, by compact
// links and by dense links; compact, contiguous and chunked datasets with every
// chunk index; the filters deflate, LZF, shuffle and fletcher32; integers, floats,
// enums, strings and object references; attributes.
//
// Whatever a file claims, reading ends: every address and length is checked
// against the file's size, every walk is bounded in depth and remembers where it
// has been, and a budget bounds the work and memory of a request (see Renew).
// Checksums of metadata are not verified; those of filtered data are.
//
// Format: "HDF5 File Format Specification Version 3.0", The HDF Group.
package hdf5

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"diffclip/internal/numeric"
)

const (
	signature = "\x89HDF\r\n\x1a\n"
	// undefined is the address of what was never allocated.
	undefined = ^uint64(0)
	// slack lets small files hold what costs little though it is not stored, such
	// as chunks never written.
	slack = 16 << 20
	// maxDepth bounds the depth of trees and of groups in groups.
	maxDepth = 32
	// maxLinks bounds the members of one group.
	maxLinks = 1 << 18
)

// File is an open HDF5 file. It is not safe for concurrent use.
type File struct {
	name string
	r    io.ReaderAt
	size int64 // bytes from base to the end
	base int64 // where the superblock lies: after the user block
	root uint64
	work int64 // bytes of metadata that may still be read
	data int64 // bytes of array data that may still be decoded
}

// Sniff reports whether the file has HDF5's signature at one of its places: byte
// 0, 512, 1024, 2048, ... A MATLAB 7.3 file has it at 512.
func Sniff(r io.ReaderAt, size int64) bool {
	_, ok := find(r, size)
	return ok
}

func find(r io.ReaderAt, size int64) (base int64, ok bool) {
	head := make([]byte, len(signature))
	for base = 0; base+int64(len(head)) <= size; base = max(512, 2*base) {
		if n, _ := r.ReadAt(head, base); n == len(head) && string(head) == signature {
			return base, true
		}
	}
	return 0, false
}

// Open reads the superblock. The name is used in errors only; r must stay
// readable while the File is used.
func Open(r io.ReaderAt, size int64, name string) (*File, error) {
	base, ok := find(r, size)
	if !ok {
		return nil, fmt.Errorf("%s: not an HDF5 file: no signature at byte 0, 512, 1024 and so on", name)
	}
	f := &File{name: name, r: r, size: size - base, base: base}
	f.Renew()
	if err := f.superblock(); err != nil {
		return nil, fmt.Errorf("%s: superblock: %w", name, err)
	}
	return f, nil
}

// Renew refills the budget that bounds the work and memory of a request: the
// metadata read may come to 64 times the file's size, and the array data decoded
// to what its bytes could inflate to, each with some slack. Call it at the start
// of each independent request to a File that is kept open.
func (f *File) Renew() {
	f.work = 64*f.size + slack
	f.data = numeric.DeflateRatio*f.size + slack
}

func (f *File) superblock() error {
	b := f.upTo(0, 96)
	c := cursor{b: b}
	c.skip(8)
	version := c.u8()
	var offsets, lengths byte
	switch version {
	case 0, 1:
		c.skip(4)
		offsets, lengths = c.u8(), c.u8()
		c.skip(9)
		if version == 1 {
			c.skip(4)
		}
		c.skip(4*8 + 8) // addresses of base, free space, end, driver; the root's name
		f.root = c.u64()
	case 2, 3:
		offsets, lengths = c.u8(), c.u8()
		c.skip(1 + 3*8)
		f.root = c.u64()
	default:
		return fmt.Errorf("version %d, want 0 to 3", version)
	}
	if c.short {
		return errShort
	}
	if offsets != 8 || lengths != 8 {
		return fmt.Errorf("addresses of %d bytes and lengths of %d, want 8 and 8", offsets, lengths)
	}
	return nil
}

var errShort = fmt.Errorf("ends too early; is the file complete?")

// spend takes n bytes from the metadata budget.
func (f *File) spend(n int64) error {
	if f.work -= n; f.work < 0 {
		return fmt.Errorf("reading its structure takes far more than the file's %d bytes: it is damaged", f.size)
	}
	return nil
}

// at reads n bytes of metadata at an address.
func (f *File) at(addr uint64, n int64) ([]byte, error) { return f.into(nil, addr, n) }

// into is at that uses buf where it is large enough.
func (f *File) into(buf []byte, addr uint64, n int64) ([]byte, error) {
	if addr > uint64(f.size) || n < 0 || n > f.size-int64(addr) {
		return nil, fmt.Errorf("%d bytes at address %d lie beyond the end (%d bytes); is the file complete?", n, addr, f.size)
	}
	if err := f.spend(n); err != nil {
		return nil, err
	}
	if int64(cap(buf)) < n {
		buf = make([]byte, n)
	}
	buf = buf[:n]
	if k, err := f.r.ReadAt(buf, f.base+int64(addr)); k < len(buf) {
		return nil, fmt.Errorf("at address %d: %w", addr, err)
	}
	return buf, nil
}

// upTo reads n bytes at an address, or fewer where the file ends.
func (f *File) upTo(addr uint64, n int64) []byte {
	if addr > uint64(f.size) {
		return nil
	}
	b, err := f.at(addr, min(n, f.size-int64(addr)))
	if err != nil {
		return nil
	}
	return b
}

// node reads n bytes at an address and checks the four letters they begin with;
// the cursor stands after these.
func (f *File) node(addr uint64, sign string, n int64) (*cursor, error) {
	b, err := f.at(addr, n)
	if err != nil {
		return nil, err
	}
	if len(b) < 4 || string(b[:4]) != sign {
		return nil, fmt.Errorf("no %q at address %d", sign, addr)
	}
	return &cursor{b: b[4:]}, nil
}

// Root returns the root group.
func (f *File) Root() (*Object, error) {
	o, err := f.Object(f.root)
	if err != nil {
		return nil, fmt.Errorf("%s: root group: %w", f.name, err)
	}
	return o, nil
}

// Find returns the object at a path of groups such as "scene/HSI"; nil where there is none.
func (f *File) Find(path string) (*Object, error) {
	o, err := f.Root()
	if err != nil {
		return nil, err
	}
	for part := range strings.SplitSeq(path, "/") {
		links, err := o.Links()
		if err != nil {
			return nil, err
		}
		i := slices.IndexFunc(links, func(l Link) bool { return l.Name == part })
		if i < 0 {
			return nil, nil
		}
		if o, err = f.Object(links[i].Addr); err != nil {
			return nil, err
		}
	}
	return o, nil
}
