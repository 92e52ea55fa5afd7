package scenarios

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"

	"go.starlark.net/starlark"

	"evviz/trace"
)

// client is a connection as a story sees it. One client may make it, and others use it.
type client struct {
	c     *net.TCPConn
	local uint32
	fd    int32

	reading sync.Mutex // held while it is received from
	rest    []byte     // received beyond what receive_until was asked for
}

// use is a connection in the hands of the client that makes a call on it: the steps are that one's.
type use struct {
	*client
	by *user
}

// buffers are what receive reads into.
var buffers = sync.Pool{New: func() any { return new([64 << 10]byte) }}

// connectTimeout bounds one connect; the kernel's own limit is minutes.
const connectTimeout = 30 * time.Second

// payload is what is sent when a story only says how much.
var payload = func() []byte {
	p := make([]byte, 64<<10)
	for i := range p {
		p[i] = "abcdefghijklmnopqrstuvwxyz\n"[i%27]
	}
	return p
}()

func connect(u *user, b *starlark.Builtin, args starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
	to := u.r.opt.Target
	var other string
	if err := starlark.UnpackArgs(b.Name(), args, kw, "address?", &other); err != nil {
		return nil, err
	}
	if other != "" {
		if err := Allowed(other, u.r.opt.AllowRemote); err != nil {
			return nil, fmt.Errorf("connect: %w", err)
		}
		to = other
	}
	if err := u.r.room(); err != nil {
		return nil, err
	}
	u.breathe()
	t0 := trace.Now()
	d := net.Dialer{Timeout: connectTimeout, KeepAlive: -1}
	if !u.r.opt.AllowRemote {
		d.Control = ownOnly
	}
	c, err := d.DialContext(u.r.ctx, "tcp", to)
	e := trace.Event{FD: -1, Aux: trace.StepConnect, Dur: trace.Now() - t0, Gen: u.partName()}
	if err != nil {
		u.r.noRoom()
		if u.r.ctx.Err() != nil || u.r.serverEnded(err) {
			return nil, errEnded
		}
		e.B, e.Errno = -1, errnoOf(err)
		u.emit(e)
		return nil, fmt.Errorf("connect to %s: %w", to, err)
	}
	tc := c.(*net.TCPConn)
	x := &client{c: tc, local: u.r.name(tc.LocalAddr().String(), true), fd: fdOf(tc)}
	e.FD, e.Inst = x.fd, x.local
	u.emit(e)
	u.r.opened(tc)
	return x, nil
}

// room counts a connection that is about to be made, or refuses it.
func (r *run) room() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	most := r.opt.MaxConns
	if most == 0 {
		most = DefaultMaxConns
	}
	if r.count >= most {
		return fmt.Errorf("connect: %d connections are open, which is the most that a scenario may have; --max-connections sets it", r.count)
	}
	r.count++
	return nil
}

func (r *run) noRoom() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.count--
}

// Allowed refuses what is not HOST:PORT, and addresses that are not this machine's own, unless remote ones are allowed. A name is not
// looked up: what it stands for is checked where it is dialled (ownOnly), so that both are the same address.
func Allowed(addr string, remote bool) error {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("%q is not HOST:PORT", addr)
	}
	if ip := net.ParseIP(host); ip != nil && !remote && !own(ip) {
		return notOwn(addr)
	}
	return nil
}

// own reports whether an address never leaves the machine. A connection to the unspecified address goes to loopback.
func own(ip net.IP) bool { return ip.IsLoopback() || ip.IsUnspecified() }

func notOwn(addr string) error {
	return fmt.Errorf("%s is not an address of this machine's loopback; --allow-remote sends traffic to it all the same: ask its owner first", addr)
}

// ownOnly is a net.Dialer's Control: it sees each address that a name stands for, before connect(2) is called.
func ownOnly(_, addr string, _ syscall.RawConn) error {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return err
	}
	if i := strings.IndexByte(host, '%'); i >= 0 { // a zone
		host = host[:i]
	}
	if ip := net.ParseIP(host); ip == nil || !own(ip) {
		return notOwn(addr)
	}
	return nil
}

func fdOf(c *net.TCPConn) int32 {
	fd := int32(-1)
	if rc, err := c.SyscallConn(); err == nil {
		rc.Control(func(f uintptr) { fd = int32(f) })
	}
	return fd
}

