package main

import (
	"io"
	"net"
	"net/http"
	"time"
)

// slow is a web server that answers after a fifth of a second. It is this program's own and not traced.
type slow struct {
	l net.Listener
	s *http.Server
}

func newSlow() (*slow, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &slow{l, &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(200 * time.Millisecond)
		io.WriteString(w, "hello\n")
	})}}
	go s.s.Serve(l)
	return s, nil
}

func (s *slow) port() int { return s.l.Addr().(*net.TCPAddr).Port }

func (s *slow) close() { s.s.Close() }
