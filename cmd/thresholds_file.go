package cmd

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"evviz/diagnostics"
	"evviz/internal/files"
)

// thresholdsFile is the name of a project's own thresholds: lines NAME = VALUE, comments with #.
const thresholdsFile = ".evviz-thresholds"

// projectSettings are the thresholds of the file beside a log, or else of the one in the current directory, and above them those of the
// command line. used is the file's name, "" when there is none.
func projectSettings(log string, pairs []string) (set diagnostics.Settings, used string, err error) {
	set = diagnostics.Default()
	places := []string{thresholdsFile}
	if log != "-" {
		dir := filepath.Dir(log)
		if st, err := os.Stat(log); err == nil && st.IsDir() {
			dir = log
		}
		places = []string{filepath.Join(dir, thresholdsFile), thresholdsFile}
	}
	for _, path := range places {
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
			continue // a folder that may not be searched: the log in it will say so, if it cannot be read either
		}
		text, err := files.Read(path, 1<<20)
		if err != nil {
			return set, "", usage("read %s: %v", path, err)
		}
		if err := setLines(&set, path, string(text)); err != nil {
			return set, "", err
		}
		used = path
		break
	}
	return set, used, setPairs(&set, pairs)
}

func setLines(set *diagnostics.Settings, path, text string) error {
	n := 0
	for line := range strings.Lines(text) {
		n++
		line, _, _ = strings.Cut(line, "#")
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		name, value, ok := strings.Cut(line, "=")
		if !ok {
			return usage("%s:%d: %q: want NAME = VALUE, for example gap = 50ms; evviz check --help lists the names", path, n, line)
		}
		if err := set.Set(strings.TrimSpace(name), strings.TrimSpace(value)); err != nil {
			return usage("%s:%d: %v", path, n, err)
		}
	}
	return nil
}
