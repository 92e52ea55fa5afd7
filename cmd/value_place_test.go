package cmd

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// wrongValues are values that flags of the lab and of replay cannot have. "?" is wrong for every knob of the lab.
var wrongValues = map[string][]string{
	"mode": {"eepoll"}, "trigger": {"sideways"}, "preset": {"book"}, "scenario": {"nowhere"}, "lesson": {"99"}, "listen": {"nowhere"},
	"headless": {"perhaps"}, "text": {"perhaps"}, "for": {"long", "-1s"}, "threshold": {"gap", "gap=wide", "gaap=1s"},
	"theme": {"purple"}, "symbols": {"runes"}, "view": {"back"}, "span": {"long", "0s"}, "no-mouse": {"perhaps"}, "seed": {"many"},
	"param": {"n", "n=1"}, "ring": {"many", "1"}, "max-connections": {"many", "0"}, "keep": {"long", "-1s", "2h"},
	"save-on":      {"EV99", "sever", ","},
	"allow-remote": {"perhaps"}, "memory": {"much", "1MiB"},
	"force": {"perhaps"}, "summary": {"perhaps"}, "unparsed": {"perhaps"}, "paused": {"perhaps"}, "follow": {"perhaps"}, "light": {"perhaps"}, "speed": {"fast", "1000"},
	"at": {"late", "999h"}, "to": {"late", "3s"}, "fps": {"many"}, "screencast": {"x.gif"},
	"no-generations": {"perhaps"}, "no-resolve-cache": {"perhaps"}, "no-wake-drain": {"perhaps"}, "size": {"big"}, "screenshot": {"x.bmp"},
}

// anyText are flags that take any text, or whose text is judged by somebody else: a file name by the system.
var anyText = []string{"record", "keys", "with"}

// TestBlame: a wrong value is blamed on where it stands. Every flag of the lab and of replay is tried in the environment, and
// every one that may stand in the settings file also there.
func TestBlame(t *testing.T) {
	recording, err := filepath.Abs("../tui/testdata/tour.evt")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir()) // nothing is written, but where is what an error would change
	file := filepath.Join(t.TempDir(), "config.toml")
	knobs := &labOptions{}
	knobs.flags(&cobra.Command{})
	for _, command := range []struct {
		name string
		make func() *cobra.Command
		args []string
	}{
		{"lab", newRoot, []string{"--listen", "127.0.0.1:0", "--for", "1ns"}},
		{"replay", newReplay, []string{recording, "--screenshot", "x.txt"}},
	} {
		run := func(t *testing.T, flag, environment, text string) error {
			t.Helper()
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			t.Setenv("EVVIZ_CONFIG", file)
			if environment != "" {
				t.Setenv(variableOf(flag), environment)
			}
			var args []string
			for i := 0; i < len(command.args); i++ { // what is given by hand would win
				if command.args[i] == "--"+flag {
					i++
					continue
				}
				args = append(args, command.args[i])
			}
			if command.name == "lab" && flag != "headless" && flag != "text" {
				args = append(args, "--headless")
			}
			c := command.make()
			c.SilenceErrors, c.SilenceUsage = true, true
			c.SetArgs(args)
			ran, err := c.ExecuteC()
			return blamed(ran, err)
		}
		check := func(t *testing.T, err error, place, flag string) {
			t.Helper()
			if codeOf(err) != exitUsage {
				t.Fatalf("%v is exit code %d, want %d", err, codeOf(err), exitUsage)
			}
			if !strings.Contains(err.Error(), place) {
				t.Errorf("%s is not named: %v", place, err)
			}
			for _, m := range flagWord.FindAllStringSubmatch(err.Error(), -1) {
				if m[2] == flag {
					t.Errorf("blamed on the flag, which was not given: %v", err)
				}
			}
		}
		command.make().Flags().VisitAll(func(f *pflag.Flag) {
			values := wrongValues[f.Name]
			if knobs.knobs[f.Name] != nil {
				values = []string{"?"}
			}
			if len(values) == 0 && !slices.Contains(anyText, f.Name) {
				t.Errorf("%s --%s: no wrong value to try is known here", command.name, f.Name)
			}
			for _, v := range values {
				t.Run(command.name+" "+f.Name+" in the environment", func(t *testing.T) {
					check(t, run(t, f.Name, v, ""), variableOf(f.Name), f.Name)
				})
				if !slices.Contains(settable, f.Name) {
					continue
				}
				text := f.Name + ` = "` + v + `"`
				if k, v, ok := strings.Cut(v, "="); ok && f.Name == "threshold" {
					text = "[threshold]\n" + k + ` = "` + v + `"`
				}
				t.Run(command.name+" "+f.Name+" in the file", func(t *testing.T) {
					check(t, run(t, f.Name, "", text+"\n"), file+": "+f.Name, f.Name)
				})
			}
		})
	}
}

