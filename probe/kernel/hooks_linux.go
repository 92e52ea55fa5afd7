//go:build amd64 || arm64

package kernel

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/link"

	"evviz/internal/sys"
)

// Hooks tries each hook with a program of two instructions, which is put there and taken away again. An error means that none can be loaded
// at all; it is a [*Refused].
func Hooks() ([]Hook, error) {
	rights := sys.LookRights()
	causes := rights.Causes()
	if len(causes) > 0 && causes[0].Certain {
		return nil, &Refused{Causes: causes}
	}
	tried := slices.Clone(hooks)
	var wg sync.WaitGroup // taking a program away waits until no CPU runs it
	for i := range tried {
		wg.Go(func() { tried[i].Err = tryHook(tried[i].Name) })
	}
	wg.Wait()
	if !slices.ContainsFunc(tried, func(h Hook) bool { return h.Err == nil }) {
		return nil, refused(causes, rights, tried[0].Err)
	}
	return tried, nil
}

func tryHook(name string) error {
	spec := &ebpf.ProgramSpec{Type: ebpf.Tracing, AttachType: ebpf.AttachTraceRawTp, AttachTo: name, License: "GPL",
		Instructions: asm.Instructions{asm.Mov.Imm(asm.R0, 0), asm.Return()}}
	iterates := false
	if to, ok := strings.CutPrefix(name, "iter/"); ok {
		spec.AttachType, spec.AttachTo, iterates = ebpf.AttachTraceIter, to, true
	}
	p, err := ebpf.NewProgram(spec)
	if err != nil {
		return fmt.Errorf("load a program: %w", plainly(err))
	}
	defer p.Close()
	var l link.Link
	if iterates {
		l, err = link.AttachIter(link.IterOptions{Program: p})
	} else {
		l, err = link.AttachTracing(link.TracingOptions{Program: p})
	}
	if err != nil {
		return fmt.Errorf("attach a program: %w", plainly(err))
	}
	return l.Close()
}

// plainly is what the kernel has answered; the library's sentences name causes that it has not looked at.
func plainly(err error) error {
	if e := errnoOf(err); e != 0 {
		return e
	}
	return err
}
