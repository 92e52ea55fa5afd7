package loop

import (
	"golang.org/x/sys/unix"

	"evviz/trace"
)

// duplicates are the second descriptors that the dup knob keeps of connections.
type duplicates struct{ list []dup }

// dup is a kept duplicate and the connection it is of.
type dup struct {
	fd int
	of *conn
}

// keep keeps a second descriptor of a connection, recorded. The kernel forgets a registration when the last descriptor of
// its file is closed, so this one keeps it alive (K01).
func (d *duplicates) keep(k kernel, c *conn) {
	t0 := k.tr.Now()
	fd, err := unix.FcntlInt(uintptr(c.fd), unix.F_DUPFD_CLOEXEC, 0)
	t1 := k.tr.Now()
	e := k.tr.Next(trace.Dup, t1)
	e.FD, e.Gen, e.A, e.Mask, e.Dur, e.Errno = int32(c.fd), c.gen, int64(fd), unix.O_CLOEXEC, t1-t0, errnoOf(err)
	if err == nil {
		k.table.born(fd)
		k.table.locked(func() { d.list = append(d.list, dup{fd, c}) })
	}
}

// drop closes the duplicates. Before, it tries what a program tries that wants to be rid of a registration whose
// descriptor it has closed: to take it out by the old number, then by the duplicate's. Neither is its key any more.
func (d *duplicates) drop(k kernel, drv driver) {
	for _, x := range d.list {
		if r, ok := drv.(registering); ok && x.of.fd < 0 {
			r.removeStale(int(uint32(x.of.id)), x.of.gen)
			r.removeStale(x.fd, k.table.genOf(x.fd))
		}
		k.close(x.fd, k.table.genOf(x.fd), trace.CloseSwitch)
	}
	d.list = nil
}