// TestBlameTogether: where each value is right and only their company is not, those are named that the person does not see.
func TestBlameTogether(t *testing.T) {
	for _, c := range []struct {
		env, args []string
		has, not  []string
	}{
		{nil, []string{"--mode", "poll", "--threads", "3"}, []string{"use --mode epoll"}, []string{"command line", "EVVIZ"}},
		{[]string{"EVVIZ_THREADS=3"}, []string{"--mode", "poll"}, []string{"use --mode epoll", "EVVIZ_THREADS=3"}, []string{"EVVIZ_MODE"}},
		{[]string{"EVVIZ_MODE=poll"}, []string{"--trigger", "edge"}, []string{"EVVIZ_MODE poll", "--trigger edge"}, []string{"--mode"}},
		{[]string{"EVVIZ_LESSON=1"}, []string{"--scenario", "demo"}, []string{"EVVIZ_LESSON and --scenario"}, []string{"--lesson"}},
		{[]string{"EVVIZ_MODE=epoll-et"}, []string{"--trigger", "level"}, []string{"EVVIZ_MODE epoll-et and --trigger level contradict"}, nil},
	} {
		p := program(t, append([]string{"--headless", "--listen", "127.0.0.1:0", "--for", "1ns"}, c.args...)...)
		p.Env = append(p.Env, c.env...)
		r := finish(t, p)
		if r.code != exitUsage {
			t.Errorf("%s %s: exit code %d: %s", c.env, c.args, r.code, r.err)
		}
		for _, s := range c.has {
			if !strings.Contains(r.err, s) {
				t.Errorf("%s %s: %q is not said: %s", c.env, c.args, s, r.err)
			}
		}
		for _, s := range c.not {
			if strings.Contains(r.err, s) {
				t.Errorf("%s %s: %q is said: %s", c.env, c.args, s, r.err)
			}
		}
	}
}

// TestBlamed: only errors about usage are rewritten, whole names only, and once.
func TestBlamed(t *testing.T) {
	c := &cobra.Command{}
	c.Flags().String("keep", "", "")
	c.Flags().String("keep-on", "", "")
	setPlace(c.Flags().Lookup("keep"), "EVVIZ_KEEP")
	inner := errors.New("inner")
	for _, x := range []struct {
		err  error
		want string
	}{
		{nil, ""},
		{usage("--keep 2h: too long"), "EVVIZ_KEEP 2h: too long"},
		{usage("both (--keep) and --keep-on, --keep."), "both (EVVIZ_KEEP) and --keep-on, EVVIZ_KEEP."},
		{usage("x--keep ---keep --keepx --keep_"), "x--keep ---keep --keepx --keep_"},
		{env(errors.New("start with --keep 30s")), "start with --keep 30s"},
		{failure(errors.New("--keep")), "--keep"},
		{together(c, usage("use --keep"), []string{"keep", "keep-on"}), "use --keep (what does not stand on the command line: EVVIZ_KEEP=)"},
		{usage("--keep: %w", inner), "EVVIZ_KEEP: inner"},
	} {
		got := blamed(c, x.err)
		if x.err == nil {
			if got != nil {
				t.Errorf("no error becomes %v", got)
			}
			continue
		}
		if got.Error() != x.want || codeOf(got) != codeOf(x.err) || errors.Is(x.err, inner) != errors.Is(got, inner) {
			t.Errorf("%q (%d), want %q (%d)", got, codeOf(got), x.want, codeOf(x.err))
		}
		if again := blamed(c, got); again.Error() != x.want {
			t.Errorf("the second time %q, want %q", again, x.want)
		}
	}
}

// TestDoctorBlames: doctor tries all that the lab would refuse.
func TestDoctorBlames(t *testing.T) {
	file := filepath.Join(t.TempDir(), "config.toml")
	if err := os.WriteFile(file, []byte("save-on = [\"EV99\"]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ env, what, says string }{
		{"EVVIZ_READS=?", "environment", "EVVIZ_READS"},
		{"EVVIZ_KEEP=2h", "environment", "EVVIZ_KEEP"},
		{"EVVIZ_RING=1", "environment", "EVVIZ_RING"},
		{"EVVIZ_CONFIG=" + file, "settings file", "save-on"},
	} {
		p := program(t, "doctor", "--json")
		p.Env = append(p.Env, c.env)
		got, r := doctorSays(t, detached(p))
		if e := got[c.what]; e.State != stateMissing || !strings.Contains(e.Why, c.says) || strings.Contains(e.Why, "--save-on") || r.code != exitEnv {
			t.Errorf("%s: exit code %d, %+v", c.env, r.code, e)
		}
	}
}
