package record

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"

	"evviz/trace"
)

// summaryOf begins the summary of chunk i with what its header says.
func (t *File) summaryOf(i int) trace.ChunkSummary {
	c := &t.refs[i]
	return trace.ChunkSummary{Chunk: i, Offset: c.off, First: c.first, Last: c.last, Events: int64(c.events), Lost: int64(c.lost)}
}

// summaryReader reads summaries. One goroutine uses it; several may stand on the same file.
type summaryReader struct {
	t   *File
	dec *blockDecoder // for its decompressor
	buf []byte
	raw []byte
}

func (r *summaryReader) lanes(i int) ([]trace.LaneSummary, error) {
	c := &r.t.refs[i]
	b, err := r.t.readPartInto(&r.buf, c, partSummary)
	if err != nil {
		return nil, err
	}
	sc := scanner{b: b}
	size := sc.varint()
	// What it claims to be must stand in some proportion to what it is, or a few bytes could ask for a gigabyte.
	if sc.bad || size > 4096+1000*uint64(len(b)) {
		return nil, errSummary
	}
	if uint64(cap(r.raw)) < size {
		r.raw = make([]byte, 0, size)
	}
	raw, err := r.dec.zdec.DecodeAll(b[sc.p:], r.raw[:0:size])
	if err != nil {
		return nil, err
	}
	return parseLanes(raw, c.first)
}

func (t *File) badSummary(i int, err error) error {
	t.broken(i, partSummary, 0, "the summary cannot be read: "+err.Error())
	return fmt.Errorf("read %s: summary of chunk %d: %w", t.path, i, err)
}

// Summary reads what chunk i (from 0) says about itself; its events are not touched. It may be called between Reads by
// the goroutine that reads.
func (t *File) Summary(i int) (trace.ChunkSummary, error) {
	s := t.summaryOf(i)
	r := summaryReader{t: t, dec: t.dec, buf: t.buf}
	lanes, err := r.lanes(i)
	t.buf = r.buf
	if err != nil {
		return s, t.badSummary(i, err)
	}
	s.Lanes, s.Known = lanes, true
	return s, nil
}

// Summaries are the summaries of all chunks, in the order of the file. One that cannot be read has no lanes and is not
// Known. It may be called between Reads by the goroutine that reads, and uses every processor: the first picture of a long
// recording waits for it.
func (t *File) Summaries() []trace.ChunkSummary {
	out := make([]trace.ChunkSummary, len(t.refs))
	errs := make([]error, len(t.refs))
	for i := range out {
		out[i] = t.summaryOf(i)
	}
	const batch = 16
	var next atomic.Int64
	work := func() {
		r := summaryReader{t: t, dec: newBlockDecoder()}
		defer r.dec.zdec.Close()
		for {
			to := int(next.Add(batch))
			if to-batch >= len(out) {
				return
			}
			for i := to - batch; i < min(to, len(out)); i++ {
				if out[i].Lanes, errs[i] = r.lanes(i); errs[i] == nil {
					out[i].Known = true
				}
			}
		}
	}
	var all sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), (len(out)+batch-1)/batch) - 1 {
		all.Add(1)
		go func() {
			defer all.Done()
			work()
		}()
	}
	work()
	all.Wait()
	for i, err := range errs {
		if err != nil {
			_ = t.badSummary(i, err)
		}
	}
	return out
}
