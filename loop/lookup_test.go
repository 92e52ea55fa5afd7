package loop

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"evviz/internal/testkit"
	"evviz/trace"
)

var resolves = []string{"pool", "blocking", "evented"}

// TestLookup: every way to look up finds the same, in every mode, and keeps it when told to.
func TestLookup(t *testing.T) {
	for _, how := range resolves {
		t.Run(how, func(t *testing.T) {
			inServeModes(t, ServeCommands, func(t *testing.T, x *lab) {
				x.set("resolve", how, "resolve-delay", "1ms")
				k := x.chat()
				k.say("lookup 7.lab\nlookup nowhere.example\nlookup SELF.lab.\nping\nlookup 10.0.0.1\nlookup 7.lab\n")
				k.hear("7.lab 127.0.0.7")
				k.hear(`error: look up "nowhere.example": no such name`)
				k.hear("self.lab 127.0.0.1")
				k.hear("pong")
				k.hear("10.0.0.1 10.0.0.1")
				k.hear("7.lab 127.0.0.7 (cached)")
				x.set("resolve-cache", "false")
				k.say("lookup 7.lab\nlookup " + strings.Repeat("x", 300) + "\n")
				k.hear("7.lab 127.0.0.7")
				k.hear(fmt.Sprintf("error: look up %q: it is not a name", strings.Repeat("x", 80)))
				var asked int64
				x.l.Do("ask", func(l *Loop) { asked = l.names.server.asked.Load() })
				check(t, "queries", int(asked), 4)
				evs := x.stop()
				stuck, tasks, datagrams := 0, 0, 0
				for i := range evs {
					switch e := &evs[i]; {
					case e.Kind == trace.Read && e.Phase.Base() == trace.PhaseEnter:
						stuck++
					case e.Kind == trace.Task && e.Phase.Base() == trace.PhaseExit:
						tasks++
					case e.Kind == trace.Open && e.Aux&0xff == trace.TypeDatagram:
						datagrams++
					}
				}
				switch how {
				case "pool":
					check(t, "tasks of workers", tasks, 4)
					check(t, "sockets of the loop", datagrams, 0)
				case "blocking":
					if check(t, "sockets", datagrams, 4); stuck < 4 {
						t.Errorf("stuck in %d reads, want 4 at least", stuck)
					}
				case "evented":
					check(t, "sockets", datagrams, 1)
					check(t, "reads that may block", stuck, 0)
				}
			})
		})
	}
}

// TestLookupMany: look-ups of many connections, the mechanism changed while they are under way.
func TestLookupMany(t *testing.T) {
	for _, how := range resolves[1:] {
		t.Run(how, func(t *testing.T) {
			x := startLab(t, func(b *Behaviour) { b.Serve, b.ResolveDelay = ServeCommands, 20*time.Millisecond })
			x.floods = true
			x.set("resolve", how, "interval", "2ms")
			var ks []*chat
			for i := range 20 {
				k := x.chat()
				k.say(fmt.Sprintf("lookup %d.lab\n", i+1))
				ks = append(ks, k)
			}
			for _, d := range []uint32{trace.DriverPoll, trace.DriverSleepPoll, trace.DriverEpoll} {
				if err := x.l.Switch(d, trace.TriggerLevel); err != nil {
					t.Fatal(err)
				}
			}
			for i, k := range ks {
				k.hear(fmt.Sprintf("%d.lab 127.0.0.%d", i+1, i+1))
			}
		})
	}
}

// TestLookupStuckStops: while the loop's thread blocks in a look-up it serves nobody, but the end gets through.
func TestLookupStuckStops(t *testing.T) {
	testkit.Long(t, "a lookup that is waited for")
	for _, how := range resolves {
		for _, m := range serveModes[:4] {
			t.Run(how+" "+m.name, func(t *testing.T) {
				x := startLab(t, func(b *Behaviour) {
					m.set(b)
					b.Serve, b.ResolveDelay = ServeCommands, time.Minute
				})
				x.floods = true
				x.set("resolve", how)
				k := x.chat()
				k.say("lookup 1.lab\n")
				x.until("the look-up", func(evs []trace.Event) bool {
					for i := range evs {
						e := &evs[i]
						if e.Phase.Base() == trace.PhaseEnter && (how == "blocking" && e.Kind == trace.Read || how == "pool" && e.Kind == trace.Task) ||
							how == "evented" && e.Kind == trace.Open && e.Aux&0xff == trace.TypeDatagram {
							return true
						}
					}
					return false
				})
				begin := time.Now()
				evs := x.stop()
				if d := time.Since(begin); d > lookupTimeout/2 {
					t.Errorf("the end took %v", d)
				}
				if how != "blocking" {
					return
				}
				interrupted := false
				for i := range evs {
					e := &evs[i]
					interrupted = interrupted || e.Kind == trace.Read && e.Phase.Base() == trace.PhaseExit && e.Errno == uint16(unix.EINTR)
				}
				if !interrupted {
					t.Error("the blocked read was not ended by a signal")
				}
			})
		}
	}
}

func TestLabAddr(t *testing.T) {
	for name, want := range map[string]string{"self.lab": "127.0.0.1", "9.LAB.": "127.0.0.9"} {
		if got, ok := labAddr(name); !ok || got.String() != want {
			t.Errorf("%s: %v", name, got)
		}
	}
	for _, name := range []string{"a.lab", "255.lab", "0.lab", "x.y.lab", "-.lab"} {
		a, ok := labAddr(name)
		b, _ := labAddr(strings.ToUpper(name))
		if !ok || !a.IsLoopback() || a != b || a == (netip.AddrFrom4([4]byte{127, 255, 255, 255})) {
			t.Errorf("%s: %v, %v", name, a, b)
		}
	}
	for _, name := range []string{"lab", ".lab", "example.org", "a.lab.org", ""} {
		if a, ok := labAddr(name); ok {
			t.Errorf("%q: %v", name, a)
		}
	}
}
