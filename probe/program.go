package probe

import (
	"os"
	"slices"
	"strconv"
	"strings"
)

// Program is what a process that runs is called: its file, its name, and the files that it has mapped. Nil when it has ended, or belongs to somebody
// else.
func Program(pid int) (names []string) {
	dir := "/proc/" + strconv.Itoa(pid) + "/"
	if exe, err := os.Readlink(dir + "exe"); err == nil {
		names = append(names, exe)
	}
	if comm, err := os.ReadFile(dir + "comm"); err == nil {
		names = append(names, strings.TrimSpace(string(comm)))
	}
	maps, err := os.ReadFile(dir + "maps")
	if err != nil {
		return names
	}
	for line := range strings.Lines(string(maps)) {
		if at := strings.IndexByte(line, '/'); at > 0 {
			if file := strings.TrimSpace(line[at:]); !slices.Contains(names, file) {
				names = append(names, file)
			}
		}
	}
	return names
}
