package straced

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Need is a program, and the package of the distribution that brings it.
type Need struct{ Program, Package string }

// Have is an error that names the first of them that is not installed.
func Have(needs ...Need) error {
	for _, n := range needs {
		if _, err := exec.LookPath(n.Program); err != nil {
			return fmt.Errorf("%s is not installed; the package %s has it", n.Program, n.Package)
		}
	}
	return nil
}

// Compile makes a program of a C or Go source, linked with libs; what is no source of these is copied.
func Compile(from, to string, libs ...string) error {
	var cmd *exec.Cmd
	switch filepath.Ext(from) {
	case ".c":
		cmd = exec.Command("gcc", append([]string{"-O1", "-o", to, from}, libs...)...)
	case ".go":
		cmd = exec.Command("go", "build", "-trimpath", "-o", to, from)
	default:
		b, err := os.ReadFile(from)
		if err != nil {
			return err
		}
		return os.WriteFile(to, b, 0o644)
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", cmd.Args[0], err, FirstLine(out))
	}
	return nil
}

// Probe runs a command that fails when a library is missing.
func Probe(argv ...string) error {
	if out, err := exec.Command(argv[0], argv[1:]...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", strings.Join(argv, " "), err, LastLine(out))
	}
	return nil
}
