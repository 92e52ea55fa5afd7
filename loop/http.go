package loop

import (
	"bytes"
	"strconv"
	"strings"
)

// Bounds of a request, in bytes.
const (
	requestLineLimit = 8 << 10
	headLimit        = 16 << 10 // request line and all header fields
)

// request is one HTTP request as far as the delay server cares.
type request struct {
	method string
	path   string // still encoded, without the query
	close  bool   // the client wants the connection closed after the answer
	http10 bool
}

// refusal is an answer to what is not a request of ours: status and one sentence.
type refusal struct {
	status int
	text   string
}

// httpParser takes requests out of a stream of bytes. It depends on the bytes alone, not on how they are cut into reads:
// every decision is taken at a line's end or when a limit is passed. RFC 9112 is the law; chunked request bodies, which a
// GET has no use for, are refused.
type httpParser struct {
	in   []byte // received, not parsed yet
	head int    // bytes of the present head that have been parsed
	skip int64  // bytes of a body that are still to be thrown away

	begun  bool // the request line is there
	req    request
	length int64 // of the body; -1 while the head is not whole
	sized  int64 // what Content-Length said, plus 1; 0 not seen
	host   int   // Host fields seen
	bad    *refusal
}

// feed adds what was read.
func (p *httpParser) feed(b []byte) {
	if p.skip > 0 { // a body is thrown away at once
		n := min(p.skip, int64(len(b)))
		p.skip -= n
		if b = b[n:]; len(b) == 0 {
			return
		}
	}
	p.in = append(p.in, b...)
}

// next gives the next whole request, body included. Both results are nil when more bytes are needed. A refusal is final:
// where the next request would begin is not known.
func (p *httpParser) next() (*request, *refusal) {
	if p.bad != nil {
		return nil, p.bad
	}
	for p.length < 0 {
		line, ok := p.line()
		if p.bad != nil {
			p.in = nil
			return nil, p.bad
		}
		if !ok {
			return nil, nil
		}
		switch {
		case !p.begun && len(line) == 0:
			p.head = 0 // empty lines before a request are ignored (RFC 9112, 2.2)
		case !p.begun:
			p.begun = true
			p.requestLine(line)
		case len(line) == 0:
			p.endOfHead()
		default:
			p.field(line)
		}
		if p.bad != nil {
			p.in = nil
			return nil, p.bad
		}
	}
	n := min(p.skip, int64(len(p.in)))
	if p.in, p.skip = p.in[n:], p.skip-n; p.skip > 0 {
		return nil, nil // in the body
	}
	r := p.req
	*p = httpParser{in: p.in, length: -1}
	if len(p.in) == 0 {
		p.in = nil
	}
	return &r, nil
}

// line takes a line without its end, which is CRLF or a bare LF.
func (p *httpParser) line() ([]byte, bool) {
	limit := headLimit - p.head
	if !p.begun {
		limit = min(limit, requestLineLimit)
	}
	i := bytes.IndexByte(p.in[:min(len(p.in), limit)], '\n')
	if i < 0 {
		switch {
		case len(p.in) < limit:
		case !p.begun:
			p.bad = &refusal{414, "The request line is longer than " + strconv.Itoa(requestLineLimit) + " bytes."}
		default:
			p.bad = &refusal{431, "The header fields are longer than " + strconv.Itoa(headLimit) + " bytes."}
		}
		return nil, false
	}
	line := p.in[:i]
	p.in, p.head = p.in[i+1:], p.head+i+1
	return bytes.TrimSuffix(line, []byte{'\r'}), true
}

func (p *httpParser) refuse(text string) { p.bad = &refusal{400, text} }

func (p *httpParser) requestLine(line []byte) {
	method, rest, ok := strings.Cut(string(line), " ")
	target, version, ok2 := strings.Cut(rest, " ")
	if !ok || !ok2 || !token(method) || target == "" || strings.ContainsFunc(target, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		p.refuse("The request line is not METHOD TARGET HTTP/1.1.")
		return
	}
	major, minor, ok := strings.Cut(strings.TrimPrefix(version, "HTTP/"), ".")
	switch {
	case !strings.HasPrefix(version, "HTTP/") || !ok || len(major) != 1 || len(minor) != 1 || !digits(major) || !digits(minor):
		p.refuse("The request line does not end with a version of HTTP.")
		return
	case major != "1":
		p.bad = &refusal{505, "This server speaks HTTP/1.1 and HTTP/1.0 only."}
		return
	}
	p.req = request{method: method, http10: minor == "0"}
	p.req.close = p.req.http10
	// A target may be a whole URL, as it is sent to a proxy.
	if len(target) > 7 && strings.EqualFold(target[:7], "http://") {
		if i := strings.IndexByte(target[7:], '/'); i >= 0 {
			target = target[7+i:]
		} else {
			target = "/"
		}
	}
	p.req.path, _, _ = strings.Cut(target, "?")
	if method == "GET" || method == "HEAD" {
		if p.req.path == "" || p.req.path[0] != '/' {
			p.refuse("The target of a request begins with a slash.")
		}
	}
}

func (p *httpParser) field(line []byte) {
	name, value, ok := strings.Cut(string(line), ":")
	if !ok || !token(name) {
		p.refuse("A header field is not NAME: VALUE.")
		return
	}
	value = strings.Trim(value, " \t")
	if strings.ContainsFunc(value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) {
		p.refuse("A header field has a control character in it.")
		return
	}
	switch strings.ToLower(name) {
	case "host":
		if p.host++; p.host > 1 {
			p.refuse("A request has one Host field, not several.")
		}
	case "connection":
		for t := range strings.SplitSeq(value, ",") {
			if strings.EqualFold(strings.Trim(t, " \t"), "close") {
				p.req.close = true
			}
		}
	case "content-length":
		n, err := strconv.ParseInt(value, 10, 63)
		if err != nil || !digits(value) {
			p.refuse("Content-Length is not a number of bytes.")
			return
		}
		if p.sized > 0 && p.sized != n+1 {
			p.refuse("A request has one length, not two.")
			return
		}
		p.sized = n + 1
	case "transfer-encoding":
		p.bad = &refusal{501, "Request bodies with a Transfer-Encoding are not taken; send Content-Length."}
	}
}

func (p *httpParser) endOfHead() {
	if p.host == 0 && !p.req.http10 {
		p.refuse("An HTTP/1.1 request needs a Host field.")
		return
	}
	p.length = max(p.sized-1, 0)
	p.skip = p.length
}

// token reports whether s is a token of RFC 9110, 5.6.2.
func token(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c <= ' ' || c >= 0x7f || strings.IndexByte(`"(),/:;<=>?@[\]{}`, c) >= 0 {
			return false
		}
	}
	return s != ""
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
