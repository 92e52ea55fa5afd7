package testkit

import "strings"

// ArchiveFile is a file of an archive.
type ArchiveFile struct{ Name, Data string }

// Archive splits an archive in the txtar form: text files, each under a line "-- name --". What stands before the first is a remark.
func Archive(text string) (files []ArchiveFile) {
	for line := range strings.Lines(text) {
		name, ok := strings.CutPrefix(line, "-- ")
		name, end := strings.CutSuffix(name, " --\n")
		switch {
		case ok && end:
			files = append(files, ArchiveFile{Name: name})
		case len(files) > 0:
			files[len(files)-1].Data += line
		}
	}
	return files
}
