package record

import (
	"encoding/binary"
	"errors"
	mathbits "math/bits"
	"unsafe"

	"github.com/klauspost/compress/zstd"

	"evviz/trace"
)

// This file is long because writing and reading mirror each other line by line, and are to be seen side by side.
//
// A block of events is stored as a table of templates and one column per slot.
//
// A loop says the same few things over and over: wait, ready 7, read 7, write 7. So each event is one small number, its
// *template* (stream, kind, phase, which slots are not as predicted, and how many bytes its times and its descriptor
// take), and only what is not as predicted puts anything into the columns. The prediction:
//
//   - Time: the event before, whatever its stream.
//   - Seq: one more than the event before of the same stream.
//   - FD: the descriptor of the event before of the same stream that had one.
//   - Dur: 0, or the time since the enter of the same kind and stream.
//   - A, B, Gen, Inst, Mask, Aux, Errno: as in the last event of the same stream, kind and phase on the same descriptor,
//     found in a table of fixed size in which two such keys may collide (that costs bytes, never correctness). Beside
//     that A may be the B of the event before of the stream (an echo writes what it read), and B may be its own A.
//
// The distance in time, Dur and FD stand side by side in one column, each with as many bytes as its template says; the
// other slots have a column each, of signed distances from the prediction. Each column is then compressed by zstd on
// its own, or left alone when that would save little: the jitter of a clock does not compress, and what is left alone
// costs nothing to read.

// Flags of a template. They are part of the file format.
const (
	tSeq      = 1 << iota // Seq is not the next one
	tDurEnter             // Dur is the time since the matching enter
	tFD                   // FD is stored, not predicted
	tLane                 // the kind has a descriptor: FD is predicted and remembered
	tA
	tB
	tAPrev // A is the B of the stream's event before
	tBA    // B is this event's A
	tGen
	tInst
	tMask
	tAux
	tErrno

	tSlots = tSeq | tA | tB | tAPrev | tBA | tGen | tInst | tMask | tAux | tErrno
)

// A template in a file is key << 32 | widths << 16 | flags: widths holds the bytes of the time in its lowest four bits,
// then those of Dur, then those of FD.
const (
	tDurWidth  = 4
	tFDWidth   = 8
	tWidths    = 16
	tKey       = 32
	maxPayload = 8 + 8 + 4
)

// Columns, in the order of the file.
const (
	colCode  = iota
	colTimes // time, Dur and FD
	colSeq
	colA
	colB
	colGen
	colInst
	colMask
	colAux
	colErrno
	colCount
)

// How a column is stored.
const (
	colRaw  = 0
	colZstd = 1
)

const (
	ctxBits   = 12
	ctxSize   = 1 << ctxBits
	ctxSpread = 269 // distance of two templates' keys in the table; odd and larger than most programs have descriptors

	maxBlock = 1 << 20 // events in a block, the most a reader believes
)

// slots are the values that are predicted from the same descriptor's last event, packed as an Event has them in
// memory: the reader copies words, not fields.
type slots struct {
	a, b int64
	im   uint64 // Inst, Mask in the upper half
	ae   uint64 // Aux, Errno above it
	gen  uint32
}

func (x *slots) inst() uint32  { return uint32(x.im) }
func (x *slots) mask() uint32  { return uint32(x.im >> 32) }
func (x *slots) aux() uint32   { return uint32(x.ae) }
func (x *slots) errno() uint16 { return uint16(x.ae >> 32) }

func (x *slots) setIM(inst, mask uint32)        { x.im = uint64(inst) | uint64(mask)<<32 }
func (x *slots) setAE(aux uint32, errno uint16) { x.ae = uint64(aux) | uint64(errno)<<32 }

// streamCtx is what is remembered of a stream while a block is coded.
type streamCtx struct {
	prevB int64
	seq   uint32
	fd    int32
}

var errBlock = errors.New("the columns contradict each other")

