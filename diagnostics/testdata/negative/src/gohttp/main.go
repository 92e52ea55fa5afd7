// A small HTTP server on net/http; it ends when it is asked for /quit.
package main

import (
	"context"
	"io"
	"net/http"
	"time"
)

func main() {
	s := &http.Server{Addr: "127.0.0.1:8405"}
	over := make(chan struct{})
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "hello\n")
		if r.URL.Path == "/quit" {
			close(over)
		}
	})
	ended := make(chan struct{})
	go func() {
		<-over
		ctx, stop := context.WithTimeout(context.Background(), time.Second)
		defer stop()
		s.Shutdown(ctx)
		close(ended)
	}()
	s.ListenAndServe()
	<-ended
}
