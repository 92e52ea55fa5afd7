package look

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
)

// kinProcess is a process as far as kinship matters.
type kinProcess struct {
	pid, parent int
	name, exe   string
}

// processes are all processes that /proc shows, but for the kernel's and those that have ended.
func processes() (all []kinProcess, err error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, fmt.Errorf("read /proc: %w", err)
	}
	for _, d := range entries {
		pid, err := strconv.Atoi(d.Name())
		if err != nil {
			continue
		}
		st, err := statOf(filepath.Join("/proc", d.Name(), "stat"))
		if err != nil || st.flags&pfKthread != 0 || st.state == 'Z' || st.state == 'X' {
			continue
		}
		exe, _ := os.Readlink(filepath.Join("/proc", d.Name(), "exe"))
		all = append(all, kinProcess{pid, st.parent, st.name, exe})
	}
	return all, nil
}

// Family finds the processes that belong together with a process: those that run the same program, as its parents, children and siblings
// without another program between. For nginx's or gunicorn's master that is the master and its workers, and for a worker the same.
func Family(pid int) ([]int, error) {
	if _, err := examine(pid); err != nil {
		return nil, err
	}
	all, err := processes()
	if err != nil {
		return nil, err
	}
	by := map[int]*kinProcess{}
	for i := range all {
		by[all[i].pid] = &all[i]
	}
	self := by[pid]
	if self == nil {
		return []int{pid}, nil
	}
	root := self
	for up := by[root.parent]; up != nil && up.pid != 1 && up.runs(root); up = by[root.parent] {
		root = up
	}
	family := []int{root.pid}
	for i := 0; i < len(family); i++ { // children of children, too
		for j := range all {
			if p := &all[j]; p.parent == family[i] && p.runs(root) {
				family = append(family, p.pid)
			}
		}
	}
	slices.Sort(family)
	return family, nil
}

// runs reports whether two processes run the same program. Where the program of one may not be read, their names say it.
func (p *kinProcess) runs(o *kinProcess) bool {
	if p.exe != "" && o.exe != "" {
		return p.exe == o.exe
	}
	return p.name == o.name
}

// Named finds the processes with a name, as ps and pgrep -x show it, or with a program of that name.
func Named(name string) ([]int, error) {
	all, err := processes()
	if err != nil {
		return nil, err
	}
	var pids []int
	for i := range all {
		if p := &all[i]; p.pid != os.Getpid() && (p.name == name || len(name) > 15 && p.name == name[:15] || filepath.Base(p.exe) == name) {
			pids = append(pids, p.pid)
		}
	}
	return pids, nil
}
