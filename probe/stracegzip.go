package probe

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"io"
)

// Unzip gives what r holds, decompressed where it is what gzip made. Nothing is read before the first Read.
func Unzip(r io.Reader) io.Reader { return &unzipped{from: r} }

type unzipped struct {
	from io.Reader
	in   io.Reader
}

func (u *unzipped) Read(p []byte) (int, error) {
	if u.in == nil {
		first := make([]byte, 2)
		n, err := io.ReadFull(u.from, first)
		if err != nil {
			if n == 0 {
				return 0, err // nothing was there
			}
			u.in = io.MultiReader(bytes.NewReader(first[:n]), u.from)
		} else {
			u.in = io.MultiReader(bytes.NewReader(first), u.from)
		}
		if n == 2 && first[0] == 0x1f && first[1] == 0x8b {
			z, err := gzip.NewReader(bufio.NewReader(u.in))
			if err != nil {
				return 0, err
			}
			u.in = z
		}
	}
	return u.in.Read(p)
}
