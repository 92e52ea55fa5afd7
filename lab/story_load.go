package lab

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"

	"evviz/figures"
	"evviz/scenarios"
)

// LoadStory is scenarios.Load for whatever a user names. A file is loaded in a process with limits first: what its top asks
// for may be more than there is, and would end this process, with its terminal and its recording.
func LoadStory(name string, ps ...scenarios.Param) (*scenarios.Script, error) {
	if !scenarios.BuiltIn(name) && strings.ContainsAny(name, "./") {
		if _, err := os.Stat(name); err == nil {
			if err := vet(name, ps); err != nil {
				return nil, err
			}
		}
	}
	return scenarios.Load(figures.Stories{}, name, ps...)
}

// vet loads a story in a process with limits. What is merely wrong with the story is for Load to tell.
func vet(name string, ps []scenarios.Param) error {
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("check the scenario: %w", err)
	}
	at, err := newStoryAt()
	if err != nil {
		return fmt.Errorf("check the scenario: %w", err)
	}
	defer at.close()
	c := exec.Command(self, append([]string{"vet-scenario", "--scenario", name}, paramArgs(ps)...)...)
	c.ExtraFiles = []*os.File{at.file}
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	var said strings.Builder
	c.Stderr = &headWriter{&said, 64 << 10}
	err = c.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) && overLimit.MatchString(said.String()) {
		return &scenarios.BadScript{Text: crashed(said.String(), name, at, topMemory)}
	}
	if err != nil && !errors.As(err, &exit) {
		return fmt.Errorf("check the scenario: %w", err)
	}
	return nil
}

// headWriter keeps the first of what is written to it.
type headWriter struct {
	b    *strings.Builder
	left int
}

func (l *headWriter) Write(p []byte) (int, error) {
	n := min(len(p), l.left)
	l.b.Write(p[:n])
	l.left -= n
	return len(p), nil
}

// paramArgs are the flags that give another evviz the same values.
func paramArgs(ps []scenarios.Param) (args []string) {
	for _, p := range ps {
		args = append(args, "--param", p.Name+"="+p.Value)
	}
	return args
}

// VetScenario is the hidden command that LoadStory starts: it loads a story in a process of its own, within limits. Descriptor 3 is where
// it says how far it is.
func VetScenario(name string, params []scenarios.Param) error {
	at, err := inheritedStoryAt(3)
	if err != nil {
		return &StartedByHand{"vet-scenario", "evviz", "see evviz scenarios run"}
	}
	if err := limitMemory(topMemory); err != nil {
		return err
	}
	_, err = scenarios.LoadAt(at.position(), figures.Stories{}, name, params...)
	return err
}
