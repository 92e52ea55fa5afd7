package timeline

// Limits are the thresholds that the fold has to know, because it decides by them what it counts. A rule has thresholds of its own
// beside them (diagnostics.Settings, which makes these from them); the rows, the burst and the time of a row of reads are nowhere
// else. The rest says from where on a duration is noted at all: noise is left out, and what a rule asks for lies above it.
type Limits struct {
	SpinRow   int   // events in a row that Incident.Tight is the time of
	WaitRow   int   // the same for waits with timeout 0
	HogReads  int   // reads of one descriptor in a row, more than these are a long row
	HogTime   int64 // ... as is a row of a few that lasts longer, ns
	ZeroBurst int   // waits with timeout 0 between a wait's timeout and its timer

	Away        int64 // between two waits, ns
	Behind      int64 // an event behind others of its batch, ns
	BlockedCall int64 // a call on a registered descriptor, ns
	Connect     int64 // a client's connect, ns
	Stall       int64 // data with no further notification, that a read gets all the same, ns
	Late        int64 // a wait beyond its timeout and the timer's slack, ns
}

// DefaultLimits are those of a timeline that was told none.
func DefaultLimits() Limits {
	return Limits{SpinRow: 8, WaitRow: 16, HogReads: 64, HogTime: 1_000_000, ZeroBurst: 3,
		Away: gapFloor, Behind: 10_000_000, BlockedCall: gapFloor, Connect: 500_000_000, Stall: 200_000_000, Late: 1_000_000}
}

// MaxRow is the longest row that Limits may ask for: the moments of each are kept.
const MaxRow = 1024

// bounded are limits that can be worked with: no row is shorter than one.
func (l Limits) bounded() Limits {
	if l == (Limits{}) {
		return DefaultLimits()
	}
	l.SpinRow, l.WaitRow = min(max(l.SpinRow, 1), MaxRow), min(max(l.WaitRow, 1), MaxRow)
	l.ZeroBurst = max(l.ZeroBurst, 1)
	return l
}
