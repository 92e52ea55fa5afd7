package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// server is one program that does it right.
type server struct {
	name  string
	needs []need
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

// need is a program and the package that brings it.
type need struct{ program, pkg string }

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
	{name: "nginx", needs: []need{{"nginx", "nginx-light"}}, conf: nginxConf(""), quit: syscall.SIGQUIT, web: "http",
		argv: func(p place) []string { return []string{"nginx", "-p", p.dir + "/", "-e", "error", "-c", p.conf()} }, talk: web("")},
	{name: "nginx-tls", needs: []need{{"nginx", "nginx-light"}}, conf: nginxConf("ssl"), quit: syscall.SIGQUIT, web: "https", one: true,
		argv: func(p place) []string { return []string{"nginx", "-p", p.dir + "/", "-e", "error", "-c", p.conf()} }, talk: web("tls")},
	{name: "redis", needs: []need{{"redis-server", "redis-server"}}, talk: redis,
		argv: func(p place) []string {
			return []string{"redis-server", "--bind", "127.0.0.1", "--port", fmt.Sprint(p.port), "--save", "", "--dir", p.dir}
		}},
	{name: "node-http", needs: []need{{"node", "nodejs"}}, src: "node.js", argv: said("node", "BIN", "http", "PORT", "DIR"), talk: web(""), web: "http"},
	{name: "node-https", needs: []need{{"node", "nodejs"}}, src: "node.js", argv: said("node", "BIN", "https", "PORT", "DIR"), talk: web("tls"), web: "https"},
	{name: "node-child", needs: []need{{"node", "nodejs"}}, src: "node.js", argv: said("node", "BIN", "child", "PORT", "DIR"), talk: web(""), slow: true},
	{name: "asyncio", needs: []need{{python, "python3"}}, src: "asyncio_echo.py", argv: said(python, "-S", "-E", "BIN", "PORT"), talk: echo},
	{name: "tornado", needs: []need{{python, "python3"}}, src: "tornado_http.py", probe: []string{python, "-E", "-c", "import tornado.web"},
		argv: said(python, "-E", "BIN", "PORT"), talk: web(""), web: "http"},
	{name: "go-http", needs: []need{{"go", "golang"}}, src: "go_http.go", argv: said("BIN", "PORT"), talk: web(""), web: "http"},
	{name: "go-echo", needs: []need{{"go", "golang"}}, src: "go_echo.go", argv: said("BIN", "PORT"), talk: echo},
	{name: "memcached", needs: []need{{"memcached", "memcached"}}, argv: said("memcached", "-u", "root", "-l", "127.0.0.1", "-p", "PORT", "-t", "4"), talk: memcached},
	{name: "haproxy", needs: []need{{"haproxy", "haproxy"}}, conf: haproxyConf,
		argv: func(p place) []string { return []string{"haproxy", "-db", "-f", p.conf()} }, talk: web(""), web: "http"},
	{name: "lighttpd", needs: []need{{"lighttpd", "lighttpd"}}, conf: lighttpdConf,
		argv: func(p place) []string { return []string{"lighttpd", "-D", "-f", p.conf()} }, talk: web(""), web: "http"},
	{name: "eventmachine-select", needs: []need{{"ruby", "ruby"}}, src: "eventmachine_echo.rb", probe: []string{"ruby", "-e", "require 'eventmachine'"},
		argv: said("ruby", "BIN", "PORT", "select"), talk: echo},
	{name: "eventmachine-epoll", needs: []need{{"ruby", "ruby"}}, src: "eventmachine_echo.rb", probe: []string{"ruby", "-e", "require 'eventmachine'"},
		argv: said("ruby", "BIN", "PORT", "epoll"), talk: echo},
	{name: "libevent", needs: []need{{"gcc", "gcc"}}, src: "libevent_echo.c", libs: []string{"-levent"}, argv: said("BIN", "PORT"), talk: echo},
	{name: "libuv", needs: []need{{"gcc", "gcc"}}, src: "libuv_echo.c", libs: []string{"-luv"}, argv: said("BIN", "PORT"), talk: echo},
	{name: "libev", needs: []need{{"gcc", "gcc"}}, src: "libev_echo.c", libs: []string{"-lev"}, argv: said("BIN", "PORT"), talk: echo},
	{name: "udp", needs: []need{{"gcc", "gcc"}}, src: "udp.c", argv: said("BIN", "PORT"), talk: datagrams, udp: true},
	{name: "framed", needs: []need{{"gcc", "gcc"}}, src: "framed.c", argv: said("BIN", "PORT"), talk: framed},
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
	for _, n := range s.needs {
		if _, err := exec.LookPath(n.program); err != nil {
			return fmt.Errorf("%s is not installed; the package %s has it", n.program, n.pkg)
		}
	}
	if len(s.probe) > 0 {
		if out, err := exec.Command(s.probe[0], s.probe[1:]...).CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w: %s", strings.Join(s.probe, " "), err, lastLine(out))
		}
	}
	if s.src == "" {
		return nil
	}
	from, to := filepath.Join(w.src, s.src), s.bin(w)
	var cmd *exec.Cmd
	switch filepath.Ext(s.src) {
	case ".c":
		cmd = exec.Command("gcc", append([]string{"-O1", "-o", to, from}, s.libs...)...)
	case ".go":
		cmd = exec.Command("go", "build", "-trimpath", "-o", to, from)
	default:
		b, err := os.ReadFile(from)
		if err != nil {
			return err
		}
		return os.WriteFile(to, b, 0o644)
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", cmd.Args[0], err, firstLine(out))
	}
	return nil
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

func firstLine(b []byte) string {
	line, _, _ := strings.Cut(strings.TrimSpace(string(b)), "\n")
	return line
}

func lastLine(b []byte) string {
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	return lines[len(lines)-1]
}

var errNoWrk = errors.New("wrk is not installed")

// wrk loads a web server for a second, when it is there.
func wrk(ctx context.Context, scheme string, p place) error {
	if _, err := exec.LookPath("wrk"); err != nil {
		return errNoWrk
	}
	return exec.CommandContext(ctx, "wrk", "-t1", "-c8", "-d1s", scheme+"://"+p.addr()+"/").Run()
}
