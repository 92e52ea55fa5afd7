//go:build linux && (amd64 || arm64)

package kernel

import (
	"fmt"
	"os/exec"
	"testing"
)

// BenchmarkState is one pass over a process, all in the reader's time; registrations and descriptors are as many.
func BenchmarkState(b *testing.B) {
	for _, n := range []int{1000, 10_000} {
		b.Run(fmt.Sprintf("registrations=%d", n), func(b *testing.B) {
			r := needBPF(b, options{})
			c := start(b, "long list", func(cmd *exec.Cmd) { cmd.Env = append(cmd.Env, fmt.Sprintf("%s=%d", entriesVar, n)) })
			for b.Loop() {
				if s, err := r.Read(c.pid); err != nil || len(s.Regs) < n {
					b.Fatal(len(s.Regs), err)
				}
			}
		})
	}
}
