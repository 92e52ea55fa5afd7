//go:build s390x || ppc64 || mips || mips64

package sys

// pollBits is the poll mask in the order that the entry holds it: on big-endian machines its half-words change places.
func pollBits(events uint32) uint32 { return events<<16 | events>>16 }
