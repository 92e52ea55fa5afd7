package scenarios

import (
	"context"
	"testing"

	"evviz/trace"
)

// TestSharedConnection: a connection that one client has made and another uses. The steps are of the client that makes them, and neither
// touches what belongs to the other's thread (the race detector sees that).
func TestSharedConnection(t *testing.T) {
	srv := listen(t, nil)
	s, err := parse(Position{}, testFigures{}, "t", "t.star", []byte(`
def other(c):
    for i in range(200):
        c.send(1)
        c.receive(1)
    c.close()

def main():
    c = connect()
    spawn(other, c)
    x = 0
    for i in range(200000):
        x += i
`))
	if err != nil {
		t.Fatal(err)
	}
	ring := trace.NewRing(1, 1<<12)
	if err := s.Run(context.Background(), Options{Target: srv.addr, Ring: ring}); err != nil {
		t.Fatal(err)
	}
	ring.Close()
	m := trace.NewMerge(trace.Info{}, ring)
	users := map[uint32]int{}
	buf := make([]trace.Event, 1<<10)
	for {
		n, err := m.Read(context.Background(), buf)
		for _, e := range buf[:n] {
			if e.Kind == trace.Step && e.Aux&0xff == trace.StepSend {
				users[e.Aux>>8]++
			}
		}
		if err != nil {
			break
		}
	}
	if len(users) != 1 || users[2] != 200 {
		t.Errorf("sends by client: %v, want 200 by the second", users)
	}
}
