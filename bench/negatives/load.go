package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/binary"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"evviz/bench/internal/straced"
)

// bigBody is more than a socket's buffer takes at once, so the server has to wait for room.
const bigBody = 300_000

// session is one connection to a server.
type session interface {
	Ask(size int) error // one question of about so many bytes, and its answer
	Close() error
}

// load is the whole traffic of one run. It calls attach once connections are open and in use, and returns when the last of
// them is closed. Between its parts are pauses, in which a server has nothing to do.
func load(ctx context.Context, s *server, p place, light bool, attach func() error) error {
	dial := s.talk(p)
	lone := func(size int) error {
		c, err := dial()
		if err != nil {
			return err
		}
		return errors.Join(c.Ask(size), c.Close())
	}
	kept := make([]session, 6)
	for i := range kept {
		c, err := dial()
		if err != nil {
			return err
		}
		defer c.Close()
		kept[i] = c
	}
	each := func(size int) error {
		for _, c := range kept {
			if err := c.Ask(size); err != nil {
				return err
			}
		}
		return nil
	}
	if err := each(10); err != nil {
		return err
	}
	if err := attach(); err != nil {
		return err
	}

	for range 3 {
		if err := each(100); err != nil {
			return fmt.Errorf("a question on a connection that was kept: %w", err)
		}
		pause(ctx, 20*time.Millisecond)
	}
	for range 3 {
		if err := lone(10); err != nil {
			return fmt.Errorf("a question on a connection of its own: %w", err)
		}
	}
	pause(ctx, 300*time.Millisecond)
	if err := kept[0].Ask(bigBody); err != nil {
		return fmt.Errorf("a big answer: %w", err)
	}
	burst, questions := 16, 120
	switch {
	case s.slow:
		burst, questions = 4, 8
	case light:
		burst, questions = 4, 10
	}
	if err := together(burst, func(i int) error {
		c, err := dial()
		if err != nil {
			return err
		}
		defer c.Close()
		for range questions / burst {
			if err := c.Ask(50 * (i + 1)); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		return fmt.Errorf("many questions at once: %w", err)
	}
	if s.web != "" && !light {
		if err := wrk(ctx, s.web, p); err != nil && !errors.Is(err, errNoWrk) {
			return fmt.Errorf("wrk: %w", err)
		}
	}
	if err := together(burst, func(int) error { return lone(20) }); err != nil {
		return fmt.Errorf("many connections at once: %w", err)
	}
	quiet := 1200 * time.Millisecond
	if light {
		quiet = 200 * time.Millisecond
	}
	pause(ctx, quiet)
	if err := each(1000); err != nil {
		return fmt.Errorf("a question after a pause: %w", err)
	}
	for _, c := range kept {
		c.Close()
	}
	pause(ctx, 100*time.Millisecond)
	return nil
}

// together does it so many times at once.
func together(n int, do func(i int) error) error {
	errs := make([]error, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { errs[i] = do(i) })
	}
	all.Wait()
	return errors.Join(errs...)
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// stream is a connection with what was read ahead of it.
type stream struct {
	net.Conn
	in *bufio.Reader
}

func connect(p place) (*stream, error) {
	c, err := net.DialTimeout("tcp", p.addr(), straced.Patience)
	if err != nil {
		return nil, err
	}
	c.SetDeadline(time.Now().Add(2 * straced.Patience))
	return &stream{c, bufio.NewReader(c)}, nil
}

// both writes and reads at the same time: a server that echoes much does not read on before its answer is taken.
func (c *stream) both(question []byte, answer func() error) error {
	wrote := make(chan error, 1)
	go func() {
		_, err := c.Write(question)
		wrote <- err
	}()
	return errors.Join(answer(), <-wrote)
}

type webSession struct{ *stream }

func web(how string) func(place) func() (session, error) {
	return func(p place) func() (session, error) {
		return func() (session, error) {
			c, err := connect(p)
			if err != nil {
				return nil, err
			}
			if how == "tls" {
				c.Conn = tls.Client(c.Conn, &tls.Config{InsecureSkipVerify: true}) // a certificate that this program made
				c.in.Reset(c.Conn)
			}
			return webSession{c}, nil
		}
	}
}

func (c webSession) Ask(size int) error {
	path := "/"
	if size >= bigBody {
		path = "/big"
	}
	if _, err := fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", path); err != nil {
		return err
	}
	res, err := http.ReadResponse(c.in, nil)
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s: %s", path, res.Status)
	}
	_, err = io.Copy(io.Discard, res.Body)
	return err
}