// template is one entry of a block's table, with what follows from it. What differs from template to template is kept
// as masks: the reader computes with them instead of branching, because which template comes next is exactly what a
// processor cannot guess.
type template struct {
	timeMask  uint64 // of the 8 bytes where the time begins, those that belong to it
	durMask   uint64
	enterMask int64  // -1: Dur reaches to the enter
	fdMask    uint32 // of the 4 bytes where FD begins, those that belong to it
	fdKeep    uint32 // all ones: FD is the one before
	lane      uint32 // all ones: FD is remembered
	base      uint32 // where its keys begin in the table of contexts
	durAt     uint8  // where Dur begins, in bytes after the time
	fdAt      uint8
	size      uint8 // of all three
	flags     uint16
	s         uint32 // where the stream's context is, in bytes from the beginning of blockDecoder.mem
	pair      uint32 // where the time of the enter of this stream and kind is kept, likewise
	keep      uint32 // pair for an enter, otherwise a place that nobody looks at
	stream    uint64 // its number, in the upper half
	word      uint64 // kind and phase where an Event has them
}

// blockEncoder turns events into a block. It is reused, and keeps its buffers.
type blockEncoder struct {
	zenc    *zstd.Encoder
	cols    [colCount][]byte
	codes   []uint16
	ctx     []slots
	streams []streamCtx
	ids     []uint32          // stream number by index
	byID    map[uint32]uint32 // and back
	enter   []int64           // by stream index * 256 + kind
	keys    []uint32          // by (stream index * 256 + kind) * 256 + phase would be large: see keyOf
	keyIdx  map[uint64]uint32
	tmpl    []uint64 // by code
	hash    []uint32 // open addressing: code+1
	keyHead []keyHead
	scratch []byte
}

// keyHead is a (stream, kind, phase) seen in the block.
type keyHead struct {
	stream uint32 // index
	kind   trace.Kind
	phase  trace.Phase
}

func newBlockEncoder() *blockEncoder {
	z, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1),
		zstd.WithEncoderCRC(false), zstd.WithZeroFrames(true))
	if err != nil {
		panic(err) // the options are constants
	}
	return &blockEncoder{zenc: z, ctx: make([]slots, ctxSize), byID: map[uint32]uint32{}, keyIdx: map[uint64]uint32{}, hash: make([]uint32, 1024)}
}

func (c *blockEncoder) reset() {
	for i := range c.cols {
		c.cols[i] = c.cols[i][:0]
	}
	c.codes = c.codes[:0]
	clear(c.ctx)
	c.streams, c.ids, c.enter = c.streams[:0], c.ids[:0], c.enter[:0]
	clear(c.byID)
	clear(c.keyIdx)
	c.keys = c.keys[:0]
	c.tmpl, c.keyHead = c.tmpl[:0], c.keyHead[:0]
	clear(c.hash)
}

// streamOf is the index of a stream in this block.
func (c *blockEncoder) streamOf(id uint32) uint32 {
	s, ok := c.byID[id]
	if !ok {
		s = uint32(len(c.ids))
		c.byID[id] = s
		c.ids = append(c.ids, id)
		c.streams = append(c.streams, streamCtx{})
		c.enter = append(c.enter, make([]int64, 256)...)
		c.keys = append(c.keys, make([]uint32, 256*keyPhases)...)
	}
	return s
}

// keyPhases is how many phases have a direct way to their key: complete, enter, exit and the same, late.
const keyPhases = 8

// keyOf is the index of (stream, kind, phase) in this block.
func (c *blockEncoder) keyOf(s uint32, e *trace.Event) uint32 {
	var direct *uint32
	if b := e.Phase.Base(); b < keyPhases/2 {
		i := uint32(b)
		if e.Phase.IsLate() {
			i += keyPhases / 2
		}
		direct = &c.keys[(s*256+uint32(e.Kind))*keyPhases+i]
		if *direct != 0 {
			return *direct - 1
		}
	}
	full := uint64(s)<<16 | uint64(e.Kind)<<8 | uint64(e.Phase)
	k, ok := c.keyIdx[full]
	if !ok {
		k = uint32(len(c.keyHead))
		c.keyIdx[full] = k
		c.keyHead = append(c.keyHead, keyHead{s, e.Kind, e.Phase})
	}
	if direct != nil {
		*direct = k + 1
	}
	return k
}

