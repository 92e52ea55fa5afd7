package probe

// numberGiven is who got a number by a call that the text shows, and who closed it since.
type numberGiven struct{ opener, closer *tracee }

// numbers learns from the numbers of descriptors which threads share them, while the process of some is an assumption. The kernel gives out
// the lowest number that is free: a thread that gets one again which it has open shares its descriptors with the thread that closed it
// meanwhile, and a thread that goes on using a number which another closed does not.
func (r *straceReader) numbers(t *tracee, c *Call) {
	if c.Errno != 0 || c.Ret < 0 {
		return
	}
	switch fd := int32(c.Args[0]); {
	case c.Sys == SysClose:
		if u, ok := r.given[fd]; ok && u.opener != t {
			r.given[fd] = numberGiven{u.opener, t}
		} else {
			delete(r.given, fd)
		}
	case givesLowest(c.Sys):
		fd = int32(c.Ret)
		if u := r.given[fd]; u.closer != nil && u.opener == t && u.closer != t && u.closer.files == t.files {
			t.kin, u.closer.kin = true, true
		}
		if r.given == nil {
			r.given = map[int32]numberGiven{}
		}
		if len(r.given) < maxUsed {
			r.given[fd] = numberGiven{opener: t}
		}
	case shapes[c.Sys].args != nil && shapes[c.Sys].args[0] == argFD:
		if u := r.given[fd]; u.closer != nil && u.opener == t {
			if u.closer.guessed && u.closer.files == t.files {
				r.apart(u.closer)
			}
			delete(r.given, fd)
		}
	}
}

// givesLowest says whether a call returns the lowest number that is free.
func givesLowest(s Sys) bool {
	switch s {
	case SysSocket, SysAccept, SysAccept4, SysOpen, SysOpenat, SysEventfd2, SysEpollCreate1, SysDup:
		return true
	}
	return false
}
