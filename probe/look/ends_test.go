package look

import (
	"net"
	"net/netip"
	"os"
	"testing"
)

// TestClientsOf: the client's end of a loopback connection is this process's; what is known, or is no client's end, is not looked for.
func TestClientsOf(t *testing.T) {
	for _, address := range []string{"127.0.0.1:0", "[::1]:0"} {
		lis, err := net.Listen("tcp", address)
		if err != nil {
			t.Logf("SKIPPED, not tested: %s: %v", address, err)
			continue
		}
		defer lis.Close()
		server := lis.Addr().(*net.TCPAddr).AddrPort()
		c, err := net.Dial("tcp", lis.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		none := func(End) bool { return false }
		found, err := ClientsOf(server.Port(), none)
		if err != nil {
			t.Fatal(err)
		}
		want := c.LocalAddr().(*net.TCPAddr).AddrPort()
		if len(found) != 1 {
			t.Fatalf("%s: found %v", address, found)
		}
		for end, owner := range found {
			name, err := os.ReadFile("/proc/self/comm")
			if end.Address != netip.AddrPortFrom(want.Addr().Unmap(), want.Port()) || owner.PID != os.Getpid() || owner.Parent != os.Getppid() || err != nil || owner.Name+"\n" != string(name) {
				t.Errorf("%s: %v is of %+v, want %v of this process, %q", address, end, owner, want, name)
			}
			if again, err := ClientsOf(server.Port(), func(e End) bool { return e == end }); err != nil || len(again) != 0 {
				t.Errorf("%s: found what is known: %v, %v", address, again, err)
			}
		}
		c.Close()
		if found, err := ClientsOf(server.Port(), none); err != nil || len(found) != 0 {
			t.Errorf("%s: found %v after the close (%v)", address, found, err)
		}
	}
}
