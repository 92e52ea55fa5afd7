package cmd

import (
	"os"
	"regexp"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
)

// TestVersion: a release says its tag, anything else that it is none, each with its commit and whether that was all; unknown is said.
func TestVersion(t *testing.T) {
	t.Parallel()
	info := func(version, modified string) *debug.BuildInfo {
		b := &debug.BuildInfo{Settings: []debug.BuildSetting{{Key: "vcs.revision", Value: "8f880b9d1c2e4f5a"}, {Key: "vcs.time", Value: "2026-11-30T17:50:00Z"}, {Key: "vcs.modified", Value: modified}}}
		b.Main.Version = version
		return b
	}
	for want, got := range map[string]build{
		"devel, modified, commit 8f880b9d1c2e of 2026-11-30": buildOf(info("v0.0.0-20261130175000-8f880b9d1c2e+dirty", "true"), "", "", ""),
		"devel, commit 8f880b9d1c2e of 2026-11-30":           buildOf(info("(devel)", "false"), "", "", ""),
		"v1.2.3, commit 8f880b9d1c2e of 2026-11-30":          buildOf(info("v1.2.3", "false"), "", "", ""),
		"v1.2.4, modified, commit abc1234 of 2026-12-01":     buildOf(info("v1.2.3", "false"), "v1.2.4-dirty", "abc1234", "2026-12-01T00:00:00Z"),
		"v1.2.3-4-gabc1234, commit abc1234 of 2026-12-01":    buildOf(nil, "v1.2.3-4-gabc1234", "abc1234", "2026-12-01T00:00:00Z"),
		"devel, commit abc1234567 of 2026-12-01":             buildOf(nil, "abc1234", "abc1234567", "2026-12-01T00:00:00Z"), // git describe without a tag
		"devel, commit unknown":                              buildOf(nil, "", "", ""),
	} {
		if got.String() != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	flag, command := run(t, "--version"), run(t, "version")
	if flag.out != command.out || flag.code != 0 || command.code != 0 {
		t.Errorf("--version says %q, the command %q", flag.out, command.out)
	}
	if !strings.HasPrefix(flag.out, "evviz devel") || !strings.Contains(flag.out, "\n"+runtime.Version()+" "+runtime.GOOS+"/"+runtime.GOARCH+"\n") {
		t.Errorf("--version says %q", flag.out)
	}
}

// TestVersionInMakefile: what the Makefile sets is there to be set; the linker does not say so when it is not.
func TestVersionInMakefile(t *testing.T) {
	b, err := os.ReadFile("../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	there := map[string]*string{"builtVersion": &builtVersion, "builtCommit": &builtCommit, "builtDate": &builtDate}
	set := regexp.MustCompile(`-X evviz/cmd\.(\w+)=`).FindAllStringSubmatch(string(b), -1)
	if len(set) != len(there) {
		t.Errorf("the Makefile sets %d variables, want %d", len(set), len(there))
	}
	for _, m := range set {
		if there[m[1]] == nil {
			t.Errorf("the Makefile sets %s, which is not there", m[1])
		}
	}
}
