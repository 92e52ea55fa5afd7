package cmd

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/spf13/pflag"

	"evviz/export"
	"evviz/record"
	"evviz/trace"
)

// textForm is the value of --text: "" nothing is printed, or which of the two forms of text.
type textForm string

const (
	textLines textForm = "lines" // for people: the lines of view 6
	textRaw   textForm = "raw"   // for machines: every event with its fields; it can be read back
)

// Set implements pflag.Value. true and false are for those who write every flag so, in the environment for example.
func (t *textForm) Set(s string) error {
	switch s {
	case "true":
		*t = textLines
	case "false", "":
		*t = ""
	case string(textLines), string(textRaw):
		*t = textForm(s)
	default:
		return errors.New("want lines (for people) or raw (can be read back)")
	}
	return nil
}

func (t *textForm) String() string { return string(*t) }
func (t *textForm) Type() string   { return "lines|raw" }

// textFlag makes the flag; alone it means lines.
func textFlag(f *pflag.FlagSet, t *textForm, doc string) {
	f.Var(t, "text", doc)
	f.Lookup("text").NoOptDefVal = string(textLines)
}

// textWriter prints events in one of the forms.
type textWriter interface {
	Write([]trace.Event) error
}

// writer begins a text of this form.
func (t textForm) writer(w *bufio.Writer, info *trace.Info) textWriter {
	if t == textRaw {
		w.Write(record.AppendTextHead(nil, info)) // an error stays, and comes with Flush
		return rawText{trace.NewTextWriter(w)}
	}
	return export.NewLines(w, info)
}

// rawText hands on what it has written at once: a line may be waited for.
type rawText struct{ t *trace.TextWriter }

func (r rawText) Write(events []trace.Event) error {
	if err := r.t.Write(events); err != nil {
		return err
	}
	return r.t.Flush()
}

// printText prints all events of a recording.
func printText(f recording, form textForm) error {
	w := bufio.NewWriterSize(stdout, 1<<16)
	info := f.Info()
	t := form.writer(w, &info)
	buf := make([]trace.Event, 4096)
	for {
		n, err := f.Read(context.Background(), buf)
		if e := t.Write(buf[:n]); e != nil {
			return failure(fmt.Errorf("write text: %w", e))
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return env(err)
		}
	}
	if err := w.Flush(); err != nil {
		return failure(fmt.Errorf("write text: %w", err))
	}
	return nil
}

// textSink prints events as they are read.
type textSink struct {
	w    *bufio.Writer
	form textForm
	gone chan struct{} // closed when they cannot be written any more
	once sync.Once
	err  error // why not; read when gone is closed
}

func (t *textSink) wrap(src trace.Source) trace.Source {
	info := src.Info()
	return &textSource{Source: src, t: t.form.writer(t.w, &info), sink: t}
}

type textSource struct {
	trace.Source
	t    textWriter
	sink *textSink
}

// Unwrap is the source whose events are printed.
func (s *textSource) Unwrap() trace.Source { return s.Source }

func (s *textSource) Read(ctx context.Context, buf []trace.Event) (int, error) {
	n, err := s.Source.Read(ctx, buf)
	s.t.Write(buf[:n]) // an error stays, and comes with Flush
	if e := s.sink.w.Flush(); e != nil {
		s.sink.once.Do(func() {
			s.sink.err = e
			close(s.sink.gone)
		})
	}
	return n, err
}
