//go:build !(s390x || ppc64 || mips || mips64)

package sys

// pollBits is the poll mask in the order that the entry holds it.
func pollBits(events uint32) uint32 { return events }
