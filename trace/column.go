package trace

import (
	"encoding/binary"
	"errors"
	"unsafe"

	"github.com/klauspost/compress/zstd"
)

// A block of events is stored as a table of templates and one column per slot.
//
// A loop says the same few things over and over: wait, ready 7, read 7, write 7. So each event is one small number, its
// *template* (stream, kind, phase, and which slots are not as predicted), and only the unpredicted slots put anything
// into their columns. The prediction:
//
//   - Time: the event before, whatever its stream; the column holds the distance.
//   - Seq: one more than the event before of the same stream.
//   - FD: the descriptor of the event before of the same stream that had one.
//   - Dur: 0, or the time since the enter of the same kind and stream.
//   - A, B, Gen, Inst, Mask, Aux, Errno: as in the last event of the same stream, kind and phase on the same descriptor,
//     found in a table of fixed size in which two such keys may collide (that costs bytes, never correctness). Beside
//     that A may be the B of the event before of the stream (an echo writes what it read), and B may be its own A.
//
// What differs is stored as the signed distance from the prediction. Each column is then compressed by zstd on its
// own, or left alone when that would save less than a tenth: the jitter of a clock does not compress, and what is left
// alone costs nothing to read.

// Flags of a template. They are part of the file format.
const (
	tNeg      = 1 << iota // the time column holds how much earlier the event is, not how much later
	tSeq                  // Seq is not the next one
	tDur                  // Dur is in its column
	tDurEnter             // Dur is the time since the matching enter
	tFD                   // FD is in its column
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

	tSlots = tA | tB | tAPrev | tBA | tGen | tInst | tMask | tAux | tErrno
)

// Columns, in the order of the file.
const (
	colCode = iota
	colTime
	colSeq
	colDur
	colFD
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
	neg       int64  // -1: the event is earlier than the one before it
	durMask   int64  // -1: Dur is in its column
	enterMask int64  // -1: Dur reaches to the enter
	lane      int32  // -1: FD is predicted and remembered
	fdMask    int32  // -1: FD is in its column
	base      uint32 // where its keys begin in the table of contexts
	s         uint32 // index of the stream in this block
	pair      uint32 // index of (stream, kind): where the time of the enter is kept
	keep      uint32 // pair for an enter, otherwise a place that nobody looks at
	stream    uint32
	flags     uint16
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
	tmpl    []uint64 // key<<16 | flags, by code
	hash    []uint32 // open addressing: code+1
	keyHead []keyHead
	scratch []byte
}

