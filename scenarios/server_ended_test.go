package scenarios

import (
	"context"
	"net"
	"testing"
)

// mortal is an observer of a server that has ended, or not; whoever is asked that ends the run.
type mortal struct {
	ended bool
	end   context.CancelFunc
}

// Count implements Observer.
func (m *mortal) Count(string) (int64, error) { return 0, nil }

// Ended implements Mortal.
func (m *mortal) Ended() (bool, error) {
	if m.ended {
		m.end()
	}
	return m.ended, nil
}

// TestServerEnded: a connection that cannot be made because the server has ended is no failure of the story; of a server that lives it is.
func TestServerEnded(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	for _, ended := range []bool{true, false} {
		ctx, cancel := context.WithCancel(context.Background())
		m := &mortal{ended, cancel}
		_, err := story(t, ctx, "def main():\n    connect()\n", Options{Target: addr, Observer: m})
		if (err == nil) != ended {
			t.Errorf("the server has ended: %v, and the story: %v", ended, err)
		}
		cancel()
	}
}
