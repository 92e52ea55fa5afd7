package loop

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"evviz/trace"
)

// delayLimit is the longest delay that can be asked for.
const delayLimit = time.Hour

// pipelined is how many requests of one connection may be under way; behind them the connection is not read.
const pipelined = 128

// delay is an HTTP/1.1 server: GET /1500/text answers text after 1500 ms. Delays of one connection run side by side from
// the moment each request has come, but answers leave in the order of the requests, as HTTP/1.1 has it.
type delay struct {
	p     httpParser
	queue []*pending
	eof   bool
	over  bool // no request behind the last in queue will be answered
}

// pending is one request's answer.
type pending struct {
	head  bool // HEAD: without the body
	close bool
	bad   bool // the stream cannot be understood from here on
	code  int
	body  string
	ready bool
}

func (d *delay) opened(outlet) { d.p.length = -1 }

func (d *delay) received(o outlet, p []byte) {
	if d.over {
		return
	}
	d.p.feed(p)
	d.run(o)
}

func (d *delay) ended(o outlet) {
	d.eof = true
	d.run(o)
}

func (d *delay) writable(o outlet) { d.run(o) }

func (d *delay) released(*Loop) {}

func (d *delay) busy() bool { return len(d.queue) > 0 }

// run takes up requests and sends what is due.
func (d *delay) run(o outlet) {
	for sent := 1; sent > 0; {
		for !d.over && len(d.queue) < pipelined {
			req, bad := d.p.next()
			if req == nil && bad == nil {
				break
			}
			d.take(o, req, bad)
		}
		sent = d.send(o) // and there may be room again for what has been read already
	}
	if d.eof && len(d.queue) == 0 {
		o.finish(trace.CloseEOF)
		return
	}
	o.hold(!d.over && len(d.queue) >= pipelined)
}

// take begins to answer one request.
func (d *delay) take(o outlet, req *request, bad *refusal) {
	a := &pending{ready: true}
	d.queue = append(d.queue, a)
	if bad != nil {
		d.over = true
		a.code, a.body, a.close, a.bad = bad.status, bad.text, true, true
		return
	}
	a.head, a.close = req.method == "HEAD", req.close
	d.over = a.close
	wait := time.Duration(0)
	a.code, a.body, wait = resource(req)
	if wait > 0 {
		a.ready = false
		o.after(wait, func(o outlet) {
			a.ready = true
			d.run(o)
		})
	}
}

// resource is what a request asks for, and how long its answer is to wait.
func resource(r *request) (code int, body string, wait time.Duration) {
	if r.method != "GET" && r.method != "HEAD" {
		return http.StatusMethodNotAllowed, "This server answers GET and HEAD only.", 0
	}
	if r.path == "/" {
		return http.StatusOK, "GET /1500/text answers text after 1500 milliseconds.\n", 0
	}
	path, err := url.PathUnescape(r.path)
	if err != nil {
		return http.StatusBadRequest, "The path is not properly encoded.", 0
	}
	ms, text, ok := strings.Cut(path[1:], "/")
	if !ok || !digits(ms) {
		return http.StatusNotFound, "Nothing is here; GET /1500/text answers text after 1500 milliseconds.", 0
	}
	n, err := strconv.ParseInt(ms, 10, 64)
	if err != nil || n > delayLimit.Milliseconds() {
		return http.StatusBadRequest, fmt.Sprintf("A delay is at most %d milliseconds.", delayLimit.Milliseconds()), 0
	}
	return http.StatusOK, text, time.Duration(n) * time.Millisecond
}

// send sends the answers at the head of the queue that are ready, in one call, and says how many.
func (d *delay) send(o outlet) int {
	n := 0
	var out []byte
	for n < len(d.queue) && d.queue[n].ready && len(out) < 64<<10 && !o.clogged() {
		out = d.queue[n].append(out, o.l.dates.now())
		n++
	}
	if n == 0 {
		return 0
	}
	last := d.queue[n-1]
	d.queue = slices.Delete(d.queue, 0, n)
	o.send(out)
	switch {
	case last.bad:
		o.refuse(trace.CloseError)
	case last.close:
		o.refuse(trace.CloseServed) // more requests may be on their way
	}
	return n
}

// append writes the answer.
func (a *pending) append(p []byte, date string) []byte {
	p = fmt.Appendf(p, "HTTP/1.1 %d %s\r\nDate: %s\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: %d\r\n",
		a.code, http.StatusText(a.code), date, len(a.body))
	if a.code == http.StatusMethodNotAllowed {
		p = append(p, "Allow: GET, HEAD\r\n"...)
	}
	if a.close {
		p = append(p, "Connection: close\r\n"...)
	}
	p = append(p, "\r\n"...)
	if !a.head {
		p = append(p, a.body...)
	}
	return p
}

// dateCache is the Date field's value and the second it was made for.
type dateCache struct {
	sec  int64
	text string
}

// now is the value for the present second.
func (d *dateCache) now() string {
	now := time.Now()
	if s := now.Unix(); s != d.sec {
		*d = dateCache{s, now.UTC().Format(http.TimeFormat)}
	}
	return d.text
}
