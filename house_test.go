package main

import (
	"encoding/json"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// house is the import table: which packages of ours a package may use. It is the wall between the parts: a
// view that knew its source, or a loop that knew of screens, would fail here. The tests of a package are held to it too,
// but for internal/testkit and those that test the whole. Everybody may use internal/plain: text from outside is met everywhere.
var house = map[string][]string{
	"evviz":                         {"cmd"},
	"evviz/cmd":                     {"*"},
	"evviz/loop":                    {"loop/poll", "trace", "internal/files", "internal/sys"},
	"evviz/loop/poll":               {"trace", "internal/sys"},
	"evviz/scenarios":               {"trace", "internal/files"},
	"evviz/probe":                   {"record", "world", "trace", "internal/sys"},       // what strace printed is kept in memory as a recording is
	"evviz/probe/look":              {"probe/kernel", "probe", "trace", "internal/sys"}, // registrations are read as they stand beside a log
	"evviz/probe/kernel":            {"internal/sys"},
	"evviz/probe/attach":            {"probe/look", "probe/kernel", "probe", "trace", "internal/sys"},
	"evviz/trace":                   {},
	"evviz/world":                   {"trace"},
	"evviz/record":                  {"world", "trace", "internal/files"},
	"evviz/timeline":                {"world", "trace"},
	"evviz/words":                   {"timeline", "trace"},
	"evviz/diagnostics":             {"words", "timeline", "trace"},
	"evviz/picture":                 {"words", "timeline", "trace"},
	"evviz/tui":                     {"tui/screen", "picture", "figures", "diagnostics", "words", "timeline", "trace"},
	"evviz/tui/screen":              {},
	"evviz/figures":                 {"timeline", "trace"},
	"evviz/export":                  {"figures", "diagnostics", "words", "timeline", "trace"},
	"evviz/show":                    {"tui", "tui/screen", "words", "diagnostics", "record", "timeline", "trace", "internal/files"},                                                                    // it opens the terminal, and names a file of its own
	"evviz/lab":                     {"show", "figures", "tui", "export", "words", "record", "timeline", "loop", "scenarios", "diagnostics", "trace", "internal/spelling", "docs/modes", "probe/look"}, // it is the screen's Lab, in the screen's words
	"evviz/internal/files":          {},
	"evviz/internal/spelling":       {},
	"evviz/internal/sys":            {},
	"evviz/internal/testkit":        {},
	"evviz/internal/testkit/traces": {"trace"},
	"evviz/internal/plain":          {},
	"evviz/bench":                   {"*"},
	"evviz/bench/negatives":         {"bench/internal/straced"}, // they run the program, as people do
	"evviz/bench/positives":         {"bench/internal/straced"},
	"evviz/bench/looks":             {},
	"evviz/bench/internal/straced":  {},
	"evviz/docs/modes":              {},
}

// recorded are the packages whose tests, and nothing else of theirs, may use record: they are held against real recordings.
var recorded = []string{"evviz/timeline", "evviz/words", "evviz/diagnostics", "evviz/tui"}

// folded are the packages whose tests, and nothing else of theirs, may use timeline: what they emit is held against what is made of it.
var folded = []string{"evviz/probe/look"}

// outside is which modules of others the inner packages may use; the screen's library lives in tui alone.
var outside = map[string][]string{
	"evviz/trace":          {},
	"evviz/world":          {},
	"evviz/record":         {"github.com/klauspost/compress/"},
	"evviz/timeline":       {},
	"evviz/words":          {},
	"evviz/figures":        {},
	"evviz/picture":        {},
	"evviz/diagnostics":    {},
	"evviz/internal/files": {"golang.org/x/sys/unix", "golang.org/x/sys/windows"},
	"evviz/export":         {},
	"evviz/loop":           {"golang.org/x/sys/unix", "golang.org/x/net/dns/dnsmessage"},
	"evviz/loop/poll":      {"golang.org/x/sys/unix"},
	"evviz/probe":          {"golang.org/x/sys/unix"},
	"evviz/probe/look":     {"golang.org/x/sys/unix"},
	"evviz/probe/kernel":   {"github.com/cilium/ebpf", "golang.org/x/sys/unix"},
	"evviz/internal/sys":   {"golang.org/x/sys/unix", "kernel.org/pub/linux/libs/security/libcap/psx"}, // psx: capabilities of every thread
	"evviz/scenarios":      {"go.starlark.net/"},
	"evviz/show":           {"golang.org/x/sys/unix"}, // no flags: those are cmd's
	"evviz/lab":            {"golang.org/x/sys/unix"},
}

type pkg struct {
	ImportPath                         string
	Imports, TestImports, XTestImports []string
}

func TestHouse(t *testing.T) {
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports,TestImports,XTestImports", "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	dec := json.NewDecoder(strings.NewReader(string(out)))
	seen := 0
	for dec.More() {
		var p pkg
		if err := dec.Decode(&p); err != nil {
			t.Fatal(err)
		}
		seen++
		may, known := house[p.ImportPath]
		if !known {
			t.Errorf("%s is not in the house: add it to the table, with what it may import", p.ImportPath)
			continue
		}
		check := func(imports []string, test bool) {
			for _, i := range imports {
				if rest, ours := strings.CutPrefix(i, "evviz/"); ours {
					if rest == "internal/plain" || test && (rest == "internal/testkit" || rest == "internal/testkit/traces" || rest == "record" && slices.Contains(recorded, p.ImportPath) || rest == "timeline" && slices.Contains(folded, p.ImportPath) || "evviz/"+rest == p.ImportPath) || slices.Contains(may, "*") || slices.Contains(may, rest) {
						continue
					}
					t.Errorf("%s imports %s: the house allows it only %v", p.ImportPath, i, may)
				}
				if !test && strings.Contains(strings.SplitN(i, "/", 2)[0], ".") {
					if allowed, limited := outside[p.ImportPath]; limited && !slices.ContainsFunc(allowed, func(a string) bool { return strings.HasPrefix(i, a) }) {
						t.Errorf("%s imports %s: it may use only %v", p.ImportPath, i, allowed)
					}
					if (strings.Contains(i, "tcell") || strings.Contains(i, "tview")) && p.ImportPath != "evviz/tui" && p.ImportPath != "evviz/tui/screen" && p.ImportPath != "evviz/internal/testkit" {
						t.Errorf("%s imports %s: the screen's library lives in tui", p.ImportPath, i)
					}
				}
			}
		}
		check(p.Imports, false)
		check(p.TestImports, true)
		check(p.XTestImports, true)
	}
	if seen < 8 {
		t.Errorf("only %d packages listed", seen)
	}
}
