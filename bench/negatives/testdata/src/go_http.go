// A small HTTP server on net/http: go_http PORT. SIGTERM ends it.
package main

import (
	"context"
	"io"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

func main() {
	big := strings.Repeat("x", 300000)
	s := &http.Server{Addr: "127.0.0.1:" + os.Args[1]}
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/big" {
			io.WriteString(w, big)
			return
		}
		io.WriteString(w, "hello\n")
	})
	term, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	ended := make(chan struct{})
	go func() {
		<-term.Done()
		ctx, stop := context.WithTimeout(context.Background(), time.Second)
		defer stop()
		s.Shutdown(ctx)
		close(ended)
	}()
	s.ListenAndServe()
	<-ended
}
