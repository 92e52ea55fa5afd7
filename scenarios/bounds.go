package scenarios

import (
	"sync/atomic"
	"unsafe"

	"go.starlark.net/starlark"
)

// Bounds of a story. What a story computes is bounded by its steps (run.go), what it keeps in memory by the process that it
// runs in (see Position).
const (
	maxText = 1 << 20 // bytes of a story's file; how deeply it nests is bounded by the parser

	// DefaultMaxClients is how many clients of a story may be alive at once unless it is told otherwise.
	DefaultMaxClients = 20_000
)

// Position is where a story is at: line and column, in memory that may be shared with the process that started the clients. That
// one can say where the story was when its process came to the limit of its memory, which nothing in the process itself
// survives. It is the position of what was done last: the interpreter asks before each instruction.
type Position struct{ at *atomic.Uint64 }

// PositionSize is how many bytes a Position takes.
const PositionSize = 8

// PositionIn is a position in shared memory of PositionSize bytes at least, aligned as a mapping is.
func PositionIn(mem []byte) Position {
	return Position{(*atomic.Uint64)(unsafe.Pointer(unsafe.SliceData(mem[:PositionSize])))}
}

// Get is the line and the column, 0 when nothing has been done yet.
func (p Position) Get() (line, column int32) {
	if p.at == nil {
		return 0, 0
	}
	v := p.at.Load()
	return int32(v >> 32), int32(v)
}

// tell stores where a thread is.
func (p Position) tell(th *starlark.Thread) {
	if p.at == nil {
		return
	}
	pos := th.DebugFrame(0).Position()
	p.at.Store(uint64(uint32(pos.Line))<<32 | uint64(uint32(pos.Col)))
}

// steps bounds how much a thread computes before more is allowed, and lets it tell its position at every one.
type steps struct {
	th   *starlark.Thread
	pos  Position
	most uint64
}

func newSteps(th *starlark.Thread, pos Position) *steps {
	s := &steps{th: th, pos: pos}
	if pos.at != nil {
		th.OnMaxSteps = func(th *starlark.Thread) {
			pos.tell(th)
			if th.Steps > s.most {
				th.Cancel(tooManySteps)
			}
		}
	}
	return s
}

// tooManySteps is Starlark's own reason.
const tooManySteps = "too many steps"

// allow allows n more.
func (s *steps) allow(n uint64) {
	s.most = s.th.ExecutionSteps() + n
	if s.pos.at != nil {
		s.th.SetMaxExecutionSteps(1) // so that OnMaxSteps is called at each
		return
	}
	s.th.SetMaxExecutionSteps(s.most)
}