// codeOf is the number of a template.
func (c *blockEncoder) codeOf(t uint64) uint16 {
	mask := uint64(len(c.hash) - 1)
	for h := t * 0x9e3779b97f4a7c15 >> 40; ; h++ {
		v := &c.hash[h&mask]
		if *v == 0 {
			if len(c.tmpl)*2 >= len(c.hash) {
				c.grow()
				return c.codeOf(t)
			}
			c.tmpl = append(c.tmpl, t)
			*v = uint32(len(c.tmpl))
			return uint16(len(c.tmpl) - 1)
		}
		if c.tmpl[*v-1] == t {
			return uint16(*v - 1)
		}
	}
}

func (c *blockEncoder) grow() {
	c.hash = make([]uint32, 2*len(c.hash))
	mask := uint64(len(c.hash) - 1)
	for i, t := range c.tmpl {
		h := t * 0x9e3779b97f4a7c15 >> 40
		for c.hash[h&mask] != 0 {
			h++
		}
		c.hash[h&mask] = uint32(i + 1)
	}
}

// width is how many bytes a number takes in the column of times. Few widths make few templates.
func width(v uint64) int { return int(widths[mathbits.Len64(v)]) }

var widths = func() (t [65]uint8) {
	for n := range t {
		switch w := (n + 7) / 8; {
		case w > 4:
			t[n] = 8
		default:
			t[n] = uint8(w)
		}
	}
	return
}()

