package timeline

import (
	"strings"
	"testing"

	"evviz/trace"
)

// TestNameBytes: long strings, however many, do not fill the memory, whether each has an id of its own or takes an old one's.
func TestNameBytes(t *testing.T) {
	const length = 4000
	for name, ids := range map[string]uint32{"ids of their own": 1 << 20, "few ids": 100} {
		t.Run(name, func(t *testing.T) {
			tl := New(Options{})
			text := strings.Repeat("x", length-4)
			for i := range uint32(5 * maxNameBytes / 4 / length) {
				s := string([]byte{byte(i), byte(i >> 8), byte(i >> 16), 'x'}) + text
				trace.NamePieces(i%ids+1, s, func(e trace.Event) {
					e.Stream = 1
					tl.Add([]trace.Event{e})
				})
			}
			total, known := 0, 0
			for _, e := range tl.names.log {
				total += len(e.text)
			}
			tl.names.parts.Each(func(_, _ uint32, s string) { known += len(s) })
			if total == 0 || total > maxNameBytes+2*length {
				t.Errorf("%d bytes of strings are kept, want no more than about %d", total, maxNameBytes)
			}
			if known > maxNameBytes {
				t.Errorf("%d bytes of strings are kept to put pieces together", known)
			}
		})
	}
}
