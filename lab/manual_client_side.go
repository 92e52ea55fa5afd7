package lab

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"evviz/show"
	"evviz/trace"
	"evviz/tui"
	"evviz/words"
)

// manual is the client's own side. Orders come one at a time; what the server sends is read beside them.
type manual struct {
	target string
	ring   *trace.Ring
	out    *json.Encoder

	mu    sync.Mutex
	conn  *net.TCPConn
	fd    int32
	local uint32 // name of its address
	names uint32
	yours uint32 // id of the name that its connections have
	state tui.ClientState
}

// RunManualClient is the hidden command that the lab starts when somebody asks for a client: its own side, until the parent has gone.
func RunManualClient(target string) error {
	events := os.NewFile(3, "events")
	if _, err := events.Stat(); err != nil || target == "" {
		return &StartedByHand{"hand", "the lab", "c in the lab's screen opens it"}
	}
	signal.Ignore(syscall.SIGINT, syscall.SIGTSTP)
	h := &manual{target: target, ring: trace.NewRing(1, 1<<12), out: json.NewEncoder(os.NewFile(4, "news"))}
	merge := trace.NewMerge(trace.Info{}, h.ring)
	written := pour(merge, events, nil, nil)
	now := h.ring.Now()
	h.ring.Name(1<<20, "client by hand", now)
	e := h.ring.Next(trace.Thread, now)
	e.A, e.B, e.Gen, e.Mask, e.Aux = int64(os.Getpid()), int64(os.Getpid()), uint32(os.Getpid()), trace.RoleClient, 1<<20
	h.ring.Publish(now)
	in := json.NewDecoder(bufio.NewReader(os.Stdin))
	for {
		var o manualOrder
		if in.Decode(&o) != nil {
			break // the parent is gone
		}
		said, err := h.do(o)
		n := manualNews{Reply: true, Said: said}
		if err != nil {
			n.Err = err.Error()
		}
		h.tell(n)
	}
	h.mu.Lock()
	if h.conn != nil {
		h.conn.Close()
	}
	h.mu.Unlock()
	h.ring.Close()
	<-written
	return nil
}

// tell writes news with the state as it is.
func (h *manual) tell(n manualNews) {
	h.mu.Lock()
	defer h.mu.Unlock()
	n.State = h.state
	_ = h.out.Encode(n) // a parent that is gone is noticed by the end of the orders
}

// step records what was done. The caller holds mu.
func (h *manual) step(what uint32, begin, asked, done int64, err error) {
	now := h.ring.Now()
	e := h.ring.Next(trace.Step, now)
	e.FD, e.Aux, e.Inst, e.A, e.B, e.Dur = h.fd, what, h.local, asked, done, now-begin
	if what == trace.StepConnect {
		e.Gen = h.yours
	}
	if err != nil {
		e.B = -1
		var no syscall.Errno
		if errors.As(err, &no) {
			e.Errno = uint16(no)
		}
	}
	h.ring.Publish(now)
}

