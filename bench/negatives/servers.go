package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"evviz/bench/internal/straced"
)

// server is one program that does it right.
type server struct {
	name  string
	needs []straced.Need
	src   string                                // compiled or run from testdata/src
	libs  []string                              // what a C program is linked with
	probe []string                              // a command that fails when a library of a script is missing
	conf  func(p place) string                  // written to p.conf()
	argv  func(p place) []string                // how it is started
	talk  func(p place) func() (session, error) // how it is spoken to
	web   string                                // "http" or "https": wrk can load it, too
	slow  bool                                  // an answer costs a process: a small burst
	one   bool                                  // attach to one worker instead of the whole family
	udp   bool
	quit  syscall.Signal // instead of SIGTERM
}

// place is where one run of a server lives.
type place struct {
	dir, www, bin string
	port, backend int
}

func (p place) conf() string { return filepath.Join(p.dir, "conf") }
func (p place) addr() string { return fmt.Sprintf("127.0.0.1:%d", p.port) }

// said is a program with the port as its argument.
func said(argv ...string) func(place) []string {
	return func(p place) []string {
		out := make([]string, len(argv))
		for i, a := range argv {
			out[i] = strings.NewReplacer("BIN", p.bin, "PORT", fmt.Sprint(p.port), "DIR", filepath.Dir(p.www)).Replace(a)
		}
		return out
	}
}

const python = "/usr/bin/python3" // the system's own, which has the packages of the distribution

var servers = []*server{
	{name: "nginx", needs: []straced.Need{{Program: "nginx", Package: "nginx-light"}}, conf: nginxConf(""), quit: syscall.SIGQUIT, web: "http",
		argv: func(p place) []string { return []string{"nginx", "-p", p.dir + "/", "-e", "error", "-c", p.conf()} }, talk: web("")},
	{name: "nginx-tls", needs: []straced.Need{{Program: "nginx", Package: "nginx-light"}}, conf: nginxConf("ssl"), quit: syscall.SIGQUIT, web: "https", one: true,
		argv: func(p place) []string { return []string{"nginx", "-p", p.dir + "/", "-e", "error", "-c", p.conf()} }, talk: web("tls")},
	{name: "redis", needs: []straced.Need{{Program: "redis-server", Package: "redis-server"}}, talk: redis,
		argv: func(p place) []string {
			return []string{"redis-server", "--bind", "127.0.0.1", "--port", fmt.Sprint(p.port), "--save", "", "--dir", p.dir}
		}},
	{name: "node-http", needs: []straced.Need{{Program: "node", Package: "nodejs"}}, src: "node.js", argv: said("node", "BIN", "http", "PORT", "DIR"), talk: web(""), web: "http"},
	{name: "node-https", needs: []straced.Need{{Program: "node", Package: "nodejs"}}, src: "node.js", argv: said("node", "BIN", "https", "PORT", "DIR"), talk: web("tls"), web: "https"},
	{name: "node-child", needs: []straced.Need{{Program: "node", Package: "nodejs"}}, src: "node.js", argv: said("node", "BIN", "child", "PORT", "DIR"), talk: web(""), slow: true},
	{name: "asyncio", needs: []straced.Need{{Program: python, Package: "python3"}}, src: "asyncio_echo.py", argv: said(python, "-S", "-E", "BIN", "PORT"), talk: echo},
	{name: "tornado", needs: []straced.Need{{Program: python, Package: "python3"}}, src: "tornado_http.py", probe: []string{python, "-E", "-c", "import tornado.web"},
		argv: said(python, "-E", "BIN", "PORT"), talk: web(""), web: "http"},
	{name: "go-http", needs: []straced.Need{{Program: "go", Package: "golang"}}, src: "go_http.go", argv: said("BIN", "PORT"), talk: web(""), web: "http"},
	{name: "go-echo", needs: []straced.Need{{Program: "go", Package: "golang"}}, src: "go_echo.go", argv: said("BIN", "PORT"), talk: echo},
	{name: "memcached", needs: []straced.Need{{Program: "memcached", Package: "memcached"}}, argv: said("memcached", "-u", "root", "-l", "127.0.0.1", "-p", "PORT", "-t", "4"), talk: memcached},
	{name: "haproxy", needs: []straced.Need{{Program: "haproxy", Package: "haproxy"}}, conf: haproxyConf,
		argv: func(p place) []string { return []string{"haproxy", "-db", "-f", p.conf()} }, talk: web(""), web: "http"},
	{name: "lighttpd", needs: []straced.Need{{Program: "lighttpd", Package: "lighttpd"}}, conf: lighttpdConf,
		argv: func(p place) []string { return []string{"lighttpd", "-D", "-f", p.conf()} }, talk: web(""), web: "http"},
	{name: "eventmachine-select", needs: []straced.Need{{Program: "ruby", Package: "ruby"}}, src: "eventmachine_echo.rb", probe: []string{"ruby", "-e", "require 'eventmachine'"},
		argv: said("ruby", "BIN", "PORT", "select"), talk: echo},
	{name: "eventmachine-epoll", needs: []straced.Need{{Program: "ruby", Package: "ruby"}}, src: "eventmachine_echo.rb", probe: []string{"ruby", "-e", "require 'eventmachine'"},
		argv: said("ruby", "BIN", "PORT", "epoll"), talk: echo},
	{name: "libevent", needs: []straced.Need{{Program: "gcc", Package: "gcc"}}, src: "libevent_echo.c", libs: []string{"-levent"}, argv: said("BIN", "PORT"), talk: echo},
	{name: "libuv", needs: []straced.Need{{Program: "gcc", Package: "gcc"}}, src: "libuv_echo.c", libs: []string{"-luv"}, argv: said("BIN", "PORT"), talk: echo},
	{name: "libev", needs: []straced.Need{{Program: "gcc", Package: "gcc"}}, src: "libev_echo.c", libs: []string{"-lev"}, argv: said("BIN", "PORT"), talk: echo},
	{name: "udp", needs: []straced.Need{{Program: "gcc", Package: "gcc"}}, src: "udp.c", argv: said("BIN", "PORT"), talk: datagrams, udp: true},
	{name: "framed", needs: []straced.Need{{Program: "gcc", Package: "gcc"}}, src: "framed.c", argv: said("BIN", "PORT"), talk: framed},
}