// encode appends a block of at most 64 Ki events to dst and says how many bytes its columns have before compression.
func (c *blockEncoder) encode(dst []byte, evs []trace.Event) (out []byte, rawSize int) {
	c.reset()
	var base int64
	if len(evs) > 0 {
		base = evs[0].Time
	}
	last := base
	lastID, s := uint32(0), uint32(0)
	cols := &c.cols
	times := cols[colTimes]
	for i := range evs {
		e := &evs[i]
		if e.Stream != lastID || i == 0 {
			lastID, s = e.Stream, c.streamOf(e.Stream)
		}
		st := &c.streams[s]
		var fl uint64
		// The three are put together in a word each and written with eight bytes; what is too much is given back.
		dt := uint64(e.Time) - uint64(last)
		last = e.Time
		w := width(dt)
		times = binary.LittleEndian.AppendUint64(times, dt)[:len(times)+w]
		fl |= uint64(w) << tWidths
		if d := e.Seq - st.seq - 1; d != 0 {
			fl |= tSeq
			cols[colSeq] = appendVarint(cols[colSeq], zigzag(int64(int32(d))))
		}
		st.seq = e.Seq
		pair := s*256 + uint32(e.Kind)
		phase := e.Phase.Base()
		if e.Dur != 0 {
			if phase == trace.PhaseExit && e.Dur == e.Time-c.enter[pair] {
				fl |= tDurEnter
			} else {
				w := width(uint64(e.Dur))
				times = binary.LittleEndian.AppendUint64(times, uint64(e.Dur))[:len(times)+w]
				fl |= uint64(w) << (tWidths + tDurWidth)
			}
		}
		if phase == trace.PhaseEnter {
			c.enter[pair] = e.Time
		}
		var guess int32
		if e.Kind.HasFD() {
			fl |= tLane
			guess = st.fd
			st.fd = e.FD
		}
		if e.FD != guess {
			w := width(uint64(uint32(e.FD)))
			times = binary.LittleEndian.AppendUint32(times, uint32(e.FD))[:len(times)+w]
			fl |= tFD | uint64(w)<<(tWidths+tFDWidth)
		}
		key := c.keyOf(s, e)
		x := &c.ctx[(key*ctxSpread+uint32(e.FD))%ctxSize]
		if e.A != x.a {
			if e.A == st.prevB {
				fl |= tAPrev
			} else {
				fl |= tA
				cols[colA] = appendVarint(cols[colA], zigzag(e.A-x.a))
			}
			x.a = e.A
		}
		if e.B != x.b {
			if e.B == e.A {
				fl |= tBA
			} else {
				fl |= tB
				cols[colB] = appendVarint(cols[colB], zigzag(e.B-x.b))
			}
			x.b = e.B
		}
		st.prevB = e.B
		if e.Gen != x.gen {
			fl |= tGen
			cols[colGen] = appendVarint(cols[colGen], zigzag(int64(int32(e.Gen-x.gen))))
			x.gen = e.Gen
		}
		if inst, mask := x.inst(), x.mask(); e.Inst != inst || e.Mask != mask {
			if e.Inst != inst {
				fl |= tInst
				cols[colInst] = appendVarint(cols[colInst], zigzag(int64(int32(e.Inst-inst))))
			}
			if e.Mask != mask {
				fl |= tMask
				cols[colMask] = appendVarint(cols[colMask], zigzag(int64(int32(e.Mask-mask))))
			}
			x.setIM(e.Inst, e.Mask)
		}
		if aux, errno := x.aux(), x.errno(); e.Aux != aux || e.Errno != errno {
			if e.Aux != aux {
				fl |= tAux
				cols[colAux] = appendVarint(cols[colAux], zigzag(int64(int32(e.Aux-aux))))
			}
			if e.Errno != errno {
				fl |= tErrno
				cols[colErrno] = appendVarint(cols[colErrno], zigzag(int64(int16(e.Errno-errno))))
			}
			x.setAE(e.Aux, e.Errno)
		}
		c.codes = append(c.codes, c.codeOf(uint64(key)<<tKey|fl))
	}
	cols[colTimes] = times

	wide := len(c.tmpl) > 256
	for _, code := range c.codes {
		if wide {
			cols[colCode] = binary.LittleEndian.AppendUint16(cols[colCode], code)
		} else {
			cols[colCode] = append(cols[colCode], byte(code))
		}
	}

	dst = appendVarint(dst, uint64(len(evs)))
	dst = appendVarint(dst, zigzag(base))
	dst = appendVarint(dst, uint64(len(c.ids)))
	for _, id := range c.ids {
		dst = appendVarint(dst, uint64(id))
	}
	dst = appendVarint(dst, uint64(len(c.keyHead)))
	for _, k := range c.keyHead {
		dst = appendVarint(dst, uint64(k.stream))
		dst = append(dst, byte(k.kind), byte(k.phase))
	}
	dst = appendVarint(dst, uint64(len(c.tmpl)))
	for _, t := range c.tmpl {
		dst = appendVarint(dst, t>>tKey)
		dst = binary.LittleEndian.AppendUint32(dst, uint32(t))
	}
	for i := range cols {
		col := cols[i]
		rawSize += len(col)
		stored, how := col, uint64(colRaw)
		if len(col) >= 64 {
			c.scratch = c.zenc.EncodeAll(col, c.scratch[:0])
			if len(c.scratch) < len(col)-len(col)/10 {
				stored, how = c.scratch, colZstd
			}
		}
		dst = appendVarint(dst, uint64(len(col))<<1|how)
		if how == colZstd {
			dst = appendVarint(dst, uint64(len(stored)))
		}
		dst = append(dst, stored...)
	}
	return dst, rawSize
}

// blockDecoder reads a block. It keeps its place, so that events go straight into whatever buffer the caller has.
type blockDecoder struct {
	zdec  *zstd.Decoder
	raw   []byte // the columns one after the other, and room for a number that runs over the end
	pos   [colCount]int
	end   [colCount]int
	wide  bool
	n, at int
	time  int64
	tmpl  []template
	heads []keyHead
	ids   []uint32
	mem   []uint64 // contexts, templates, streams and times of enters, in this order: see next
}

// memTemplates is where the templates begin in blockDecoder.mem, in bytes: behind the contexts.
const memTemplates = ctxSize * uint32(unsafe.Sizeof(slots{}))

