package look

import (
	"errors"
	"net"
	"os"
	"syscall"
	"testing"
	"time"
)

// TestSockets: the kernel tells exactly what lies unread and who waits to be accepted.
func TestSockets(t *testing.T) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	a, err := net.Dial("tcp4", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	b, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if _, err := a.Write(make([]byte, 4321)); err != nil {
		t.Fatal(err)
	}
	c, err := net.Dial("tcp4", l.Addr().String()) // is not accepted
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for end := time.Now().Add(5 * time.Second); ; {
		all, err := Sockets()
		if errors.Is(err, syscall.EPROTONOSUPPORT) || errors.Is(err, os.ErrPermission) || errors.Is(err, syscall.ENOENT) {
			t.Skipf("SKIPPED, not tested: %v", err)
		}
		if err != nil {
			t.Fatal(err)
		}
		conn, ok1 := FindSocket(all, b.LocalAddr().String(), b.RemoteAddr().String())
		lis, ok2 := FindSocket(all, l.Addr().String(), "")
		if ok1 && ok2 && conn.RecvQ == 4321 && lis.RecvQ == 1 && conn.Inode != 0 {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("connection %+v %v, listener %+v %v", conn, ok1, lis, ok2)
		}
	}
}
