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
	switch c.Sys {
	case SysEpollCreate1, SysAccept4, SysSocket:
		if c.Ret > math.MaxInt32 {
			return fmt.Errorf("%s gave %d, which is no descriptor", en.name, c.Ret)
		}
	case SysRead, SysWrite, SysRecvfrom, SysSendto:
		flags := uint64(0)
		if c.Sys == SysRecvfrom || c.Sys == SysSendto {
			flags = c.Args[3]
		}
		if asked := size(c.Args[2]); c.Ret > asked && flags&msgTrunc == 0 {
			return fmt.Errorf("%s moved %d bytes of %d", en.name, c.Ret, asked)
		}
	case SysEpollWait:
		if most := int64(int32(c.Args[2])); c.Ret > most {
			return fmt.Errorf("%s reported %d of at most %d", en.name, c.Ret, most)
		}
		if int64(len(c.Events)) > c.Ret {
			return fmt.Errorf("%s reported %d and delivered %d", en.name, c.Ret, len(c.Events))
		}
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
