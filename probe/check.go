package probe

import (
	"fmt"
	"math"

	"evviz/trace"
)

// check refuses a call that contradicts itself: no kernel gives such an answer, so whoever read it read it wrongly.
func (c *Call) check(en *entry) error {
	if c.Dur < 0 {
		return fmt.Errorf("%s took %d ns", en.name, c.Dur)
	}
	if c.Phase.Base() == trace.PhaseEnter || c.Errno != 0 {
		return nil
	}
	if c.Ret < 0 {
		return fmt.Errorf("%s gave %d and no error", en.name, c.Ret)
	}
	if en.fd >= 0 && int32(c.Args[en.fd]) < 0 && !c.Headless {
		return fmt.Errorf("%s worked on a descriptor that Linux does not give", en.name)
	}
	if en.asked != nil {
		flags := uint64(0)
		if en.flags != 0 {
			flags = c.Args[en.flags]
		}
		if asked, moved := en.asked(c), c.moved(); moved > asked && flags&msgTrunc == 0 && !c.Cut {
			return fmt.Errorf("%s moved %d bytes of %d", en.name, moved, asked)
		}
		return nil
	}
	switch en.kind {
	case trace.Open, trace.Instance, trace.Accept, trace.Dup:
		if c.Ret > math.MaxInt32 {
			return fmt.Errorf("%s returned %d, which is not a descriptor", en.name, c.Ret)
		}
	}
	switch c.Sys {
	case SysEpollWait, SysEpollPwait, SysEpollPwait2:
		return c.checkReports(en, int64(int32(c.Args[2])), int64(len(c.Events)))
	case SysPoll, SysPpoll:
		return c.checkReports(en, int64(c.Args[1]), int64(len(c.Got)))
	case SysSelect, SysPselect6:
		if int64(len(c.Got)) > c.Ret {
			return fmt.Errorf("%s reported %d bits and they belong to %d descriptors", en.name, c.Ret, len(c.Got))
		}
		if most := int64(int32(c.Args[0])); int64(len(c.Got)) > most {
			return fmt.Errorf("%s reported %d of at most %d", en.name, len(c.Got), most)
		}
	}
	return nil
}

func (c *Call) checkReports(en *entry, most, got int64) error {
	if c.Ret > most {
		return fmt.Errorf("%s reported %d of at most %d", en.name, c.Ret, most)
	}
	if got > c.Ret {
		return fmt.Errorf("%s reported %d and delivered %d", en.name, c.Ret, got)
	}
	return nil
}

// seen is the error as the program gets to see it: the kernel's own marks for a call that is to be started again reach a
// tracer only, and the program sees an interruption, or nothing.
func seen(errno uint16) uint16 {
	if errno >= restartFirst && errno <= restartLast {
		return eINTR
	}
	return errno
}
