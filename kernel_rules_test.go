package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const kernelRules = "docs/kernel-rules.md"

var (
	ruleHead = regexp.MustCompile(`(?m)^### (K\d\d) `)
	caseRow  = regexp.MustCompile(`(?m)^\| (T\d\d) \|`)
	// ruleID is an id in a text or in the name of a test: K09, TestT01LevelBigMessage.
	ruleID   = regexp.MustCompile(`(?:\b|Test)([KT]\d\d)(?:\b|[a-eA-Z])`)
	testName = regexp.MustCompile(`([a-z]+(?:/[a-z]+)*)\.(Test\w+)`)
	caseFile = regexp.MustCompile(`\bt\d\d[a-e]?\b`)
)

// TestKernelRules: the page of the kernel's rules has every id once, and every rule its fields; each id that the tree uses is on it,
// and each test and scenario that it names is in the tree.
func TestKernelRules(t *testing.T) {
	b, err := os.ReadFile(kernelRules)
	if err != nil {
		t.Fatal(err)
	}
	page := string(b)
	known := map[string]bool{}
	for _, re := range []*regexp.Regexp{ruleHead, caseRow} {
		ids := re.FindAllStringSubmatch(page, -1)
		if len(ids) == 0 {
			t.Fatalf("%s: nothing matches %s", kernelRules, re)
		}
		for _, m := range ids {
			if known[m[1]] {
				t.Errorf("%s has %s twice", kernelRules, m[1])
			}
			known[m[1]] = true
		}
	}

	rules, cases, _ := strings.Cut(page, "\n## Truth cases\n")
	heads := ruleHead.FindAllStringSubmatchIndex(rules, -1)
	for i, h := range heads {
		end := len(rules)
		if i+1 < len(heads) {
			end = heads[i+1][0]
		}
		id, text := rules[h[2]:h[3]], rules[h[0]:end]
		for _, field := range []string{"Since", "Source", "Tests"} {
			if !regexp.MustCompile(`(?m)^- ` + field + `: \S`).MatchString(text) {
				t.Errorf("%s: %s has no line %q", kernelRules, id, "- "+field+": ...")
			}
		}
		if !testName.MatchString(text) {
			t.Errorf("%s: %s names no test", kernelRules, id)
		}
	}
	for _, row := range strings.Split(cases, "\n") {
		if caseRow.MatchString(row) && (!testName.MatchString(row) || !strings.Contains(row, "K")) {
			t.Errorf("%s: no test or no rule in %s", kernelRules, row)
		}
	}

	for _, m := range testName.FindAllStringSubmatch(page, -1) {
		if !hasTest(t, m[1], m[2]) {
			t.Errorf("%s: package %s has no %s", kernelRules, m[1], m[2])
		}
	}
	onPage := map[string]bool{}
	for _, name := range caseFile.FindAllString(cases, -1) {
		onPage[name] = true
		if _, err := os.Stat("scenarios/truth/" + name + ".star"); err != nil {
			t.Errorf("%s names a scenario that there is not: %v", kernelRules, err)
		}
	}
	files, err := filepath.Glob("scenarios/truth/*.star")
	if err != nil || len(files) == 0 {
		t.Fatalf("no truth cases (%v)", err)
	}
	for _, f := range files {
		if name := strings.TrimSuffix(filepath.Base(f), ".star"); !onPage[name] {
			t.Errorf("%s does not name the scenario %s", kernelRules, name)
		}
	}

	used := 0
	eachText(t, func(path, text string) {
		for i, line := range strings.Split(text, "\n") {
			for _, m := range ruleID.FindAllStringSubmatch(line, -1) {
				used++
				if !known[m[1]] {
					t.Errorf("%s:%d: %s is not in %s", path, i+1, m[1], kernelRules)
				}
			}
		}
	})
	if used < 2*len(known) {
		t.Errorf("only %d ids found in the tree: what looks for them finds too little", used)
	}
}

// hasTest reports whether a package's tests have this function.
func hasTest(t *testing.T, pkg, name string) bool {
	files, err := filepath.Glob(pkg + "/*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(b), "\nfunc "+name+"(t *testing.T)") {
			return true
		}
	}
	return false
}
