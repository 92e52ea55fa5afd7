package scenarios

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"go.starlark.net/starlark"

	"evviz/trace"
)

// client is a connection as a story sees it. It is used by one client at a time.
type client struct {
	u     *user
	c     *net.TCPConn
	local uint32
	fd    int32
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
	if err := starlark.UnpackArgs(b.Name(), args, kw); err != nil {
		return nil, err
	}
	t0 := trace.Now()
	d := net.Dialer{Timeout: connectTimeout, KeepAlive: -1}
	c, err := d.DialContext(u.r.ctx, "tcp", u.r.opt.Target)
	e := trace.Event{FD: -1, Aux: trace.StepConnect, Dur: trace.Now() - t0}
	if err != nil {
		if u.r.ctx.Err() != nil {
			return nil, errEnded
		}
		e.B, e.Errno = -1, errnoOf(err)
		u.emit(e)
		return nil, fmt.Errorf("connect to %s: %w", u.r.opt.Target, err)
	}
	tc := c.(*net.TCPConn)
	x := &client{u: u, c: tc, local: u.r.name(tc.LocalAddr().String(), true), fd: fdOf(tc)}
	e.FD, e.Inst = x.fd, x.local
	u.emit(e)
	u.r.opened(tc)
	return x, nil
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

func (x *client) step(what uint32, n, done int64, t0 int64, err error) {
	x.u.emit(trace.Event{FD: x.fd, Inst: x.local, Aux: what, A: n, B: done, Dur: trace.Now() - t0, Errno: errnoOf(err)})
}

// blocking makes a call that may block. The end of the run ends it by a deadline in the past.
func (x *client) blocking(f func() (int64, error)) (int64, error) {
	if x.u.r.ctx.Err() != nil {
		return 0, errEnded
	}
	n, err := f()
	if x.u.r.ctx.Err() != nil {
		return n, errEnded
	}
	return n, err
}

// send returns how many bytes the kernel took. A server that has closed is not an error of the story: the step carries
// the errno and the result is short.
func send(x *client, b *starlark.Builtin, args starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
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

func receive(x *client, b *starlark.Builtin, args starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
	var n int
	var timeout starlark.Value = starlark.String("")
	if err := starlark.UnpackArgs(b.Name(), args, kw, "n", &n, "timeout?", &timeout); err != nil {
		return nil, err
	}
	var limit time.Time
	if s, ok := starlark.AsString(timeout); !ok || s != "" {
		d, err := asDuration(timeout)
		if err != nil {
			return nil, fmt.Errorf("receive: %w", err)
		}
		limit = time.Now().Add(d)
	}
	if n < 0 {
		return nil, fmt.Errorf("receive: %d bytes are not a number of bytes", n)
	}
	buf := buffers.Get().(*[64 << 10]byte)
	defer buffers.Put(buf)
	x.c.SetReadDeadline(limit) // before it is asked whether the run has ended, which sets another
	t0 := trace.Now()
	done, err := x.blocking(func() (int64, error) {
		var total int64
		for total < int64(n) {
			k, err := x.c.Read(buf[:min(len(buf), n-int(total))])
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

func ending(what uint32, f func(*net.TCPConn) error) func(*client, *starlark.Builtin, starlark.Tuple, []starlark.Tuple) (starlark.Value, error) {
	return func(x *client, b *starlark.Builtin, args starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
		if err := starlark.UnpackArgs(b.Name(), args, kw); err != nil {
			return nil, err
		}
		t0 := trace.Now()
		err := f(x.c)
		x.step(what, 0, 0, t0, err)
		if what != trace.StepHalfClose {
			x.u.r.closed(x)
		}
		return starlark.None, nil
	}
}

var methods = map[string]func(*client, *starlark.Builtin, starlark.Tuple, []starlark.Tuple) (starlark.Value, error){
	"send":       send,
	"receive":    receive,
	"half_close": ending(trace.StepHalfClose, (*net.TCPConn).CloseWrite),
	"close":      ending(trace.StepClose, (*net.TCPConn).Close),
	"reset": ending(trace.StepReset, func(c *net.TCPConn) error {
		c.SetLinger(0)
		return c.Close()
	}),
}

// Attr makes the methods callable as c.send and so on.
func (x *client) Attr(name string) (starlark.Value, error) {
	m, ok := methods[name]
	if !ok {
		return nil, nil
	}
	return starlark.NewBuiltin(name, func(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
		return m(x, b, args, kw)
	}), nil
}

// AttrNames lists the methods, for Starlark's spelling hints.
func (x *client) AttrNames() []string {
	return []string{"close", "half_close", "receive", "reset", "send"}
}

func (x *client) String() string        { return "connection " + x.c.LocalAddr().String() }
func (x *client) Type() string          { return "connection" }
func (x *client) Freeze()               {}
func (x *client) Truth() starlark.Bool  { return true }
func (x *client) Hash() (uint32, error) { return 0, errors.New("a connection cannot be a key") }
