package cmd

import (
	"bufio"
	"fmt"
	"os"

	"evviz/internal/plain"
	"evviz/probe"
)

// printUnparsed lists what of strace text is not understood, a line each: file, line number, text.
func printUnparsed(path string) error {
	if !looksLikeStrace(path) {
		if _, err := os.Stat(path); err != nil {
			return env(err)
		}
		return env(fmt.Errorf("%s: this is not strace text: --unparsed is about such text alone", path))
	}
	w := bufio.NewWriterSize(stdout, 1<<16)
	n := int64(0)
	lines, err := probe.EachUnparsed(path, func(o probe.Odd) {
		name := o.File
		if name == "" {
			name = path
		}
		n++
		fmt.Fprintf(w, "%s\n", plain.Lines(fmt.Sprintf("%s:%d: %s", name, o.Line, o.Text)))
	})
	if err != nil {
		return env(err)
	}
	if err := w.Flush(); err != nil {
		return failure(fmt.Errorf("write the lines: %w", err))
	}
	say("%d of %d lines not understood", n, lines)
	return nil
}
