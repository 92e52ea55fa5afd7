package cmd

import (
	"fmt"
	"io"
	"regexp"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
)

// Set by `make build` (-ldflags -X), which knows tags; "" leaves it to what the go command has written into the program.
var builtVersion, builtCommit, builtDate string

// build is what is known of where the program comes from.
type build struct {
	version  string // a tag, or devel
	commit   string // "" unknown
	date     string // of the commit, as RFC 3339; "" unknown
	modified bool   // the tree had changes that are in no commit
}

// thisBuild is this program's.
func thisBuild() build {
	bi, _ := debug.ReadBuildInfo()
	return buildOf(bi, builtVersion, builtCommit, builtDate)
}

// pseudo is the end of a version that names a commit and no release.
var pseudo = regexp.MustCompile(`[-.][0-9]{14}-[0-9a-f]{12}$`)

func buildOf(bi *debug.BuildInfo, version, commit, date string) build {
	b := build{version: version, commit: commit, date: date}
	if bi != nil {
		if b.version == "" {
			b.version = bi.Main.Version
		}
		for _, s := range bi.Settings {
			switch s.Key {
			case "vcs.revision":
				b.commit = or(b.commit, s.Value)
			case "vcs.time":
				b.date = or(b.date, s.Value)
			case "vcs.modified":
				b.modified = s.Value == "true"
			}
		}
	}
	for _, dirty := range []string{"-dirty", "+dirty"} {
		if v, ok := strings.CutSuffix(b.version, dirty); ok {
			b.version, b.modified = v, true
		}
	}
	if b.version == "" || b.version == "(devel)" || pseudo.MatchString(b.version) || b.version == b.commit || strings.HasPrefix(b.commit, b.version) {
		b.version = "devel"
	}
	return b
}

// String is one line: devel, modified, commit 8f880b9d1c2e of 2026-11-30.
func (b build) String() string {
	s := b.version
	if b.modified {
		s += ", modified"
	}
	if b.commit == "" {
		return s + ", commit unknown"
	}
	s += ", commit " + b.commit[:min(12, len(b.commit))]
	if day, _, _ := strings.Cut(b.date, "T"); day != "" {
		s += " of " + day
	}
	return s
}

func version() string { return thisBuild().String() }

// platform is what the program was made with, and for what.
func platform() string { return runtime.Version() + " " + runtime.GOOS + "/" + runtime.GOARCH }

func newVersion() *cobra.Command {
	c := &cobra.Command{Use: "version", Short: "Print the version, the commit it was built from, and the Go version", Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := io.WriteString(stdout, versionText())
			return err
		}}
	c.SetFlagErrorFunc(flagError)
	return c
}

func versionText() string { return fmt.Sprintf("evviz %s\n%s\n", version(), platform()) }