func (h *manual) do(o manualOrder) (string, error) {
	if o.Do == "connect" {
		return h.connect()
	}
	h.mu.Lock()
	c := h.conn
	half := h.state.HalfClose
	h.mu.Unlock()
	if c == nil {
		return "", errors.New("client: not connected")
	}
	begin := trace.Now()
	switch o.Do {
	case "send", "send-much":
		if half {
			return "", errors.New("client: it has finished sending")
		}
		b := []byte(unescape(o.Text) + "\n")
		if o.Do == "send-much" {
			n, err := strconv.Atoi(o.Text)
			if err != nil || n < 1 || n > 16<<20 {
				return "", fmt.Errorf("client: send-much %q: want a number of bytes up to 16 MiB", o.Text)
			}
			b = []byte(strings.Repeat("abcdefghijklmnopqrstuvwxyz\n", n/27+1)[:n])
		}
		c.SetWriteDeadline(time.Now().Add(manualFor - 2*time.Second))
		n, err := c.Write(b)
		h.mu.Lock()
		defer h.mu.Unlock()
		h.state.Sent += int64(n)
		h.step(trace.StepSend, begin, int64(len(b)), int64(n), err)
		if err != nil {
			return "", fmt.Errorf("client: send: %w", err)
		}
		return "client: sent " + words.Bytes(int64(n)), nil
	case "half-close":
		err := c.CloseWrite()
		h.mu.Lock()
		defer h.mu.Unlock()
		h.state.HalfClose = err == nil
		h.step(trace.StepHalfClose, begin, 0, 0, err)
		if err != nil {
			return "", fmt.Errorf("client: half-close: %w", err)
		}
		return "client: finished sending; the server reads the end of file", nil
	case "reset", "close":
		what := uint32(trace.StepClose)
		if o.Do == "reset" {
			what = trace.StepReset
			c.SetLinger(0)
		}
		h.mu.Lock()
		defer h.mu.Unlock()
		err := c.Close()
		h.step(what, begin, 0, 0, err)
		h.over("closed by you")
		if o.Do == "reset" {
			return "client: connection reset", nil
		}
		return "client: closed", nil
	}
	return "", fmt.Errorf("client: %q is none of connect, send, send-much, half-close, reset, close", o.Do)
}

func (h *manual) connect() (string, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.conn != nil {
		return "", errors.New("client: it is connected already")
	}
	begin := trace.Now()
	d := net.Dialer{Timeout: manualFor - 2*time.Second, KeepAlive: -1}
	c, err := d.Dial("tcp", h.target)
	if err != nil {
		h.fd, h.local = -1, 0
		h.step(trace.StepConnect, begin, 0, 0, err)
		return "", fmt.Errorf("client: connect to %s: %w", h.target, err)
	}
	tc := c.(*net.TCPConn)
	h.conn, h.fd = tc, -1
	if raw, err := tc.SyscallConn(); err == nil {
		raw.Control(func(fd uintptr) { h.fd = int32(fd) })
	}
	h.names++
	h.local = h.names
	h.ring.Name(h.local, tc.LocalAddr().String(), h.ring.Now())
	if h.yours == 0 {
		h.names++
		h.yours = h.names
		h.ring.Name(h.yours, "yours", h.ring.Now())
	}
	h.state = tui.ClientState{Connected: true, Address: tc.LocalAddr().String()}
	h.step(trace.StepConnect, begin, 0, 0, nil)
	show.Go(func() { h.receive(tc) })
	return "client: connected from " + h.state.Address, nil
}

// over notes that the connection is no more. The caller holds mu.
func (h *manual) over(why string) {
	h.conn = nil
	h.state = tui.ClientState{Ended: why, Sent: h.state.Sent, Got: h.state.Got, Last: h.state.Last}
}

// receive reads what the server sends until the connection ends.
func (h *manual) receive(c *net.TCPConn) {
	buf := make([]byte, 64<<10)
	for {
		begin := trace.Now()
		n, err := c.Read(buf)
		h.mu.Lock()
		if h.conn != c {
			h.mu.Unlock()
			return
		}
		if n > 0 {
			h.state.Got += int64(n)
			last := strings.TrimRight(string(buf[:n]), "\n")
			h.state.Last = "got: " + last[max(0, len(last)-200):]
			h.step(trace.StepReceive, begin, int64(n), int64(n), nil)
		}
		if err != nil {
			h.step(trace.StepReceive, begin, int64(len(buf)), 0, nil)
			why := "the server closed it"
			if !errors.Is(err, io.EOF) {
				why = err.Error()
			}
			if !errors.Is(err, io.EOF) || h.state.HalfClose {
				c.Close()
				h.over(why)
			} else {
				h.state.Last = "end of file: the server has closed its side"
			}
		}
		h.mu.Unlock()
		h.tell(manualNews{})
		if err != nil {
			return
		}
	}
}

// unescape turns \n, \r, \t, \\ and \xHH into what they stand for.
func unescape(s string) string {
	if u, err := strconv.Unquote(`"` + strings.ReplaceAll(s, `"`, `\"`) + `"`); err == nil {
		return u
	}
	return s
}
