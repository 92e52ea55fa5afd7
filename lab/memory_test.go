package lab

import "testing"

// TestMemoryShares: whatever a session may take, what is kept of it stays within that, and is enough for a picture.
func TestMemoryShares(t *testing.T) {
	for m := LeastMemory; m <= 4<<30; m *= 2 {
		p := m.picture()
		if sum := int64(p.MaxEvents)*eventBytes + int64(p.MaxMarks)*markBytes + m.flight(); p.MaxEvents < 10_000 || p.MaxMarks < 100_000 || sum > m.kept() {
			t.Errorf("%d MiB: %d events, %d marks, flight %d: %d of %d", m>>20, p.MaxEvents, p.MaxMarks, m.flight(), sum, m.kept())
		}
	}
}
