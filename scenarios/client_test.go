package scenarios

import (
	"context"
	"net"
	"strings"
	"testing"
)

// TestReceiveUntil: text comes in pieces, and what lies behind the end stays for the next receive.
func TestReceiveUntil(t *testing.T) {
	s := listen(t, func(c net.Conn) {
		for _, piece := range []string{"HT", "TP\r", "\n", "body\r\n\r\nrest"} {
			c.Write([]byte(piece))
		}
	})
	got := notes(one(t, `
def main():
    c = connect()
    note(repr(c.receive_until("\r\n")))
    note(repr(c.receive_until("\r\n\r\n")))
    note(str(c.receive(2)))
    note(repr(c.receive_until("never")))
    d = connect(c.remote)
    note(str(d.local_port != c.local_port and d.local.endswith(str(d.local_port))))
`, Options{Target: s.addr}))
	if strings.Join(got, " ") != `"HTTP\r\n" "body\r\n\r\n" 2 "st" True` {
		t.Errorf("%q", got)
	}
}

// TestBounds: a client that computes without end, one that opens without end, and one that would leave the machine are ended
// with a place and a reason; a client that goes on for ever and waits now and then is not.
func TestBounds(t *testing.T) {
	s := listen(t, nil)
	for _, c := range []struct{ text, says string }{
		{"def main():\n    while True:\n        pass\n", "too many steps"},
		{"def main():\n    all = []\n    for i in range(9):\n        all.append(connect())\n", "t.star:4:27: connect: 5 connections are open"},
		{"def main():\n    connect(\"192.0.2.1:9\")\n", "--allow-remote"},
		{"def main():\n    connect(\"nowhere\")\n", "HOST:PORT"},
	} {
		_, err := story(t, context.Background(), c.text, Options{Target: s.addr, MaxConns: 5})
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%q ended with %v, want it to say %q", c.text, err, c.says)
		}
	}
	one(t, "def main():\n    for i in range(40):\n        for k in range(500000):\n            pass\n        sleep(0)\n", Options{Target: s.addr})
	one(t, "def main():\n    for i in range(20):\n        c = connect()\n        c.close()\n", Options{Target: s.addr, MaxConns: 1})
}
