package probe

// kinship is what is known of threads whose birth is not in the text: strace numbers threads, not processes, so whose descriptors they use is
// an assumption until what they do shows it.
type kinship struct {
	guessed int                   // threads of which it is an assumption
	split   int                   // those that turned out to be processes
	parked  map[string]*tracee    // who waits by a word of memory
	given   map[int32]numberGiven // who got a number, and closed it

	processes map[int]bool // threads that turned out to be processes,
	known     map[int]bool // ... and those that an earlier reading of the same text has found to be
}

// numberGiven is who got a number by a call that the text shows, and who closed it since.
type numberGiven struct{ opener, closer *tracee }

// numbers learns from the numbers of descriptors which threads share them, while the process of some is an assumption. The kernel gives out
// the lowest number that is free: a thread that gets one again which it has open shares its descriptors with the thread that closed it
// meanwhile, and a thread that goes on using a number which another closed does not.
func (k *kinship) numbers(t *tracee, c *Call) {
	if c.Errno != 0 || c.Ret < 0 {
		return
	}
	switch fd := int32(c.Args[0]); {
	case c.Sys == SysClose:
		if u, ok := k.given[fd]; ok && u.opener != t {
			k.given[fd] = numberGiven{u.opener, t}
		} else {
			delete(k.given, fd)
		}
	case givesLowest(c.Sys):
		fd = int32(c.Ret)
		u, known := k.given[fd]
		if u.closer != nil && u.opener == t && u.closer.files == t.files {
			t.kin, u.closer.kin = true, true
		}
		if k.given == nil {
			k.given = map[int32]numberGiven{}
		}
		if known || len(k.given) < maxUsed {
			k.given[fd] = numberGiven{opener: t}
		}
	case shapes[c.Sys].args != nil && shapes[c.Sys].args[0] == argFD:
		if u := k.given[fd]; u.closer != nil && u.opener == t {
			if u.closer.guessed && u.closer.files == t.files {
				k.apart(u.closer)
			}
			delete(k.given, fd)
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

// apart makes a thread whose process was an assumption a process, because it does what a thread of that process would not: a child of
// which the beginning is not in the text closes what it has inherited, and gets numbers that its parent has given to something else.
func (k *kinship) apart(t *tracee) {
	if t.kin {
		return
	}
	t.pid, t.files, t.guessed = t.tid, t.tid, false
	k.guessed--
	k.split++ // what it did before was taken for another's
	if k.processes == nil {
		k.processes = map[int]bool{}
	}
	k.processes[t.tid] = true
}

// ownFromStart says whether a thread whose birth is not in the text is a process, as its later lines have shown when they were read before.
func (k *kinship) ownFromStart(tid int) bool {
	if !k.known[tid] {
		return false
	}
	k.split++
	return true
}

// futex learns from a thread's futex calls: who wakes another by a word of memory shares that memory with it.
func (k *kinship) futex(t *tracee, word []byte, c *Call, began bool) {
	if k.guessed == 0 {
		return
	}
	if began {
		if c.futexWaits() && len(k.parked) < maxUsed {
			if k.parked == nil {
				k.parked = map[string]*tracee{}
			}
			k.parked[string(word)] = t
		}
		return
	}
	if o := k.parked[string(word)]; o != nil && o != t && c.wakes() && c.Ret > 0 {
		t.kin, o.kin = true, true
	}
}