// keyHead is a (stream, kind, phase) seen in the block.
type keyHead struct {
	stream uint32 // index
	kind   Kind
	phase  Phase
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
func (c *blockEncoder) keyOf(s uint32, e *Event) uint32 {
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

// laneKind says whether events of a kind have a descriptor.
var laneKind = func() (t [256]bool) {
	for k := range Specs {
		t[k] = k != 0 && Specs[k].HasFD()
	}
	return
}()

// encode appends a block of at most 64 Ki events to dst and says how many bytes its columns have before compression.
func (c *blockEncoder) encode(dst []byte, evs []Event) (out []byte, rawSize int) {
	c.reset()
	var base int64
	if len(evs) > 0 {
		base = evs[0].Time
	}
	last := base
	lastID, s := uint32(0), uint32(0)
	cols := &c.cols
	for i := range evs {
		e := &evs[i]
		if e.Stream != lastID || i == 0 {
			lastID, s = e.Stream, c.streamOf(e.Stream)
		}
		st := &c.streams[s]
		var fl uint64
		// The distance of two times may not fit into 63 bits; as an unsigned one with its sign apart it always does.
		if e.Time >= last {
			cols[colTime] = appendVarint(cols[colTime], uint64(e.Time)-uint64(last))
		} else {
			fl |= tNeg
			cols[colTime] = appendVarint(cols[colTime], uint64(last)-uint64(e.Time))
		}
		last = e.Time
		if d := e.Seq - st.seq - 1; d != 0 {
			fl |= tSeq
			cols[colSeq] = appendVarint(cols[colSeq], zigzag(int64(int32(d))))
		}
		st.seq = e.Seq
		pair := s*256 + uint32(e.Kind)
		phase := e.Phase.Base()
		if e.Dur != 0 {
			if phase == PhaseExit && e.Dur == e.Time-c.enter[pair] {
				fl |= tDurEnter
			} else {
				fl |= tDur
				cols[colDur] = appendVarint(cols[colDur], zigzag(e.Dur))
			}
		}
		if phase == PhaseEnter {
			c.enter[pair] = e.Time
		}
		var guess int32
		if laneKind[e.Kind] {
			fl |= tLane
			guess = st.fd
			st.fd = e.FD
		}
		if e.FD != guess {
			fl |= tFD
			cols[colFD] = appendVarint(cols[colFD], zigzag(int64(e.FD-guess)))
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
		c.codes = append(c.codes, c.codeOf(uint64(key)<<16|fl))
	}

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
		dst = appendVarint(dst, t>>16)
		dst = appendVarint(dst, t&0xffff)
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
	zdec    *zstd.Decoder
	raw     []byte // the columns one after the other, and room for a number that runs over the end
	pos     [colCount]int
	end     [colCount]int
	wide    bool
	n, at   int
	time    int64
	tmpl    []template
	heads   []keyHead
	ids     []uint32
	streams []streamCtx
	enter   []int64
	ctx     []slots
}

func newBlockDecoder() *blockDecoder {
	z, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecodeAllCapLimit(true),
		zstd.IgnoreChecksum(true), zstd.WithDecoderMaxMemory(64<<20))
	if err != nil {
		panic(err) // the options are constants
	}
	return &blockDecoder{zdec: z, ctx: make([]slots, ctxSize)}
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
		d.heads = append(d.heads, keyHead{uint32(st), Kind(kp[0]), Phase(kp[1])})
	}
	d.tmpl = d.tmpl[:0]
	pairs := map[uint64]uint32{}
	for range d.count(&s, n) {
		key, fl := s.varint(), s.varint()
		if s.bad || key >= uint64(len(d.heads)) || fl > 0xffff {
			return errBlock
		}
		h := d.heads[key]
		pk := uint64(h.stream)<<8 | uint64(h.kind)
		pair, ok := pairs[pk]
		if !ok {
			pair = uint32(len(pairs)) + 1 // 0 is the place that nobody looks at
			pairs[pk] = pair
		}
		t := template{base: uint32(key) * ctxSpread, stream: d.ids[h.stream], s: h.stream, pair: pair, flags: uint16(fl),
			word: uint64(h.kind)<<48 | uint64(h.phase)<<56}
		t.neg = -int64(fl & tNeg / tNeg)
		t.durMask = -int64(fl & tDur / tDur)
		t.enterMask = -int64(fl & tDurEnter / tDurEnter)
		t.lane = -int32(fl & tLane / tLane)
		t.fdMask = -int32(fl & tFD / tFD)
		if h.phase.Base() == PhaseEnter {
			t.keep = pair
		}
		d.tmpl = append(d.tmpl, t)
	}
	if s.bad {
		return errBlock
	}
	d.streams = zeroed(d.streams, len(d.ids))
	d.enter = zeroed(d.enter, len(pairs)+1)
	clear(d.ctx)
	d.wide = len(d.tmpl) > 256

	if need := int(n)*2 + 4096; cap(d.raw) < need {
		d.raw = make([]byte, 0, need)
	}
	raw := d.raw[:0]
	for i := range d.pos {
		head := s.varint()
		size, how := head>>1, head&1
		width := uint64(maxVarint)
		if i == colCode {
			width = 1
			if d.wide {
				width = 2
			}
			if size != n*width {
				return errBlock
			}
		}
		if s.bad || size > n*width {
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

	// Codes are checked once here, so that the loop below can index without asking.
	limit := len(d.tmpl)
	codes := raw[d.pos[colCode]:d.end[colCode]]
	if d.wide {
		for i := 0; i+1 < len(codes); i += 2 {
			if int(binary.LittleEndian.Uint16(codes[i:])) >= limit {
				return errBlock
			}
		}
	} else if limit < 256 {
		top := byte(0)
		for _, v := range codes {
			top = max(top, v)
		}
		if len(codes) > 0 && int(top) >= limit {
			return errBlock
		}
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
// Time, FD and Dur, which nearly every event has in its columns, are read whether the event has them or not: a number
// that is not wanted is masked away and its column not moved on. That is twice as fast as asking.
func (d *blockDecoder) next(out []Event) (int, error) {
	if len(out) > d.left() {
		out = out[:d.left()]
	}
	raw, tmpl, streams, enter, ctx := d.raw, d.tmpl, d.streams, d.enter, (*[ctxSize]slots)(d.ctx)
	codes := raw[d.pos[colCode]:d.end[colCode]]
	if d.wide {
		codes = codes[2*d.at:]
	} else {
		codes = codes[d.at:]
	}
	now := d.time
	tp, dp, fp := d.pos[colTime], d.pos[colDur], d.pos[colFD]
	tend, dend, fend := d.end[colTime], d.end[colDur], d.end[colFD]
	for i := range out {
		var code int
		if d.wide {
			code = int(binary.LittleEndian.Uint16(codes[2*i:]))
		} else {
			code = int(codes[i])
		}
		t := &tmpl[code]
		if (tend-tp)|(dend-dp)|(fend-fp) < 0 {
			return 0, errBlock
		}
		dt, n := varint(raw[tp:])
		tp += n
		now += (int64(dt) ^ t.neg) - t.neg

		v, n := varint(raw[dp:])
		dp += n & int(t.durMask)
		dur := unzigzag(v)&t.durMask | (now-enter[t.pair])&t.enterMask
		enter[t.keep] = now

		st := &streams[t.s]
		v, n = varint(raw[fp:])
		fp += n & int(t.fdMask)
		fd := st.fd&t.lane + int32(unzigzag(v))&t.fdMask
		st.fd = st.fd&^t.lane | fd&t.lane

		seq := st.seq + 1
		fl := t.flags
		x := &ctx[(t.base+uint32(fd))%ctxSize]
		if fl&(tSlots|tSeq) != 0 {
			if fl&tSeq != 0 {
				seq += uint32(unzigzag(d.column(colSeq)))
			}
			d.update(fl, st, x)
		}
		st.seq = seq
		st.prevB = x.b
		e := (*[EventSize / 8]uint64)(unsafe.Pointer(&out[i]))
		e[0] = uint64(now)
		e[1] = uint64(dur)
		e[2] = uint64(x.a)
		e[3] = uint64(x.b)
		e[4] = uint64(seq) | uint64(t.stream)<<32
		e[5] = uint64(uint32(fd)) | uint64(x.gen)<<32
		e[6] = x.im
		e[7] = x.ae | t.word
	}
	d.time = now
	d.pos[colTime], d.pos[colDur], d.pos[colFD] = tp, dp, fp
	for i := colTime; i < colCount; i++ {
		if d.pos[i] > d.end[i] {
			return 0, errBlock
		}
	}
	d.at += len(out)
	return len(out), nil
}

// update applies the unpredicted slots of one event.
func (d *blockDecoder) update(fl uint16, st *streamCtx, x *slots) {
	if fl&tA != 0 {
		x.a += unzigzag(d.column(colA))
	} else if fl&tAPrev != 0 {
		x.a = st.prevB
	}
	if fl&tB != 0 {
		x.b += unzigzag(d.column(colB))
	} else if fl&tBA != 0 {
		x.b = x.a
	}
	if fl&(tGen|tInst|tMask|tAux|tErrno) == 0 {
		return
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
}

// The words that next puts together are an Event on a little-endian machine; evviz runs on no other. The line fails
// to build when the order of the small slots changes.
const _ = uint(0 - (unsafe.Offsetof(Event{}.Kind) ^ 62 | unsafe.Offsetof(Event{}.Seq) ^ 32 | unsafe.Offsetof(Event{}.FD) ^ 40 |
	unsafe.Offsetof(Event{}.Inst) ^ 48 | unsafe.Offsetof(Event{}.Errno) ^ 60))
