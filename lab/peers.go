package lab

import (
	"net/netip"
	"os"
	"time"

	"evviz/probe/look"
	"evviz/show"
	"evviz/trace"
)

// peers finds out who connects: the processes at the other ends of the server's connections, but for the lab's own clients, which say who they
// are. It looks when something was accepted, and takes at most a fiftieth of a core for it.
type peers struct {
	s    *Session
	ring *trace.Ring
	stop chan struct{}
	over chan struct{}

	names uint32                    // ids given so far
	ids   map[string]uint32         // of programs
	known map[netip.AddrPort]uint32 // inodes by address, of those that need no more looking
}

const (
	peersEvery = 50 * time.Millisecond
	peersShare = 50      // a look that took so long is followed by a pause of so many times that
	peersTries = 3       // looks without a new accept, for a connection whose process had not been found
	peersKept  = 1 << 16 // addresses in memory, at most
)

// startPeers begins to look, where the server's address is a TCP port.
func (s *Session) startPeers() {
	at, err := netip.ParseAddrPort(s.loop.Addr())
	if err != nil {
		return
	}
	p := &peers{s: s, ring: s.rings.ring(), stop: make(chan struct{}), over: make(chan struct{}), ids: map[string]uint32{}, known: map[netip.AddrPort]uint32{}}
	s.peers = p
	show.Go(func() {
		defer close(p.over)
		defer p.ring.Close()
		p.watch(at.Port())
	})
}

// end stops the looking; nil did nothing.
func (p *peers) end() {
	if p != nil {
		close(p.stop)
		<-p.over
	}
}

func (p *peers) watch(port uint16) {
	tick := time.NewTicker(peersEvery)
	defer tick.Stop()
	var seen int64
	var rest time.Time
	tries := 0
	for {
		select {
		case <-p.stop:
			return
		case now := <-tick.C:
			n := p.s.loop.Stats().Accepted.Load()
			if n != seen {
				tries = peersTries
			}
			if tries == 0 || now.Before(rest) {
				continue
			}
			seen = n
			tries--
			begin := time.Now()
			if !p.look(port) {
				return
			}
			end := time.Now()
			rest = end.Add(peersShare * end.Sub(begin))
		}
	}
}

// look looks once; false: this machine does not answer, and will not.
func (p *peers) look(port uint16) bool {
	found, err := look.ClientsOf(port, func(e look.End) bool { return p.known[e.Address] == e.Inode })
	if err != nil {
		return false
	}
	if len(found) == 0 {
		return true
	}
	self := os.Getpid()
	now := p.ring.Now()
	for end, owner := range found {
		if len(p.known) >= peersKept {
			clear(p.known)
		}
		p.known[end.Address] = end.Inode
		if owner.PID == self || owner.Parent == self {
			continue
		}
		address := p.name(end.Address.String(), now)
		program := p.ids[owner.Name]
		if program == 0 {
			program = p.name(owner.Name, now)
			p.ids[owner.Name] = program
		}
		e := p.ring.Next(trace.Peer, now)
		e.Inst, e.A, e.Aux = address, int64(owner.PID), program
	}
	p.ring.Publish(now)
	return true
}

func (p *peers) name(s string, now int64) uint32 {
	p.names++
	p.ring.Name(p.names, s, now)
	return p.names
}
