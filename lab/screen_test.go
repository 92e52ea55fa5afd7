package lab

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/gdamore/tcell/v2"
	"golang.org/x/sys/unix"

	"evviz/loop"
	"evviz/show"
	"evviz/trace"
)

// epolls are the numbers of this process's epoll instances.
func epolls(t *testing.T) map[int]bool {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	out := map[int]bool{}
	for _, e := range list {
		var fd int
		if to, _ := os.Readlink("/proc/self/fd/" + e.Name()); to == "anon_inode:[eventpoll]" {
			fmt.Sscan(e.Name(), &fd)
			out[fd] = true
		}
	}
	return out
}

// opened is a simulated screen that is initialised already: a second time would forget the keys that were pressed.
type opened struct{ tcell.SimulationScreen }

func (opened) Init() error { return nil }

// TestQuitWhileTheServerFails: a person leaves the screen before the server fails, after that, and at the same moment; the moments are fixed
// by channels. The screen ends, the clients with it, and that the server failed is said in any case but the first, in which it was told to end.
func TestQuitWhileTheServerFails(t *testing.T) {
	t.Setenv("EVVIZ_TEST_MAIN", "1")
	script, err := LoadStory("trickle")
	if err != nil {
		t.Fatal(err)
	}
	r, w, err := os.Pipe() // the Go runtime's own instance is there from now on
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	for _, order := range []string{"it fails, then q", "q and it fails", "q and it fails", "q and it fails", "q and it fails", "q"} {
		t.Run(order, func(t *testing.T) {
			sim := tcell.NewSimulationScreen("UTF-8")
			if err := sim.Init(); err != nil {
				t.Fatal(err)
			}
			sim.SetSize(100, 30)
			before := epolls(t)
			b := loop.Default()
			b.Driver, b.Trigger = trace.DriverEpoll, trace.TriggerLevel
			o := &Screen{Lab: &Options{Listen: "127.0.0.1:0", Behaviour: b, Script: script, Seed: 1, Ring: 1 << 14}}
			var s *Session
			fail := func() { // on the server's own thread, while its instance is open: that is one no more, and the next wait for it is an error
				s.loop.Post("fail", func(*loop.Loop) { // which may have ended
					for fd := range epolls(t) {
						if !before[fd] {
							if err := unix.Dup3(int(null.Fd()), fd, unix.O_CLOEXEC); err != nil {
								t.Error(err)
							}
						}
					}
				})
			}
			q := func() { sim.InjectKey(tcell.KeyRune, 'q', tcell.ModNone) }
			barrier := make(chan struct{})
			var both sync.WaitGroup
			defer both.Wait()
			code, err := show.RunOn(func() (tcell.Screen, func(), error) { return opened{sim}, func() {}, nil }, 0, func() (show.Shown, error) {
				v, err := o.start()
				if err != nil {
					return v, err
				}
				s = v.(*shownLab).first
				switch order {
				case "it fails, then q":
					fail()
					<-s.loop.Done()
					q()
				case "q":
					q()
				default:
					for _, f := range []func(){fail, q} {
						both.Go(func() {
							<-barrier
							f()
						})
					}
					close(barrier)
				}
				return v, nil
			})
			if order == "q" && err != nil || order == "it fails, then q" && (err == nil || !strings.Contains(err.Error(), "epoll_wait")) || code != 0 {
				t.Errorf("code %d, %v", code, err)
			}
			select {
			case <-s.loop.Done():
			default:
				t.Error("the server runs")
			}
			if _, c := s.Traffic(); c == nil {
				t.Error("there were no clients")
			} else {
				select {
				case <-c.Done():
				default:
					t.Error("the clients run")
				}
			}
		})
	}
}
