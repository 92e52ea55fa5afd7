package cmd

import (
	"github.com/spf13/cobra"

	"evviz/diagnostics"
	"evviz/probe"
	"evviz/trace"
)

// withFlag makes the flag that names files with lines of other tools.
func withFlag(c *cobra.Command, to *[]string) {
	c.Flags().StringArrayVar(to, "with", nil, "a file with what lsof -p, ls -l /proc/PID/fd, ss -tnp, netstat -anp or /proc/PID/fdinfo/N said of the program (may be repeated)")
}

// readWith reads those files; nil when there are none.
func readWith(paths []string) (with *probe.Beside, err error) {
	for _, path := range paths {
		b, err := probe.ReadBeside(path)
		if err != nil {
			return nil, err
		}
		if with == nil {
			with = b
		} else {
			with.Add(b)
		}
	}
	return with, nil
}

// beside is what other tools say of the program's descriptors at the end.
type beside struct{ *probe.Beside }

// besideOf is what stands beside a log, in its text or in files of its own; of a recording only the latter.
func besideOf(src trace.Source, with *probe.Beside) beside {
	if s, ok := src.(*probe.Stream); ok {
		return beside{s.Beside()}
	}
	if with == nil {
		with = &probe.Beside{}
	}
	return beside{with}
}

// confirm holds findings against it, as --look does against the kernel. A socket that no line is about is not said to be gone: the lines
// need not be of all.
func (b beside) confirm(found []*diagnostics.Finding) {
	if b.Empty() {
		return
	}
	for _, f := range found {
		c, known := *f, true
		diagnostics.Confirm([]*diagnostics.Finding{&c}, diagnostics.Looks{
			Queue: func(local, remote string) (n int64, ok bool) {
				n, ok = b.Queue(local, remote)
				known = ok
				return n, ok
			},
			Interest: b.Interest,
			Level:    b.Level,
			Closing:  b.Closing,
		})
		if known {
			*f = c
		}
	}
}
