package world

import (
	"fmt"
	"slices"
	"strings"

	"evviz/trace"
)

// Dump is everything that a world knows, in words, one thing a line: what must be the same whether a reader has come here from the
// beginning or has begun with a restatement, and whoever folds. It is for tests, and for whoever looks for a fault. Files are numbered
// in the order in which numbers lead to them.
func (w *World) Dump() string {
	var b strings.Builder
	ids := map[*File]int{}
	file := func(f *File) string {
		if _, ok := ids[f]; !ok {
			ids[f] = len(ids) + 1
		}
		return fmt.Sprintf("#%d", ids[f])
	}
	w.ordered(func(th *Thread) {
		if th.known && !th.ended && th.TID != 0 {
			fmt.Fprintf(&b, "thread %d: %d/%d %q role %d table %d\n", th.Stream, th.PID, th.TID, th.Name.Text, th.role(), th.Table.ID)
		}
	})
	w.Tables(func(tb *Table) {
		tb.Each(func(n *Number) {
			if n.File != nil {
				file(n.File)
			}
		})
	})
	w.Tables(func(tb *Table) {
		var regs []string
		tb.Each(func(n *Number) {
			f := n.File
			if f == nil {
				return
			}
			fmt.Fprintf(&b, "table %d: fd %d gen %d %s %s peer %q local %q cloexec %v flags %#x\n", tb.ID, n.FD, n.Gen, file(f), trace.TypeNames.Word(f.Type),
				f.Peer.Text, f.Local.Text, n.Cloexec, f.Flags)
			if f.Instance != nil {
				f.Instance.Each(func(r *Registration) {
					if !r.Known && r.hasData { // an inference of whoever asked what an event was about
						return
					}
					regs = append(regs, fmt.Sprintf("  %s watches %s as fd %d: %#x data %#x known %v stale %v", file(f), file(r.File), r.FD, r.Mask, r.Data, r.Known, r.Stale))
				})
			}
		})
		slices.Sort(regs)
		for _, r := range slices.Compact(regs) {
			fmt.Fprintln(&b, r)
		}
	})
	for _, id := range sortedKeys(w.sets, func(a, b uint32) int { return int(a) - int(b) }) {
		w.sets[id].Each(func(r *Registration) {
			fmt.Fprintf(&b, "set %#x: fd %d %s %#x known %v\n", id, r.FD, file(r.File), r.Mask, r.Known)
		})
	}
	return b.String()
}
