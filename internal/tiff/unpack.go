package tiff

import (
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
)

// unpacker decompresses blocks, and keeps what can be used for the next one.
type unpacker struct {
	packed []byte        // the block as it is stored
	zlib   io.ReadCloser // nil before the first deflated block
}

// unpack decompresses the block in packed into dst, which is empty, and returns
// its first want bytes. It allocates in step with what the block really holds.
func (u *unpacker) unpack(compression, want int, dst []byte) (_ []byte, err error) {
	switch compression {
	case compressionLZW:
		dst, err = unpackLZW(dst, u.packed, want)
	case compressionPackBits:
		dst, err = unpackBits(dst, u.packed, want)
	default:
		dst, err = u.inflate(dst, want)
	}
	if err != nil {
		return nil, err
	}
	if len(dst) < want {
		return nil, fmt.Errorf("expected %d bytes of pixels, found %d: the file is damaged", want, len(dst))
	}
	return dst[:want], nil
}

func (u *unpacker) inflate(dst []byte, want int) (_ []byte, err error) {
	if u.zlib == nil {
		u.zlib, err = zlib.NewReader(bytes.NewReader(u.packed))
	} else {
		err = u.zlib.(zlib.Resetter).Reset(bytes.NewReader(u.packed), nil)
	}
	if err != nil {
		return nil, fmt.Errorf("deflate: %w", err)
	}
	for len(dst) < want {
		dst = grow(dst, want)
		n, err := u.zlib.Read(dst[len(dst):min(cap(dst), want)])
		dst = dst[:len(dst)+n]
		if err == io.EOF {
			return dst, nil
		}
		if err != nil {
			return nil, fmt.Errorf("deflate: %w", err)
		}
	}
	// The checksum is looked at only when the end is read.
	if _, err := u.zlib.Read(make([]byte, 1)); errors.Is(err, zlib.ErrChecksum) {
		return nil, fmt.Errorf("deflate: %w", err)
	}
	return dst, nil
}

// grow makes room behind b where there is none, without going far beyond want.
func grow(b []byte, want int) []byte {
	if len(b) < cap(b) {
		return b
	}
	return append(make([]byte, 0, min(want, max(64<<10, 2*len(b)))), b...)
}

// unpackBits undoes PackBits, TIFF 6.0 section 9.
func unpackBits(dst, src []byte, want int) ([]byte, error) {
	for len(src) > 0 && len(dst) < want {
		n := int(int8(src[0]))
		src = src[1:]
		switch {
		case n >= 0:
			if n+1 > len(src) {
				return nil, fmt.Errorf("PackBits: the data end within a run: the file is truncated")
			}
			dst = append(dst, src[:n+1]...)
			src = src[n+1:]
		case n > -128:
			if len(src) == 0 {
				return nil, fmt.Errorf("PackBits: the data end within a run: the file is truncated")
			}
			for range 1 - n {
				dst = append(dst, src[0])
			}
			src = src[1:]
		}
	}
	return dst, nil
}
