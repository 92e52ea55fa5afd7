#!/bin/sh
# Makes the logs of this folder anew: sh make.sh negative|bugs|museum [NAME...]
#
# Needs strace, curl, wrk, nginx, redis-server and redis-benchmark, node, python3, gcc and go. Everything runs in $DEMO, which
# is made and taken away, so that no path of the machine it was made on is in a log; all traffic is on loopback.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
DEMO=${DEMO:-/srv/demo}
calls=%network,epoll_create,epoll_create1,epoll_ctl,epoll_wait,epoll_pwait,epoll_pwait2,poll,ppoll,select,pselect6
calls=$calls,openat,read,readv,pread64,write,writev,pwrite64,close,dup,dup2,dup3,fcntl,ioctl,sendfile,splice
calls=$calls,eventfd2,pipe,pipe2,timerfd_create,timerfd_settime,signalfd4,nanosleep,clock_nanosleep,futex,fsync,fdatasync
calls=$calls,fork,vfork,clone,clone3,execve,exit,exit_group,io_uring_setup,io_uring_enter,io_uring_register

mkdir -p "$DEMO"
cd "$DEMO"
trap 'rm -rf "$DEMO"' EXIT

# trace NAME CMD ...: starts it under strace, with an environment that says nothing of this machine.
trace() {
	name=$1; shift
	env -i PATH=/usr/bin:/bin:/usr/sbin HOME="$DEMO" GOMAXPROCS=2 \
		strace -f -ttt -T -yy -s 32 -e trace="$calls" -o "$DEMO/$name.strace" "$@" >/dev/null 2>"$DEMO/$name.err" &
	tracer=$!
}

# up PORT: waits until something listens there.
up() {
	hex=$(printf ':%04X 00000000:0000 0A' "$1")
	for _ in $(seq 500); do
		grep -q "$hex" /proc/net/tcp && return
		sleep 0.02
	done
	echo "nothing listens on port $1" >&2
	exit 1
}

# child is the traced program itself, the tracer's only child.
child() { cat "/proc/$tracer/task/$tracer/children"; }

keep() { # keep NAME FOLDER
	wait "$tracer" || :
	mv "$DEMO/$1.strace" "$here/$2/$1.strace"
	ls -l "$here/$2/$1.strace"
}

some_http() { # some_http PORT: each on a connection of its own, three on one, then so many at once on eight connections
	for _ in 1 2 3; do curl -s "http://127.0.0.1:$1/" >/dev/null; done
	curl -s "http://127.0.0.1:$1/" "http://127.0.0.1:$1/" "http://127.0.0.1:$1/" >/dev/null
	curl -s -Z --parallel-immediate --parallel-max 8 "http://127.0.0.1:$1/?[1-$2]" >/dev/null 2>&1
	sleep 0.2
}

negative_nginx() {
	mkdir -p logs html
	echo hello >html/index.html
	cat >nginx.conf <<-END
		worker_processes 2;
		daemon off;
		pid logs/pid;
		error_log logs/error;
		events { worker_connections 64; }
		http { access_log off; server { listen 127.0.0.1:8401; root html; } }
	END
	trace nginx nginx -p "$DEMO/" -e logs/error -c nginx.conf
	up 8401
	some_http 8401 60
	kill -QUIT "$(cat logs/pid)"
	keep nginx negative
}

negative_redis() {
	trace redis redis-server --bind 127.0.0.1 --port 8402 --save "" --dir "$DEMO"
	up 8402
	redis-benchmark -h 127.0.0.1 -p 8402 -q -c 5 -n 40 -t ping,set,get >/dev/null
	sleep 0.3
	redis-cli -h 127.0.0.1 -p 8402 shutdown nosave || :
	keep redis negative
}

negative_node() {
	cp "$here/negative/src/node.js" .
	trace node node node.js
	up 8403
	some_http 8403 40
	timeout -s INT 0.1 wrk -t1 -c8 -d1s http://127.0.0.1:8403/ >/dev/null || :
	curl -s http://127.0.0.1:8403/quit >/dev/null
	keep node negative
}

negative_asyncio() {
	cp "$here/negative/src/asyncio_echo.py" .
	trace asyncio python3 -S -E asyncio_echo.py
	up 8404
	python3 - <<-END
		import socket
		cs = [socket.create_connection(("127.0.0.1", 8404)) for _ in range(5)]
		for n in (10, 100, 5000, 70000):
		    for c in cs:
		        c.sendall(b"x" * n)
		        left = n
		        while left:
		            left -= len(c.recv(left))
		for c in cs[1:]:
		    c.close()
		cs[0].sendall(b"quit\n")
		while cs[0].recv(100):
		    break
		cs[0].close()
	END
	keep asyncio negative
}

negative_go() {
	cp -r "$here/negative/src/gohttp" gohttp
	go build -trimpath -o demo-go gohttp/main.go
	trace go ./demo-go
	up 8405
	some_http 8405 60
	curl -s http://127.0.0.1:8405/quit >/dev/null
	keep go negative
}

what=${1:-}
shift || :
case $what in
negative) for n in ${*:-nginx redis node asyncio go}; do "negative_$n"; done ;;
bugs | museum) . "$here/$what/make.sh" ;;
*) echo "usage: sh make.sh negative|bugs|museum [NAME...]" >&2; exit 2 ;;
esac
