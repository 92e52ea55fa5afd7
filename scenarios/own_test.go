package scenarios

import (
	"context"
	"net"
	"strings"
	"testing"
)

// TestOwnOnly: what is dialled is what is checked. A name that stands for this machine is reached, an address that does not is refused
// before connect(2).
func TestOwnOnly(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	for _, c := range []struct {
		target, address, says string
	}{
		{"localhost:" + port, "", ""}, {"127.0.0.1:" + port, "localhost:" + port, ""}, {"0.0.0.0:" + port, "", ""},
		{"192.0.2.1:9", "", "is not an address of this machine's loopback"},
		{"127.0.0.1:" + port, "192.0.2.1:9", "is not an address of this machine's loopback"},
		{"127.0.0.1:" + port, "nonsense", "is not HOST:PORT"},
	} {
		call := "connect()"
		if c.address != "" {
			call = `connect("` + c.address + `")`
		}
		s, err := parse(Position{}, testFigures{}, "t", "t.star", []byte("def main():\n    "+call+"\n"))
		if err != nil {
			t.Fatal(err)
		}
		err = s.Run(context.Background(), Options{Target: c.target})
		if c.says == "" && err != nil || c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)) {
			t.Errorf("%s, %s: %v", c.target, call, err)
		}
	}
	for addr, fine := range map[string]bool{"127.0.0.1:1": true, "[::1]:1": true, "example.invalid:1": true, "192.0.2.1:1": false, "x": false} {
		if err := Allowed(addr, false); (err == nil) != fine {
			t.Errorf("%s: %v", addr, err)
		}
	}
}
