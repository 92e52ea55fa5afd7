package timeline

// Listens is a listener that a thread waits for: its share of the connections is compared with that of others which wait for the same.
type Listens struct {
	Lane      int64 // the listener
	Instance  int64 // lane of the instance by which it waits; 0 it passes the listener to poll or select
	Exclusive bool  // with EPOLLEXCLUSIVE
}

// maxListens is how many listeners of an instance are remembered.
const maxListens = 64

const bitExclusive = 1 << 28

// listens notes that an instance watches a listener, as soon as it is known to be one. It is remembered when the registration ends: a server
// that is stopped takes out everything.
func (r *reg) listens() {
	w := &r.inst.watch
	if r.listed || r.lane.pub.Kind != KindListener || len(w.listens) >= maxListens {
		return
	}
	r.listed = true
	w.listens = append(w.listens, r)
}

// listens are the listeners that a thread waits for.
func (s *stream) listens() (out []Listens) {
	for _, in := range s.watch.waits {
		for _, r := range in.watch.listens {
			x := Listens{Lane: r.lane.pub.ID, Exclusive: r.Mask&bitExclusive != 0}
			if in.lane != nil && !in.set() {
				x.Instance = in.lane.pub.ID
			}
			out = append(out, x)
		}
	}
	return out
}