func newBlockDecoder() *blockDecoder {
	z, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecodeAllCapLimit(true),
		zstd.IgnoreChecksum(true), zstd.WithDecoderMaxMemory(64<<20))
	if err != nil {
		panic(err) // the options are constants
	}
	return &blockDecoder{zdec: z}
}

// load begins a block of want events. Every length in it is checked against what the block can hold, so that a hostile
// one cannot make the reader allocate more than its events are worth.
func (d *blockDecoder) load(b []byte, want int) error {
	d.n, d.at = 0, 0
	s := scanner{b: b}
	n := s.varint()
	d.time = s.signed()
	if s.bad || n != uint64(want) || n > maxBlock {
		return errBlock
	}
	d.ids = d.ids[:0]
	for range d.count(&s, n) {
		d.ids = append(d.ids, uint32(s.varint()))
	}
	d.heads = d.heads[:0]
	for range d.count(&s, n) {
		st := s.varint()
		kp := s.bytes(2)
		if s.bad || st >= uint64(len(d.ids)) {
			return errBlock
		}
		d.heads = append(d.heads, keyHead{uint32(st), trace.Kind(kp[0]), trace.Phase(kp[1])})
	}
	d.tmpl = d.tmpl[:0]
	pairs := map[uint64]uint32{}
	for range d.count(&s, n) {
		key := s.varint()
		rest := s.bytes(4)
		if s.bad || key >= uint64(len(d.heads)) {
			return errBlock
		}
		fl := binary.LittleEndian.Uint32(rest)
		tw, dw, fw := uint8(fl>>tWidths&15), uint8(fl>>(tWidths+tDurWidth)&15), uint8(fl>>(tWidths+tFDWidth)&15)
		if tw > 8 || dw > 8 || fw > 4 {
			return errBlock
		}
		h := d.heads[key]
		pk := uint64(h.stream)<<8 | uint64(h.kind)
		pair, ok := pairs[pk]
		if !ok {
			pair = uint32(len(pairs)) + 1 // 0 is the place that nobody looks at
			pairs[pk] = pair
		}
		t := template{base: uint32(key) * ctxSpread, stream: uint64(d.ids[h.stream]) << 32,
			s: h.stream, pair: pair, flags: uint16(fl),
			word:     uint64(h.kind)<<48 | uint64(h.phase)<<56,
			timeMask: 1<<(8*tw) - 1, durMask: 1<<(8*dw) - 1, fdMask: uint32(uint64(1)<<(8*fw) - 1),
			durAt: tw, fdAt: tw + dw, size: tw + dw + fw}
		t.enterMask = -int64(fl & tDurEnter / tDurEnter)
		t.lane = -(fl & tLane / tLane)
		t.fdKeep = t.lane &^ -(fl & tFD / tFD)
		if h.phase.Base() == trace.PhaseEnter {
			t.keep = pair
		}
		d.tmpl = append(d.tmpl, t)
	}
	if s.bad {
		return errBlock
	}
	d.wide = len(d.tmpl) > 256

	if need := int(n)*2 + 4096; cap(d.raw) < need {
		d.raw = make([]byte, 0, need)
	}
	raw := d.raw[:0]
	for i := range d.pos {
		head := s.varint()
		size, how := head>>1, head&1
		most := n * maxVarint
		switch {
		case i == colTimes:
			most = n * maxPayload
		case i == colCode && d.wide:
			most = n * 2
		case i == colCode:
			most = n
		}
		if s.bad || size > most || i == colCode && size != most {
			return errBlock
		}
		d.pos[i] = len(raw)
		if how == colRaw {
			raw = append(raw, s.bytes(size)...)
		} else {
			stored := s.bytes(s.varint())
			if s.bad {
				return errBlock
			}
			at := len(raw)
			if cap(raw)-at < int(size) {
				raw = append(make([]byte, 0, 2*cap(raw)+int(size)), raw...)
			}
			// The capacity is the limit that the decompressor keeps to.
			piece, err := d.zdec.DecodeAll(stored, raw[at:at:at+int(size)])
			if err != nil {
				return err
			}
			if len(piece) != int(size) {
				return errBlock
			}
			raw = raw[:at+int(size)]
		}
		if s.bad {
			return errBlock
		}
		d.end[i] = len(raw)
	}
	raw = append(raw, make([]byte, 4*maxVarint)...)
	d.raw = raw

	// The loop in next indexes without asking. Wide codes are checked here; for narrow ones the table is filled up, which
	// is cheaper: a code that the writer never gave then yields a senseless event, not a read out of bounds.
	limit := len(d.tmpl)
	if n > 0 && limit == 0 {
		return errBlock
	}
	room := limit
	if d.wide {
		codes := raw[d.pos[colCode]:d.end[colCode]]
		for i := 0; i+1 < len(codes); i += 2 {
			if int(binary.LittleEndian.Uint16(codes[i:])) >= limit {
				return errBlock
			}
		}
	} else {
		room = 256
	}
	streamsAt := memTemplates + uint32(room)*uint32(unsafe.Sizeof(template{}))
	enterAt := streamsAt + uint32(len(d.ids))*uint32(unsafe.Sizeof(streamCtx{}))
	d.mem = zeroed(d.mem, int(enterAt)/8+len(pairs)+1)
	tmpl := unsafe.Slice((*template)(unsafe.Pointer(&d.mem[memTemplates/8])), room)
	copy(tmpl, d.tmpl)
	for i := range tmpl {
		tmpl[i].s = streamsAt + tmpl[i].s*uint32(unsafe.Sizeof(streamCtx{}))
		tmpl[i].pair = enterAt + tmpl[i].pair*8
		tmpl[i].keep = enterAt + tmpl[i].keep*8
	}
	d.n = int(n)
	return nil
}