// bin is where the server's program, or script, is after ready.
func (s *server) bin(w *workshop) string {
	ext := filepath.Ext(s.src)
	if ext == ".c" || ext == ".go" {
		return filepath.Join(w.dir, strings.TrimSuffix(s.src, ext))
	}
	return filepath.Join(w.dir, s.src)
}

// ready compiles or copies what the server needs; its error names what is missing and what brings it.
func (s *server) ready(w *workshop) error {
	if err := straced.Have(s.needs...); err != nil {
		return err
	}
	if len(s.probe) > 0 {
		if err := straced.Probe(s.probe...); err != nil {
			return err
		}
	}
	if s.src == "" {
		return nil
	}
	from, to := filepath.Join(w.src, s.src), s.bin(w)
	return straced.Compile(from, to, s.libs...)
}

func nginxConf(tls string) func(place) string {
	return func(p place) string {
		listen := fmt.Sprintf("listen 127.0.0.1:%d %s;", p.port, tls)
		if tls != "" {
			listen += " ssl_certificate ../cert.pem; ssl_certificate_key ../key.pem;"
		}
		return `worker_processes 4;
daemon off;
pid pid;
error_log error;
events { worker_connections 64; }
http {
	access_log off;
	client_body_temp_path body;
	proxy_temp_path proxy;
	fastcgi_temp_path fastcgi;
	uwsgi_temp_path uwsgi;
	scgi_temp_path scgi;
	server { ` + listen + ` root ` + p.www + `; }
}
`
	}
}

func haproxyConf(p place) string {
	return fmt.Sprintf(`global
	maxconn 200
	nbthread 2
defaults
	mode http
	timeout connect 5s
	timeout client 30s
	timeout server 30s
frontend in
	bind 127.0.0.1:%d
	default_backend out
backend out
	server one 127.0.0.1:%d
`, p.port, p.backend)
}

func lighttpdConf(p place) string {
	return fmt.Sprintf(`server.document-root = "%s"
server.bind = "127.0.0.1"
server.port = %d
server.errorlog = "%s/error"
index-file.names = ("index.html")
`, p.www, p.port, p.dir)
}

var errNoWrk = errors.New("wrk is not installed")

// wrk loads a web server for a second, when it is there.
func wrk(ctx context.Context, scheme string, p place) error {
	if _, err := exec.LookPath("wrk"); err != nil {
		return errNoWrk
	}
	return exec.CommandContext(ctx, "wrk", "-t1", "-c8", "-d1s", scheme+"://"+p.addr()+"/").Run()
}
