package cmd

import (
	"errors"
	"fmt"
	"io"
	"os"

	"evviz/probe"
	"evviz/record"
	"evviz/trace"
)

// recording is a file that can be shown: a trace, its text form, or what strace printed.
type recording interface {
	trace.Source
	trace.Seeker
	Events() int64
	Path() string
}

// openRecording opens a file by what is in it, not by its name. "-" is strace text on standard input, and a name that is no
// file may be that of what strace -ff has written (probe.Open).
func openRecording(path string) (recording, error) { return openRecordingWith(path, nil) }

// openRecordingWith is openRecording with what other tools say of the program's descriptors; nil: nothing.
func openRecordingWith(path string, with *probe.Beside) (recording, error) {
	switch {
	case looksLikeText(path):
		return record.OpenText(path)
	case looksLikeStrace(path):
		s, err := probe.OpenStraceWith(with, path)
		if err != nil {
			return nil, err
		}
		if f := s.Foreign(); f != nil {
			s.Close()
			return nil, fmt.Errorf("%s: %w", path, f)
		}
		return s, nil
	}
	f, err := record.OpenFile(path)
	if errors.Is(err, record.ErrNotTrace) {
		if x := probe.ForeignIn(firstText(path)); x != nil {
			err = fmt.Errorf("%s: %w", path, x)
		}
	}
	if err != nil {
		return nil, err
	}
	return f, nil
}

// looksLikeStrace says whether there is strace text. What cannot be read is left to whoever opens it to complain about.
func looksLikeStrace(path string) bool {
	return path == "-" || probe.IsLogSet(path) || probe.Sniff(firstText(path))
}

// looksLikeText says whether a file is a trace in the text form.
func looksLikeText(path string) bool { return record.SniffText(firstOf(path)) }

// foreignBytes is how much of a file is looked at to tell which tool printed it: prose stands before what was pasted.
const foreignBytes = 1 << 18

// firstText is the beginning of what may be text, which gzip may have made smaller.
func firstText(path string) []byte {
	return headThrough(path, foreignBytes, probe.Unzip)
}

// firstOf is the first 16 KiB of a file; nothing of what is none, or cannot be read.
func firstOf(path string) []byte { return headOf(path, 1<<14) }

func headOf(path string, bytes int) []byte {
	return headThrough(path, bytes, func(r io.Reader) io.Reader { return r })
}

// headThrough is the beginning of what a filter makes of a file.
func headThrough(path string, bytes int, filter func(io.Reader) io.Reader) []byte {
	if st, err := os.Stat(path); err != nil || !st.Mode().IsRegular() {
		return nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	first := make([]byte, bytes)
	n, err := io.ReadFull(filter(f), first)
	if err != nil && err != io.ErrUnexpectedEOF {
		return nil
	}
	return first[:n]
}

// trouble is what of a recording could not be understood, in the order in which it should be told.
func trouble(r recording) (said []string) {
	switch r := r.(type) {
	case *record.File:
		if !r.Closed() {
			said = append(said, notClosed)
		}
		for _, d := range r.Damage() {
			said = append(said, fmt.Sprint(d))
		}
	case *probe.Strace:
		if n, first := r.Unparsed(); n > 0 {
			lines := "lines"
			if n == 1 {
				lines = "line"
			}
			said = append(said, fmt.Sprintf("%d %s not understood (first: %q)", n, lines, first[0]))
		}
		if n := r.Cut(); n > 0 {
			said = append(said, fmt.Sprintf("too long: %d events are shown, %d more are not", r.Events()-1, n))
		}
	}
	return said
}

// notClosed is said of a recording without an end.
const notClosed = "the recording was not closed: evviz was killed, its disk was full, or it is still recording; up to a second at the end is missing"

// tellTrouble says it on standard error.
func tellTrouble(r recording) {
	for _, s := range trouble(r) {
		say("%s: %s", r.Path(), s)
	}
}