func errnoOf(err error) uint16 {
	var e syscall.Errno
	if errors.As(err, &e) {
		return uint16(e)
	}
	return 0
}

func (x use) step(what uint32, n, done int64, t0 int64, err error) {
	x.by.emit(trace.Event{FD: x.fd, Inst: x.local, Aux: what, A: n, B: done, Dur: trace.Now() - t0, Errno: errnoOf(err)})
}

// blocking makes a call that may block. The end of the run ends it by a deadline in the past.
func (x use) blocking(f func() (int64, error)) (int64, error) {
	x.by.breathe()
	if x.by.r.ctx.Err() != nil {
		return 0, errEnded
	}
	n, err := f()
	if x.by.r.ctx.Err() != nil {
		return n, errEnded
	}
	return n, err
}

// send returns how many bytes the kernel took. A server that has closed is not an error of the story: the step carries
// the errno and the result is short.
func send(x use, b *starlark.Builtin, args starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
	var v starlark.Value
	if err := starlark.UnpackArgs(b.Name(), args, kw, "what", &v); err != nil {
		return nil, err
	}
	var text []byte
	n := 0
	if s, ok := starlark.AsString(v); ok {
		text, n = []byte(s), len(s)
	} else if i, err := starlark.AsInt32(v); err == nil && i >= 0 && i <= 1<<30 {
		n = i
	} else {
		return nil, fmt.Errorf("send: want a text or a number of bytes up to 1 GiB, not %s", v)
	}
	t0 := trace.Now()
	done, err := x.blocking(func() (int64, error) {
		var total int64
		for total < int64(n) {
			p := text[min(int64(len(text)), total):]
			if text == nil {
				p = payload[:min(int64(len(payload)), int64(n)-total)]
			}
			k, err := x.c.Write(p)
			total += int64(k)
			if err != nil {
				return total, err
			}
		}
		return total, nil
	})
	if err == errEnded {
		return nil, err
	}
	x.step(trace.StepSend, int64(n), done, t0, err)
	return starlark.MakeInt64(done), nil
}

// read takes what receive_until left over, then what comes.
func (x *client) read(p []byte) (int, error) {
	if n := copy(p, x.rest); n > 0 {
		x.rest = x.rest[n:]
		return n, nil
	}
	return x.c.Read(p)
}

// limit is the moment at which a receive gives up, zero for never.
func limit(b *starlark.Builtin, timeout starlark.Value) (time.Time, error) {
	if s, ok := starlark.AsString(timeout); ok && s == "" {
		return time.Time{}, nil
	}
	d, err := asDuration(timeout)
	if err != nil {
		return time.Time{}, fmt.Errorf("%s: %w", b.Name(), err)
	}
	return time.Now().Add(d), nil
}

// maxUntil bounds what receive_until keeps.
const maxUntil = 1 << 20

// receiveUntil receives up to and with the end that it is given, and returns the text; what there was, when the server
// has ended or the time is over.
func receiveUntil(x use, b *starlark.Builtin, args starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
	var end string
	var timeout starlark.Value = starlark.String("")
	if err := starlark.UnpackArgs(b.Name(), args, kw, "end", &end, "timeout?", &timeout); err != nil {
		return nil, err
	}
	when, err := limit(b, timeout)
	if err != nil {
		return nil, err
	}
	if end == "" {
		return nil, fmt.Errorf("receive_until: until what?")
	}
	x.reading.Lock()
	defer x.reading.Unlock()
	var got []byte
	x.c.SetReadDeadline(when)
	t0 := trace.Now()
	_, err = x.blocking(func() (int64, error) {
		buf := buffers.Get().(*[64 << 10]byte)
		defer buffers.Put(buf)
		for len(got) < maxUntil {
			from := max(0, len(got)-len(end)+1)
			n, err := x.read(buf[:])
			got = append(got, buf[:n]...)
			if i := bytes.Index(got[from:], []byte(end)); i >= 0 {
				all := from + i + len(end)
				x.rest = append(bytes.Clone(got[all:]), x.rest...)
				got = got[:all]
				return 0, nil
			}
			if err != nil {
				return 0, err
			}
		}
		return 0, fmt.Errorf("receive_until: %d bytes and no %q among them", len(got), end)
	})
	if err == errEnded {
		return nil, err
	}
	if err != nil && len(got) >= maxUntil {
		return nil, err
	}
	if errors.Is(err, io.EOF) || errors.Is(err, os.ErrDeadlineExceeded) {
		err = nil
	}
	x.step(trace.StepReceive, int64(len(got)), int64(len(got)), t0, err)
	return starlark.String(got), nil
}

