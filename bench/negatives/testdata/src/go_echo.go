// An echo server, a goroutine for each connection: go_echo PORT. SIGTERM ends it.
package main

import (
	"net"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	l, err := net.Listen("tcp", "127.0.0.1:"+os.Args[1])
	if err != nil {
		os.Exit(1)
	}
	term := make(chan os.Signal, 1)
	signal.Notify(term, syscall.SIGTERM)
	go func() {
		<-term
		l.Close()
	}()
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer c.Close()
			data := make([]byte, 65536)
			for {
				n, err := c.Read(data)
				if err != nil {
					return
				}
				if _, err := c.Write(data[:n]); err != nil {
					return
				}
			}
		}()
	}
}