// count reads the length of a table that cannot have more entries than the block has events, nor than it has bytes.
func (d *blockDecoder) count(s *scanner, n uint64) int {
	c := s.varint()
	if c > n || c > uint64(len(s.b)) {
		s.bad = true
		return 0
	}
	return int(c)
}

func zeroed[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	s = s[:n]
	clear(s)
	return s
}

// left is how many events of the block have not been handed on.
func (d *blockDecoder) left() int { return d.n - d.at }

// column reads the next number of a column, or notes that there is none.
func (d *blockDecoder) column(i int) uint64 {
	p := d.pos[i]
	if p >= d.end[i] {
		d.pos[i] = d.end[i] + 1 // seen by next
		return 0
	}
	v, n := varint(d.raw[p:])
	d.pos[i] = p + n
	return v
}

// next fills out with as many events as it holds or the block has left.
//
// Time, Dur and FD are read whether the event has them or not: what is not wanted is masked away. That is twice as fast
// as asking.
func (d *blockDecoder) next(out []trace.Event) (int, error) {
	if len(out) > d.left() {
		out = out[:d.left()]
	}
	if len(out) == 0 {
		return 0, nil
	}
	// Bounds checks would be a third of this loop's instructions, so it goes without. It stays inside its memory because
	// load has checked every code and every index that a template holds, and because the place in the column of times
	// is looked at before it is read: an unchecked read begins at most maxPayload behind the column's end, and raw goes
	// on for 4*maxVarint bytes after the last column.
	// All that it looks up lies in one piece of memory, because pointers to five would not fit into the registers.
	raw, mem := unsafe.Pointer(unsafe.SliceData(d.raw)), unsafe.Pointer(unsafe.SliceData(d.mem))
	step, codeMask := 1, uint(0xff)
	if d.wide {
		step, codeMask = 2, 0xffff
	}
	code := unsafe.Add(raw, d.pos[colCode]+d.at*step)
	now := d.time
	p, end := unsafe.Add(raw, d.pos[colTimes]), unsafe.Add(raw, d.end[colTimes])
	// The context of the stream that spoke last is kept in registers: threads speak in bursts.
	var none streamCtx
	st, cur := &none, uint32(0)
	prevB, seq, last := st.prevB, st.seq, uint32(st.fd)
	for i := range out {
		t := (*template)(unsafe.Add(mem, uint(memTemplates)+(uint(*(*uint16)(code))&codeMask)*uint(unsafe.Sizeof(template{}))))
		code = unsafe.Add(code, step)
		if uintptr(p) > uintptr(end) {
			return 0, errBlock
		}
		now += int64(*(*uint64)(p) & t.timeMask)
		from := now - *(*int64)(unsafe.Add(mem, t.pair))
		*(*int64)(unsafe.Add(mem, t.keep)) = now
		e := (*[trace.EventSize / 8]uint64)(unsafe.Pointer(&out[i]))
		e[0] = uint64(now)
		e[1] = *(*uint64)(unsafe.Add(p, t.durAt))&t.durMask | uint64(from&t.enterMask)
		if t.s != cur {
			st.prevB, st.seq, st.fd = prevB, seq, int32(last)
			cur = t.s
			st = (*streamCtx)(unsafe.Add(mem, cur))
			prevB, seq, last = st.prevB, st.seq, uint32(st.fd)
		}
		fd := *(*uint32)(unsafe.Add(p, t.fdAt))&t.fdMask | last&t.fdKeep
		p = unsafe.Add(p, t.size)
		last = last&^t.lane | fd&t.lane
		x := (*slots)(unsafe.Add(mem, uintptr((t.base+fd)%ctxSize)*unsafe.Sizeof(slots{})))
		if t.flags&tSlots != 0 {
			seq = d.update(t.flags, seq, prevB, x)
		}
		seq++
		prevB = x.b
		e[2] = uint64(x.a)
		e[3] = uint64(prevB)
		e[4] = uint64(seq) | t.stream
		e[5] = uint64(fd) | uint64(x.gen)<<32
		e[6] = x.im
		e[7] = x.ae | t.word
	}
	at := int(uintptr(p) - uintptr(raw))
	st.prevB, st.seq, st.fd = prevB, seq, int32(last)
	d.time, d.pos[colTimes] = now, at
	for i := colTimes; i < colCount; i++ {
		if d.pos[i] > d.end[i] {
			return 0, errBlock
		}
	}
	d.at += len(out)
	return len(out), nil
}

