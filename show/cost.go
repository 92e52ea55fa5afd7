package show

import (
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Cost says what evviz itself takes of the processors, without the loop that it shows: what the whole process has used
// less what the loops' threads have, over the last seconds. For a replay there is no loop in this process to take off.
type Cost struct {
	loops func() (used int64, known bool) // ns of processor time of the shown loops in this process

	mu    sync.Mutex
	at    time.Time
	used  int64
	cores float64
	known bool
}

// costEvery is over how long it measures.
const costEvery = time.Second

// Read is the share of a core over the last interval; it is not known during the first one.
func (m *Cost) Read() (cores float64, known bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	if !m.at.IsZero() && now.Sub(m.at) < costEvery {
		return m.cores, m.known
	}
	var u unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &u) != nil {
		return 0, false
	}
	used := u.Utime.Nano() + u.Stime.Nano()
	if m.loops != nil {
		l, ok := m.loops()
		if !ok {
			m.known = false
			return 0, false
		}
		used -= l
	}
	if !m.at.IsZero() {
		m.cores, m.known = max(float64(used-m.used)/float64(now.Sub(m.at)), 0), true
	}
	m.at, m.used = now, used
	return m.cores, m.known
}
