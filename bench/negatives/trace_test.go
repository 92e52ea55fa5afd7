package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"evviz/bench/internal/straced"
	"evviz/internal/testkit"
)

// TestTrace: a server is traced from its start and in its middle, under load, and nothing of it is left afterwards.
func TestTrace(t *testing.T) {
	testkit.Long(t, "it builds a server and runs it twice")
	testkit.Need(t, "strace")
	t.Chdir("../..")
	w, err := newWorkshop(t.Context(), t.TempDir(), true)
	if err != nil {
		t.Fatal(err)
	}
	defer w.close()
	var s *server
	for _, s = range servers {
		if s.name == "go-echo" {
			break
		}
	}
	if err := w.build(s); err != nil {
		t.Fatal(err)
	}
	for _, state := range states {
		log := filepath.Join(w.dir, state)
		if err := w.trace(t.Context(), run{s, state, flagSets[2], false}, log); err != nil {
			t.Errorf("%s: %v", state, err)
			continue
		}
		b, err := os.ReadFile(log)
		if err != nil {
			t.Fatal(err)
		}
		for call, want := range map[string]bool{"execve(": state == fromStart, "listen(": state == fromStart, "epoll_pwait(": true, "accept4(": true} {
			if strings.Contains(string(b), call) != want {
				t.Errorf("%s: the log has a line with %s: %t, want %t", state, call, !want, want)
			}
		}
	}
	if kids := straced.Children(os.Getpid()); len(kids) > 0 {
		t.Errorf("the processes %v are left", kids)
	}
}