// update applies the unpredicted slots of one event. It is given and returns the number before that of the event.
func (d *blockDecoder) update(fl uint16, seq uint32, prevB int64, x *slots) uint32 {
	if fl&tSeq != 0 {
		seq += uint32(unzigzag(d.column(colSeq)))
	}
	if fl&tA != 0 {
		x.a += unzigzag(d.column(colA))
	} else if fl&tAPrev != 0 {
		x.a = prevB
	}
	if fl&tB != 0 {
		x.b += unzigzag(d.column(colB))
	} else if fl&tBA != 0 {
		x.b = x.a
	}
	if fl&(tGen|tInst|tMask|tAux|tErrno) == 0 {
		return seq
	}
	if fl&tGen != 0 {
		x.gen += uint32(unzigzag(d.column(colGen)))
	}
	inst, mask, aux, errno := x.inst(), x.mask(), x.aux(), x.errno()
	if fl&tInst != 0 {
		inst += uint32(unzigzag(d.column(colInst)))
	}
	if fl&tMask != 0 {
		mask += uint32(unzigzag(d.column(colMask)))
	}
	if fl&tAux != 0 {
		aux += uint32(unzigzag(d.column(colAux)))
	}
	if fl&tErrno != 0 {
		errno += uint16(unzigzag(d.column(colErrno)))
	}
	x.setIM(inst, mask)
	x.setAE(aux, errno)
	return seq
}

// The words that next puts together are an Event on a little-endian machine; evviz runs on no other. The line fails
// to build when the order of the small slots changes.
const _ = uint(0 - (unsafe.Offsetof(trace.Event{}.Kind) ^ 62 | unsafe.Offsetof(trace.Event{}.Seq) ^ 32 | unsafe.Offsetof(trace.Event{}.FD) ^ 40 |
	unsafe.Offsetof(trace.Event{}.Inst) ^ 48 | unsafe.Offsetof(trace.Event{}.Errno) ^ 60))
