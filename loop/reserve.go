package loop

import (
	"golang.org/x/sys/unix"

	"evviz/trace"
)

// reserve is a descriptor kept in hand, to be given up when there are no others (OnEMFILE).
type reserve struct{ fd int } // -1 there is none

// open takes one, if there is one.
func (r *reserve) open(k kernel) {
	fd, err := unix.Open("/dev/null", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err == nil {
		k.opened(fd, trace.TypeOther, trace.OriginOpen, 0, 0, unix.O_CLOEXEC)
		k.table.locked(func() { r.fd = fd })
	}
}

// giveUp closes it, so that a connection can be accepted. False: there was none.
func (r *reserve) giveUp(k kernel) bool {
	fd := -1
	k.table.locked(func() { fd, r.fd = r.fd, -1 })
	if fd < 0 {
		return false
	}
	k.close(fd, k.table.genOf(fd), trace.CloseShed)
	return true
}