func receive(x use, b *starlark.Builtin, args starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
	var n int
	var timeout starlark.Value = starlark.String("")
	if err := starlark.UnpackArgs(b.Name(), args, kw, "n", &n, "timeout?", &timeout); err != nil {
		return nil, err
	}
	when, err := limit(b, timeout)
	if err != nil {
		return nil, err
	}
	if n < 0 {
		return nil, fmt.Errorf("receive: %d bytes are not a number of bytes", n)
	}
	buf := buffers.Get().(*[64 << 10]byte)
	defer buffers.Put(buf)
	x.reading.Lock()
	defer x.reading.Unlock()
	x.c.SetReadDeadline(when) // before it is asked whether the run has ended, which sets another
	t0 := trace.Now()
	done, err := x.blocking(func() (int64, error) {
		var total int64
		for total < int64(n) {
			k, err := x.read(buf[:min(len(buf), n-int(total))])
			total += int64(k)
			if err != nil {
				return total, err
			}
		}
		return total, nil
	})
	if err == errEnded {
		return nil, err
	}
	if errors.Is(err, io.EOF) || errors.Is(err, os.ErrDeadlineExceeded) {
		err = nil
	}
	x.step(trace.StepReceive, int64(n), done, t0, err)
	return starlark.MakeInt64(done), nil
}

func ending(what uint32, f func(*net.TCPConn) error) func(use, *starlark.Builtin, starlark.Tuple, []starlark.Tuple) (starlark.Value, error) {
	return func(x use, b *starlark.Builtin, args starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
		if err := starlark.UnpackArgs(b.Name(), args, kw); err != nil {
			return nil, err
		}
		t0 := trace.Now()
		err := f(x.c)
		x.step(what, 0, 0, t0, err)
		if what != trace.StepHalfClose {
			x.by.r.closed(x.client)
		}
		return starlark.None, nil
	}
}

var methods = map[string]func(use, *starlark.Builtin, starlark.Tuple, []starlark.Tuple) (starlark.Value, error){
	"send":    send,
	"receive": receive,

	"receive_until": receiveUntil,

	"half_close": ending(trace.StepHalfClose, (*net.TCPConn).CloseWrite),
	"close":      ending(trace.StepClose, (*net.TCPConn).Close),
	"reset": ending(trace.StepReset, func(c *net.TCPConn) error {
		c.SetLinger(0)
		return c.Close()
	}),
}

// Attr makes the methods callable as c.send and so on.
func (x *client) Attr(name string) (starlark.Value, error) {
	switch name {
	case "local":
		return starlark.String(x.c.LocalAddr().String()), nil
	case "remote":
		return starlark.String(x.c.RemoteAddr().String()), nil
	case "local_port":
		return starlark.MakeInt(x.c.LocalAddr().(*net.TCPAddr).Port), nil
	}
	m, ok := methods[name]
	if !ok {
		return nil, nil
	}
	return starlark.NewBuiltin(name, func(th *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
		u, ok := th.Local("user").(*user)
		if !ok {
			return nil, fmt.Errorf("%s: only a client that runs can call this", name)
		}
		return m(use{x, u}, b, args, kw)
	}), nil
}

// AttrNames lists the methods, for Starlark's spelling hints.
func (x *client) AttrNames() []string {
	return []string{"close", "half_close", "local", "local_port", "receive", "receive_until", "remote", "reset", "send"}
}

func (x *client) String() string        { return "connection " + x.c.LocalAddr().String() }
func (x *client) Type() string          { return "connection" }
func (x *client) Freeze()               {}
func (x *client) Truth() starlark.Bool  { return true }
func (x *client) Hash() (uint32, error) { return 0, errors.New("a connection cannot be a key") }