type echoSession struct{ *stream }

func echo(p place) func() (session, error) {
	return func() (session, error) {
		c, err := connect(p)
		return echoSession{c}, err
	}
}

func (c echoSession) Ask(size int) error {
	return c.both(bytes.Repeat([]byte("x"), size), func() error {
		_, err := io.CopyN(io.Discard, c.in, int64(size))
		return err
	})
}

type framedSession struct{ *stream }

func framed(p place) func() (session, error) {
	return func() (session, error) {
		c, err := connect(p)
		return framedSession{c}, err
	}
}

// Ask sends three messages in one write, as a client does that does not wait for each answer.
func (c framedSession) Ask(size int) error {
	one := append(binary.BigEndian.AppendUint32(nil, uint32(size)), bytes.Repeat([]byte("x"), size)...)
	return c.both(bytes.Repeat(one, 3), func() error {
		_, err := io.CopyN(io.Discard, c.in, int64(3*len(one)))
		return err
	})
}

type redisSession struct{ *stream }

func redis(p place) func() (session, error) {
	return func() (session, error) {
		c, err := connect(p)
		return redisSession{c}, err
	}
}

func (c redisSession) Ask(size int) error {
	value := bytes.Repeat([]byte("x"), size)
	return c.both(fmt.Appendf(nil, "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$%d\r\n%s\r\nPING\r\n", size, value), func() error {
		for _, want := range []string{"+OK\r\n", "+PONG\r\n"} {
			if line, err := c.in.ReadString('\n'); err != nil || line != want {
				return fmt.Errorf("the answer is %q (%v), not %q", line, err, want)
			}
		}
		if _, err := io.WriteString(c, "GET k\r\n"); err != nil {
			return err
		}
		var n int64
		if _, err := fmt.Fscanf(c.in, "$%d\r\n", &n); err != nil {
			return err
		}
		_, err := io.CopyN(io.Discard, c.in, n+2)
		return err
	})
}

type memcachedSession struct{ *stream }

func memcached(p place) func() (session, error) {
	return func() (session, error) {
		c, err := connect(p)
		return memcachedSession{c}, err
	}
}

func (c memcachedSession) Ask(size int) error {
	return c.both(fmt.Appendf(nil, "set k%d 0 0 %d\r\n%s\r\nget k%d\r\n", size, size, bytes.Repeat([]byte("x"), size), size), func() error {
		for {
			line, err := c.in.ReadString('\n')
			if err != nil {
				return err
			}
			var key string
			var flags, n int64
			if _, err := fmt.Sscanf(line, "VALUE %s %d %d", &key, &flags, &n); err == nil {
				if _, err := io.CopyN(io.Discard, c.in, n+2); err != nil {
					return err
				}
			}
			if line == "END\r\n" {
				return nil
			}
		}
	})
}

type datagramSession struct{ net.Conn }

func datagrams(p place) func() (session, error) {
	return func() (session, error) {
		c, err := net.Dial("udp", p.addr())
		return datagramSession{c}, err
	}
}

// Ask sends one datagram, of at most 8 KiB, again when no answer comes: datagrams may be dropped.
func (c datagramSession) Ask(size int) error {
	data := make([]byte, min(size, 8192))
	var err error
	for range 10 {
		if _, err = c.Write(data); err != nil {
			return err
		}
		c.SetReadDeadline(time.Now().Add(straced.Patience / 10))
		if _, err = c.Read(data); err == nil {
			return nil
		}
	}
	return err
}

// backend is the server behind a proxy. It is this program's own and not traced.
type backend struct {
	l net.Listener
	s *http.Server
}

func newBackend() (*backend, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	large := bytes.Repeat([]byte("x"), bigBody)
	b := &backend{l, &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/big" {
			w.Write(large)
			return
		}
		io.WriteString(w, "hello\n")
	})}}
	go b.s.Serve(l)
	return b, nil
}

func (b *backend) port() int { return b.l.Addr().(*net.TCPAddr).Port }

func (b *backend) close() { b.s.Close() }

// certificate writes cert.pem and key.pem for the servers that speak TLS.
func certificate(dir string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	about := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, NotAfter: time.Now().Add(24 * time.Hour)}
	cert, err := x509.CreateCertificate(rand.Reader, about, about, &key.PublicKey, key)
	if err != nil {
		return err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	for name, block := range map[string]*pem.Block{"cert.pem": {Type: "CERTIFICATE", Bytes: cert}, "key.pem": {Type: "PRIVATE KEY", Bytes: der}} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
			return err
		}
	}
	return nil
}
