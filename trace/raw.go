package trace

import (
	"context"
	"fmt"
	"io"
	"sync"
	"unsafe"
)

// The raw form is events as they lie in memory, one after another: for a pipe between two processes of the same program
// on the same machine, where nothing has to be converted. It is not a file format; see Writer for that.

// WriteRaw writes events in the raw form.
func WriteRaw(w io.Writer, evs []Event) error {
	if len(evs) == 0 {
		return nil
	}
	p := unsafe.Slice((*byte)(unsafe.Pointer(&evs[0])), len(evs)*EventSize)
	if _, err := w.Write(p); err != nil {
		return fmt.Errorf("write events: %w", err)
	}
	return nil
}

// RawSource reads events in the raw form from a pipe.
type RawSource struct {
	info Info
	r    io.ReadCloser
	once sync.Once
	err  error
	part int // bytes of an incomplete event at the start of buf
	hold [EventSize]byte
}

// NewRawSource reads from r, which Close closes.
func NewRawSource(r io.ReadCloser, info Info) *RawSource { return &RawSource{info: info, r: r} }

// Info describes the source.
func (s *RawSource) Info() Info { return s.info }

// Close closes the pipe, which ends a Read that waits.
func (s *RawSource) Close() error {
	s.once.Do(func() { s.err = s.r.Close() })
	return s.err
}

// Read waits for at least one whole event. A pipe that ends in the middle of one gives io.ErrUnexpectedEOF. Only Close
// ends a Read that waits, not ctx: a pipe knows no contexts.
func (s *RawSource) Read(ctx context.Context, buf []Event) (int, error) {
	if len(buf) == 0 {
		return 0, nil
	}
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	p := unsafe.Slice((*byte)(unsafe.Pointer(&buf[0])), len(buf)*EventSize)
	have := copy(p, s.hold[:s.part])
	s.part = 0
	for have < EventSize {
		n, err := s.r.Read(p[have:])
		have += n
		if have >= EventSize {
			break
		}
		if err != nil {
			if err == io.EOF && have > 0 {
				err = io.ErrUnexpectedEOF
			}
			return 0, err
		}
	}
	whole := have / EventSize
	s.part = copy(s.hold[:], p[whole*EventSize:have])
	return whole, nil
}

// Pump hands the events of a source on into a ring, until the source ends, and closes the ring. The events keep their
// times; sequence numbers become those of the ring's stream. It is the ring's producer while it runs.
func Pump(ctx context.Context, src Source, ring *Ring) error {
	defer ring.Close()
	buf := make([]Event, 256)
	for {
		n, err := src.Read(ctx, buf)
		for i := range buf[:n] {
			if buf[i].Kind == Lost { // the numbers that it explains must be missing here, too
				ring.skip(uint32(buf[i].A))
				continue
			}
			p := ring.Next(buf[i].Kind, buf[i].Time)
			seq, stream := p.Seq, p.Stream
			*p = buf[i]
			p.Seq, p.Stream = seq, stream
		}
		if n > 0 {
			ring.Publish(buf[n-1].Time)
		}
		if err != nil {
			if err == io.EOF {
				err = nil
			}
			return err
		}
	}
}
