package loop

import (
	"hash/fnv"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// resolver is a name server of the lab's own, on loopback: real queries over UDP that leave the machine alone. It is
// evviz's and not part of the watched server, so it runs on goroutines of its own, and nothing of it is recorded.
//
// It knows the names that end in .lab: N.lab is 127.0.0.N, self.lab is 127.0.0.1, any other name.lab is an address of
// 127.0.0.0/8 that depends on the name alone. Everything else does not exist.
type resolver struct {
	conn  *net.UDPConn
	addr  netip.AddrPort
	delay atomic.Int64 // ns, before each answer
	asked atomic.Int64 // queries so far
	gone  chan struct{}
}

// startResolver is called by the loop's thread, which must not make the calls itself.
func startResolver(guard func(func())) (*resolver, error) {
	r := &resolver{gone: make(chan struct{})}
	ready := make(chan error)
	guard(func() {
		defer close(r.gone)
		conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err == nil {
			r.conn, r.addr = conn, conn.LocalAddr().(*net.UDPAddr).AddrPort()
		}
		if ready <- err; err == nil {
			r.serve()
		}
	})
	if err := <-ready; err != nil {
		<-r.gone
		return nil, err
	}
	return r, nil
}

func (r *resolver) stop(guard func(func())) {
	guard(func() { r.conn.Close() }) // not on the loop's thread
	<-r.gone
}

func (r *resolver) serve() {
	buf := make([]byte, 1500)
	for {
		n, from, err := r.conn.ReadFromUDPAddrPort(buf)
		if err != nil {
			return // closed
		}
		r.asked.Add(1)
		reply := answerQuery(buf[:n])
		if reply == nil {
			continue
		}
		if d := time.Duration(r.delay.Load()); d > 0 {
			time.AfterFunc(d, func() { r.conn.WriteToUDPAddrPort(reply, from) })
			continue
		}
		r.conn.WriteToUDPAddrPort(reply, from)
	}
}

// nameTTL is how long an answer may be kept, in seconds.
const nameTTL = 60

// answerQuery makes the reply to a query, nil when it is none.
func answerQuery(query []byte) []byte {
	var p dnsmessage.Parser
	h, err := p.Start(query)
	if err != nil || h.Response {
		return nil
	}
	q, err := p.Question()
	if err != nil {
		return nil
	}
	m := dnsmessage.Message{Header: dnsmessage.Header{ID: h.ID, Response: true, Authoritative: true, RecursionDesired: h.RecursionDesired},
		Questions: []dnsmessage.Question{q}}
	a, ok := labAddr(q.Name.String())
	switch {
	case !ok:
		m.RCode = dnsmessage.RCodeNameError
	case q.Type == dnsmessage.TypeA && q.Class == dnsmessage.ClassINET:
		m.Answers = []dnsmessage.Resource{{
			Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class, TTL: nameTTL},
			Body:   &dnsmessage.AResource{A: a.As4()}}}
	}
	b, err := m.Pack()
	if err != nil {
		return nil
	}
	return b
}

// labAddr is the address of a name that the resolver knows.
func labAddr(name string) (netip.Addr, bool) {
	label, ok := strings.CutSuffix(strings.ToLower(strings.TrimSuffix(name, ".")), ".lab")
	if !ok || label == "" {
		return netip.Addr{}, false
	}
	if label == "self" {
		return netip.AddrFrom4([4]byte{127, 0, 0, 1}), true
	}
	if n, err := strconv.ParseUint(label, 10, 8); err == nil && n > 0 && n < 255 {
		return netip.AddrFrom4([4]byte{127, 0, 0, byte(n)}), true
	}
	h := fnv.New32a()
	h.Write([]byte(label))
	s := h.Sum32()
	return netip.AddrFrom4([4]byte{127, byte(s >> 16), byte(s >> 8), byte(s)%254 + 1}), true
}

// nameQuery makes a query for the IPv4 addresses of a name.
func nameQuery(id uint16, name string) ([]byte, error) {
	n, err := dnsmessage.NewName(strings.TrimSuffix(name, ".") + ".")
	if err != nil {
		return nil, err
	}
	m := dnsmessage.Message{Header: dnsmessage.Header{ID: id, RecursionDesired: true},
		Questions: []dnsmessage.Question{{Name: n, Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET}}}
	return m.Pack()
}

// readReply takes the addresses out of a reply, and which query it answers.
func readReply(b []byte) (id uint16, addrs []netip.Addr, ttl time.Duration, problem string) {
	var m dnsmessage.Message
	if err := m.Unpack(b); err != nil || !m.Response {
		return 0, nil, 0, "the answer is not one of DNS"
	}
	switch m.RCode {
	case dnsmessage.RCodeSuccess:
	case dnsmessage.RCodeNameError:
		return m.ID, nil, 0, "no such name"
	default:
		return m.ID, nil, 0, "the name server answered " + m.RCode.String()
	}
	for _, r := range m.Answers {
		if a, ok := r.Body.(*dnsmessage.AResource); ok {
			addrs = append(addrs, netip.AddrFrom4(a.A))
			ttl = time.Duration(r.Header.TTL) * time.Second
		}
	}
	if len(addrs) == 0 {
		return m.ID, nil, 0, "the name has no IPv4 address"
	}
	return m.ID, addrs, ttl, ""
}
