package scenarios

import (
	"context"
	"net"
	"testing"
)

// mortal is an observer of a server that has ended, or not.
type mortal struct{ ended bool }

// Count implements Observer.
func (mortal) Count(string) (int64, error) { return 0, nil }

// Ended implements Mortal.
func (m mortal) Ended() (bool, error) { return m.ended, nil }

// TestServerEnded: a connection that cannot be made because the server has ended is no failure of the story; of a server that lives it is.
func TestServerEnded(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	for _, ended := range []bool{true, false} {
		_, err := story(t, context.Background(), "def main():\n    connect()\n", Options{Target: addr, Observer: mortal{ended}})
		if (err == nil) != ended {
			t.Errorf("the server has ended: %v, and the story: %v", ended, err)
		}
	}
}
