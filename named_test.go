package main

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	pageName = regexp.MustCompile(`[\w./-]*\w\.md\b`)
	fileName = regexp.MustCompile(`[\w./*-]*[\w*]\.go\b`)
)

// TestNamedPages: a page that a comment or another page names is in the tree, so that a clone has it.
func TestNamedPages(t *testing.T) {
	there := map[string]bool{}
	walk(t, func(path string) {
		if strings.HasSuffix(path, ".md") {
			there[filepath.Base(path)] = true
		}
	})
	seen := 0
	eachText(t, func(path, text string) {
		for i, line := range strings.Split(text, "\n") {
			line, prose := proseOf(path, line)
			if !prose {
				continue
			}
			for _, name := range pageName.FindAllString(line, -1) {
				seen++
				if base := filepath.Base(name); !there[base] && base != "EVnn.md" && base != "NAME.md" { // a rule's page, a mode's
					t.Errorf("%s:%d names %s, which is not in the tree", path, i+1, name)
				}
			}
		}
	})
	if seen < 20 {
		t.Errorf("only %d pages are named: what looks for them finds too little", seen)
	}
}

// TestNamedTests: a test that a page names is in the tree.
func TestNamedTests(t *testing.T) {
	name := regexp.MustCompile(`\bTest[A-Z]\w+`)
	there := map[string]bool{}
	named := map[string]string{}
	eachText(t, func(path, text string) {
		switch {
		case strings.HasSuffix(path, "_test.go"):
			for _, m := range regexp.MustCompile(`(?m)^func (Test\w+)\(t \*testing\.T\)`).FindAllStringSubmatch(text, -1) {
				there[m[1]] = true
			}
		case strings.HasSuffix(path, ".md"):
			for _, n := range name.FindAllString(text, -1) {
				named[n] = path
			}
		}
	})
	for n, path := range named {
		begins := func(name string) bool { return strings.HasPrefix(name, n) } // -run takes the beginning of a name, too
		if n != "TestYourView" && !slices.ContainsFunc(slices.Collect(maps.Keys(there)), begins) {
			t.Errorf("%s names %s, which is not in the tree", path, n)
		}
	}
	if len(named) < 50 {
		t.Errorf("only %d tests are named: what looks for them finds too little", len(named))
	}
}

// pageOf are pages that name the files of one package without its path.
var pageOf = map[string]string{"docs/file-format.md": "record", "docs/rules.md": "diagnostics"}

// TestNamedFiles: a Go file that a comment or a page names is in the tree: beside the comment, or where its path says. A path that
// begins with no folder of ours is one of Go's own sources.
func TestNamedFiles(t *testing.T) {
	seen := 0
	eachText(t, func(path, text string) {
		for i, line := range strings.Split(text, "\n") {
			line, prose := proseOf(path, line)
			if !prose {
				continue
			}
			for _, name := range fileName.FindAllString(line, -1) {
				if strings.Contains(name, "NAME") || name == "doc.go" { // a pattern; every package has the other
					continue
				}
				seen++
				dirs := []string{".", filepath.Dir(path), pageOf[path]}
				if first, _, sub := strings.Cut(name, "/"); sub {
					if _, err := os.Stat(first); err != nil {
						continue
					}
				} else if strings.HasSuffix(path, ".go") {
					dirs = dirs[1:2]
				}
				if !slices.ContainsFunc(dirs, func(dir string) bool {
					m, err := filepath.Glob(filepath.Join(dir, name))
					return err == nil && len(m) > 0
				}) {
					t.Errorf("%s:%d names %s, which is not there", path, i+1, name)
				}
			}
		}
	})
	if seen < 100 {
		t.Errorf("only %d files are named: what looks for them finds too little", seen)
	}
}

// TestArchitecture: the table of packages on docs/architecture.md is the one of house_test.go.
func TestArchitecture(t *testing.T) {
	b, err := os.ReadFile("docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]string{}
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z/]+)` \\|.*\\| ([^|]*) \\|$").FindAllStringSubmatch(string(b), -1) {
		rows[m[1]] = m[2]
	}
	for path, may := range house {
		name := strings.TrimPrefix(path, "evviz/")
		if name == "evviz" {
			continue
		}
		row, there := rows[name]
		delete(rows, name)
		want := slices.Clone(may)
		got := strings.Split(row, ", ")
		switch row {
		case "nothing":
			got = nil
		case "everything":
			got = []string{"*"}
		}
		slices.Sort(want)
		slices.Sort(got)
		if !there {
			t.Errorf("docs/architecture.md has no row for `%s`, which may import %v", name, want)
		} else if !slices.Equal(got, want) {
			t.Errorf("docs/architecture.md: `%s` may import %v, and house_test.go has %v", name, got, want)
		}
	}
	for name := range rows {
		t.Errorf("docs/architecture.md: `%s` is not in the house", name)
	}
}

// proseOf is what a line says to a person: all of a page, of Go the comment.
func proseOf(path, line string) (text string, ok bool) {
	if !strings.HasSuffix(path, ".go") {
		return line, true
	}
	_, text, ok = strings.Cut(line, "//")
	return text, ok
}

// eachText calls f with every file that people write here: code, pages, scenarios, what builds them. Recorded logs are not among them.
func eachText(t *testing.T, f func(path, text string)) {
	walk(t, func(path string) {
		switch filepath.Ext(path) {
		case ".go", ".md", ".star":
		default:
			if base := filepath.Base(path); base != "Makefile" && base != "run" {
				return
			}
		}
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		f(path, string(b))
	})
}

// walk calls f with every file of the tree, but for what belongs to git and the test data.
func walk(t *testing.T, f func(path string)) {
	t.Helper()
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == ".git" || d.Name() == "testdata"):
			return filepath.SkipDir
		case !d.IsDir():
			f(path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
