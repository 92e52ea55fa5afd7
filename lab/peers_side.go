package lab

import (
	"io"
	"net/netip"
	"os"
	"os/signal"
	"syscall"
	"time"

	"evviz/probe/look"
	"evviz/show"
	"evviz/trace"
)

// finder is the process that looks who has the other ends of the server's connections. It tells each once.
type finder struct {
	port  uint16
	ring  *trace.Ring
	names uint32                    // ids given so far
	ids   map[string]uint32         // of programs
	known map[netip.AddrPort]uint32 // inodes by address: ends that need no more looking
	tries map[look.End]int          // ends whose process was not found
}

const (
	findEvery = 50 * time.Millisecond
	findShare = 50      // a look that took so long is followed by a pause of so many times that: it takes a fiftieth of a core at most
	findTries = 5       // looks for the process of one end
	findKept  = 1 << 16 // ends in memory, at most
)

// RunPeers is the hidden command that the lab starts when a program connects that is none of its clients: it looks for the processes until the
// parent has gone.
func RunPeers(port uint16) error {
	events := os.NewFile(3, "events")
	if _, err := events.Stat(); err != nil || port == 0 {
		return &StartedByHand{"peers", "the lab", "connect to the lab's server, with nc or curl, and see who is named"}
	}
	signal.Ignore(syscall.SIGINT, syscall.SIGTSTP)
	f := &finder{port: port, ring: trace.NewRing(1, 1<<14), ids: map[string]uint32{}, known: map[netip.AddrPort]uint32{}, tries: map[look.End]int{}}
	merge := trace.NewMerge(trace.Info{}, f.ring)
	written := pour(merge, events, nil, nil)
	gone := make(chan struct{})
	show.Go(func() {
		io.Copy(io.Discard, os.Stdin)
		close(gone)
	})
	for begin := time.Now(); f.look(); begin = time.Now() {
		pause := max(findEvery, findShare*time.Since(begin))
		select {
		case <-gone:
			f.ring.Close()
			<-written
			return nil
		case <-time.After(pause):
		}
	}
	f.ring.Close()
	<-written
	return nil
}

// look looks once; false: this machine does not say, and will not.
func (f *finder) look() bool {
	parent := os.Getppid()
	asked := map[look.End]bool{}
	found, err := look.ClientsOf(f.port, func(e look.End) bool {
		if f.known[e.Address] == e.Inode || f.tries[e] >= findTries {
			return true
		}
		asked[e] = true
		return false
	})
	if err != nil {
		return false
	}
	if len(f.known) >= findKept || len(f.tries) >= findKept {
		clear(f.known)
		clear(f.tries)
	}
	now := f.ring.Now()
	for e := range asked {
		owner, ok := found[e]
		if !ok {
			f.tries[e]++
			continue
		}
		delete(f.tries, e)
		f.known[e.Address] = e.Inode
		if owner.PID == parent || owner.Parent == parent { // the lab itself, and what it has started
			continue
		}
		address := f.name(e.Address.String(), now)
		program := f.ids[owner.Name]
		if program == 0 {
			program = f.name(owner.Name, now)
			f.ids[owner.Name] = program
		}
		x := f.ring.Next(trace.Peer, now)
		x.Inst, x.A, x.Aux = address, int64(owner.PID), program
	}
	f.ring.Publish(now)
	return true
}

func (f *finder) name(s string, now int64) uint32 {
	f.names++
	f.ring.Name(f.names, s, now)
	return f.names
}
