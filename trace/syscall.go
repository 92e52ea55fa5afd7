package trace

// SyscallOf is which system call an event was, for the kinds that several calls make (their field call); 0 for all others.
func SyscallOf(e *Event) Syscall {
	switch e.Kind {
	case Wait:
		return WaitOf(e).Call()
	case Sleep:
		return SleepOf(e).Call()
	case Accept:
		return AcceptOf(e).Call()
	case Read:
		return ReadOf(e).Call()
	case Write:
		return WriteOf(e).Call()
	case FdFlags:
		return FdFlagsOf(e).Call()
	}
	return 0
}
