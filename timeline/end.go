package timeline

// end is called when a source that does not tell repeats itself has come to its end: a report that is the last thing seen of its thread was
// not acted on as far as it goes, and counts as the ones before it.
func (t *Timeline) end() {
	if t.exact {
		return
	}
	for _, s := range t.streams {
		if s == nil {
			continue
		}
		for _, r := range s.batch {
			if r.rep.open && r.rep.s == s && r.rep.wakeNo == s.wakeNo && !r.Dead && r.rep.at >= s.last {
				t.ledger.settle(r, outNone, t.last)
			}
		}
	}
}
