//go:build linux && (amd64 || arm64)

package kernel

import (
	"bytes"
	"context"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"evviz/internal/testkit"
)

// descriptorOf is the number of a connection or listener.
func descriptorOf(t *testing.T, c syscall.Conn) (fd int) {
	t.Helper()
	raw, err := c.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	raw.Control(func(n uintptr) { fd = int(n) })
	return fd
}

// TestMultipath: a listener of MPTCP has the queue of its first connection of TCP, and what is unread of a connection is what FIONREAD says:
// also when it was read in part, and after the peer has finished.
func TestMultipath(t *testing.T) {
	if on, err := os.ReadFile("/proc/sys/net/mptcp/enabled"); err != nil || !bytes.HasPrefix(on, []byte("1")) {
		t.Skipf("SKIPPED, not tested: this kernel has no MPTCP, or net.mptcp.enabled is not 1 (%v)", err)
	}
	r := needBPF(t, options{})
	pid := os.Getpid()
	lc, d := net.ListenConfig{}, net.Dialer{}
	lc.SetMultipathTCP(true)
	d.SetMultipathTCP(true)
	l, err := lc.Listen(context.Background(), "tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	dial := func() net.Conn {
		c, err := d.Dial("tcp4", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		return c
	}
	a := dial()
	b, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	dial()
	dial()
	at := descriptorOf(t, l.(*net.TCPListener))
	var k *Socket
	testkit.Until(t, time.Minute, func() bool {
		k = file(t, read(t, r, pid), at).Socket
		return k.Accept == 2
	}, func() string { return "the listener's queue has not what waits" })
	if k.Protocol != unix.IPPROTO_MPTCP {
		t.Skip("SKIPPED, not tested: the listener does not speak MPTCP")
	}
	if k.Backlog < 1 || !k.Listening {
		t.Errorf("%+v", k)
	}
	if ok, err := b.(*net.TCPConn).MultipathTCP(); err != nil || !ok {
		t.Skipf("SKIPPED, not tested: the connection has fallen back to TCP (%v)", err)
	}
	fd := descriptorOf(t, b.(*net.TCPConn))
	unread := func(what string, want int, shut bool) {
		t.Helper()
		var k *Socket
		inq := 0
		testkit.Until(t, time.Minute, func() bool {
			k = file(t, read(t, r, pid), fd).Socket
			inq, err = unix.IoctlGetInt(fd, unix.TIOCINQ)
			return err == nil && k.Unread == want && k.ReadShut == shut
		}, func() string { return what + ": not what was written" })
		if !shut && inq != want { // with nothing in the queue the kernel says 1 for the end
			t.Errorf("%s: FIONREAD says %d, want %d", what, inq, want)
		}
	}
	unread("nothing", 0, false)
	if _, err := a.Write(make([]byte, 5000)); err != nil {
		t.Fatal(err)
	}
	unread("5,000 bytes", 5000, false)
	if _, err := io.ReadFull(b, make([]byte, 100)); err != nil {
		t.Fatal(err)
	}
	unread("100 are read", 4900, false)
	if err := a.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	unread("the peer has finished", 4900, true)
	if _, err := io.ReadFull(b, make([]byte, 4900)); err != nil {
		t.Fatal(err)
	}
	unread("all is read", 0, true)
}
