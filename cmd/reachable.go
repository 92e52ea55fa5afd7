package cmd

import (
	"net"
)

// reachable refuses to open a server that other machines can connect to, unless that is allowed; then it says so. The lab's server
// makes mistakes on purpose and asks nobody who he is.
func (o *labOptions) reachable() error {
	host, _, err := net.SplitHostPort(o.listen)
	if o.listen == "" || err != nil {
		return nil // what is no address is told by who opens it
	}
	if ip := net.ParseIP(host); ip == nil || ip.IsLoopback() {
		return nil // the only name that is taken is localhost
	}
	if !o.remote {
		return usage("--listen %s: other machines could connect to the lab's server, which makes mistakes on purpose; take an address of 127.0.0.0/8, or add --allow-remote", o.listen)
	}
	say("warning: other machines can connect to the lab's server at %s", o.listen)
	return nil
}
