package record

import (
	"encoding/binary"
	mathbits "math/bits"
)

// Numbers in a trace file are prefix varints: the number of trailing zero bits of the first byte says how many bytes
// follow, so that a reader knows the length from one byte and needs no loop and no branch per byte. A value below 2^7
// takes 1 byte, below 2^14 2, ... below 2^56 8, anything else 9 (a zero byte and eight more). Little-endian.

// maxVarint is the longest prefix varint, in bytes. A reader keeps that much room after its last column.
const maxVarint = 9

// appendVarint writes v.
func appendVarint(b []byte, v uint64) []byte {
	n := (mathbits.Len64(v|1) + 6) / 7
	if n > 8 {
		b = append(b, 0)
		return binary.LittleEndian.AppendUint64(b, v)
	}
	// Eight bytes are written and the superfluous ones given back: cheaper than a loop.
	return binary.LittleEndian.AppendUint64(b, v<<n|1<<(n-1))[:len(b)+n]
}

// varint reads the number at the start of b, which must hold at least maxVarint bytes (padding included), and returns
// its length.
func varint(b []byte) (v uint64, n int) {
	x := binary.LittleEndian.Uint64(b)
	n = mathbits.TrailingZeros8(uint8(x)) + 1
	if n == maxVarint {
		return binary.LittleEndian.Uint64(b[1:]), n
	}
	s := uint(64 - 8*n)
	return x << (s & 63) >> ((s + uint(n)) & 63), n
}

// zigzag folds a signed number so that small ones of either sign are short.
func zigzag(v int64) uint64   { return uint64(v)<<1 ^ uint64(v>>63) }
func unzigzag(v uint64) int64 { return int64(v>>1) ^ -int64(v&1) }

// scanner reads a small, trusted-by-checksum structure (headers, tables, summaries) without ever running over its end.
type scanner struct {
	b   []byte
	p   int
	bad bool
}

func (s *scanner) varint() uint64 {
	rest := s.b[s.p:]
	if len(rest) == 0 {
		s.bad = true
		return 0
	}
	var pad [maxVarint]byte
	if len(rest) < maxVarint {
		copy(pad[:], rest)
		v, n := varint(pad[:])
		if n > len(rest) {
			s.bad = true
			return 0
		}
		s.p += n
		return v
	}
	v, n := varint(rest)
	s.p += n
	return v
}

func (s *scanner) signed() int64 { return unzigzag(s.varint()) }

// bytes takes n bytes; the result aliases the input.
func (s *scanner) bytes(n uint64) []byte {
	if s.bad || n > uint64(len(s.b)-s.p) {
		s.bad = true
		return nil
	}
	r := s.b[s.p : s.p+int(n)]
	s.p += int(n)
	return r
}

func (s *scanner) string() string { return string(s.bytes(s.varint())) }

func appendString(b []byte, s string) []byte {
	b = appendVarint(b, uint64(len(s)))
	return append(b, s...)
}
