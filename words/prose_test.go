package words

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Texts that a person reads stand in the string literals of every package, in those of scenarios, and on these pages.
var pages = []string{"README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/*.md", "docs/modes/*.md", "diagnostics/text/*.md", "words/kernel/*.md"}

// exempt is a place that keeps a word, and why. An exemption that nothing needs any more fails, too.
type exempt struct {
	path string // how its path ends, or a folder and a slash
	word string // "" all of them
	why  string
}

func (x *exempt) is(path, word string) bool {
	return (x.word == "" || strings.EqualFold(x.word, word)) &&
		(path == x.path || strings.HasSuffix(path, "/"+x.path) || strings.HasSuffix(x.path, "/") && strings.HasPrefix(path, x.path))
}

var later = []exempt{
	{"words/terms.go", "", "the list itself"},
	{"probe/strace.go", "tell", "the text stands in every golden trace of probe; it changes with the next change of those"},
	{"trace/spec.go", "", "the text of Renotify changes together with the event"},
	{"docs/events.md", "", "made from trace/spec.go"},
	{"docs/debug-my-server.md", "tell", "quotes what check prints, whose text stands in probe/strace.go"},
	{"docs/glossary.md", "knob", "explains the word, which scenarios and events have"},
	{"docs/museum.md", "mended", "the name of the param by which a story is fixed, which scripts use"},
	{"script.go", "mended", "the name of the param by which a story is fixed, which scripts use"},
}

// quoted are parts of pages that are made from something else or are scripts: from a line that begins with the first to one that
// begins with the second.
var quoted = map[string][2]string{
	"docs/settings.md":  {"```", "```"}, // the default settings file: the keys' help again
	"docs/museum.md":    {"```", "```"}, // scripts
	"docs/scenarios.md": {"```", "```"}, // scripts
}

// TestProse: no text for people has a word in it that evviz has another one for. Names of figures, keys of JSON and flags, which
// scripts use, are no sentences: a literal counts when it has a space in it, or when it is counted (Count(n, "read")).
func TestProse(t *testing.T) {
	t.Chdir("..")
	texts := 0
	needed := map[exempt]bool{}
	check := func(path string, line int, text string) {
		texts++
		word, use := Misused(text)
		if word == "" {
			return
		}
		for _, x := range later {
			if x.is(path, word) {
				needed[x] = true
				return
			}
		}
		t.Errorf("%s:%d: %q: say %s", path, line, word, use)
	}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != "." && (d.Name()[0] == '.' || d.Name() == "testdata" || path == "bench" || path == "internal/testkit"):
			return filepath.SkipDir // nobody but a developer reads what is said there
		case strings.HasSuffix(path, ".star"):
			return sayings(path, check)
		case strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go"):
			return literals(path, check)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, glob := range pages {
		paths, err := filepath.Glob(glob)
		if err != nil || len(paths) == 0 {
			t.Fatalf("%s: no page (%v)", glob, err)
		}
		for _, path := range paths {
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			marks, quotes := quoted[path]
			inside := false
			for i, line := range strings.Split(string(b), "\n") {
				if quotes && strings.HasPrefix(line, marks[0]) && !inside {
					inside = true
					continue
				}
				if inside {
					inside = !strings.HasPrefix(line, marks[1])
					continue
				}
				if strings.HasPrefix(path, "words/kernel/") && strings.HasPrefix(line, "## ") {
					continue // a key: the name of a class, a kind or an error number
				}
				check(path, i+1, code.ReplaceAllString(line, "``"))
			}
		}
	}
	if texts < 3000 {
		t.Errorf("only %d texts read", texts)
	}
	for _, x := range later {
		if !needed[x] {
			t.Errorf("nothing in %s needs to be exempt for %q any more", x.path, x.word)
		}
	}
}

// code is what a page quotes: names and commands.
var code = regexp.MustCompile("`[^`]*`")

// sayings reads the strings of a scenario that are texts.
func sayings(path string, check func(path string, line int, text string)) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	long := false // inside a text of several lines
	for i, line := range strings.Split(string(b), "\n") {
		for n, part := range strings.Split(line, `"""`) {
			if long = long != (n > 0); long {
				check(path, i+1, part)
				continue
			}
			for k, text := range strings.Split(part, `"`) { // every other part stands between quotes
				if k%2 == 1 && strings.Contains(text, " ") {
					check(path, i+1, text)
				}
			}
		}
	}
	return nil
}

// literals reads the strings of a Go file that are texts.
func literals(path string, check func(path string, line int, text string)) error {
	files := token.NewFileSet()
	f, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	var not []*ast.BasicLit // what is no text: import paths, tags
	for _, i := range f.Imports {
		not = append(not, i.Path)
	}
	var counted []ast.Expr
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Field:
			if n.Tag != nil {
				not = append(not, n.Tag)
			}
		case *ast.CallExpr:
			name := ""
			switch fun := n.Fun.(type) {
			case *ast.Ident:
				name = fun.Name
			case *ast.SelectorExpr:
				name = fun.Sel.Name
			}
			if name == "Count" {
				counted = append(counted, n.Args...)
			}
		case *ast.BasicLit:
			if n.Kind != token.STRING || slices.Contains(not, n) {
				return true
			}
			text, err := strconv.Unquote(n.Value)
			if err != nil {
				return true
			}
			first := files.Position(n.Pos()).Line
			if slices.Contains(counted, ast.Expr(n)) {
				check(path, first, "2 "+text)
			}
			if strings.Contains(text, " ") {
				for i, line := range strings.Split(text, "\n") {
					check(path, first+i, line)
				}
			}
		}
		return true
	})
	return nil
}

// TestTerms: each term is found in its example, and not in what only looks like it.
func TestTerms(t *testing.T) {
	for i := range Terms {
		x := &Terms[i]
		if word, _ := Misused(x.Example); word == "" || !x.re.MatchString(x.Example) {
			t.Errorf("%s is not found in %q", x.Not, x.Example)
		}
	}
	for _, text := range []string{"there is no timer", "it is no longer kept", "take them in turn", "a timer that is set", "retold", "read(7) returned 5",
		"evviz reports that", "the kernel returns events", "turn it off", "the background", "a recommendation"} {
		if word, use := Misused(text); word != "" {
			t.Errorf("%q: %q is taken for what should be %s", text, word, use)
		}
	}
	for text, want := range map[string]string{"fd 0 is no socket": "is no socket", "Told again": "Told", "64 reports,": "64 reports", "no-one asked in vain.": "in vain"} {
		if word, _ := Misused(text); word != want {
			t.Errorf("%q: %q, want %q", text, word, want)
		}
	}
}
