package cmd

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/BurntSushi/toml"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"evviz/internal/files"
	"evviz/internal/plain"
	"evviz/internal/spelling"
	"evviz/tui"
)

// Settings come from four places; the first that has one wins: a flag, an environment variable (EVVIZ_ and the flag's name,
// EVVIZ_THEME), the settings file, the default. The settings file is TOML, in $XDG_CONFIG_HOME/evviz/config.toml, or where
// EVVIZ_CONFIG says.

// settable are the flags that the settings file may set: how things look and what is kept, not what is measured, so that the
// same command gives the same run on every machine.
var settable = []string{"theme", "symbols", "view", "span", "no-mouse", "keep", "save-on", "threshold"}

// maxConfig is the most that is read of a settings file, bytes.
const maxConfig = 1 << 20

// config is the settings file.
type config struct {
	path   string
	flags  map[string][]string // by flag, as they would be written
	keys   map[string][]string
	themes map[string]tui.Palette
}

// configPath is where the settings file is looked for; "" when this user has no home.
func configPath() string {
	if p := os.Getenv("EVVIZ_CONFIG"); p != "" {
		return p
	}
	dir := os.Getenv("XDG_CONFIG_HOME")
	if !filepath.IsAbs(dir) { // as the XDG specification has it
		home, err := os.UserHomeDir()
		if err != nil {
			return ""
		}
		dir = filepath.Join(home, ".config")
	}
	return filepath.Join(dir, "evviz", "config.toml")
}

// readConfig reads the settings file. One that is not there is empty; one that EVVIZ_CONFIG names must be there.
func readConfig() (*config, error) {
	c := &config{path: configPath()}
	if c.path == "" {
		return c, nil
	}
	b, err := files.Read(c.path, maxConfig)
	if (errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)) && os.Getenv("EVVIZ_CONFIG") == "" { // HOME=/dev/null is one way to have no home
		return c, nil
	}
	if err != nil {
		return nil, env(fmt.Errorf("read the settings %s: %w; EVVIZ_CONFIG=/dev/null runs evviz without any", c.path, err))
	}
	if err := c.parse(string(b)); err != nil {
		return nil, usage("%s: %v; evviz config --print-default shows what is possible", c.path, err)
	}
	return c, nil
}

func (c *config) parse(text string) error {
	var raw struct {
		Keys   map[string][]string    `toml:"keys"`
		Themes map[string]tui.Palette `toml:"themes"`
	}
	var all map[string]any
	if _, err := toml.Decode(text, &all); err != nil {
		return tomlError(err)
	}
	meta, err := toml.Decode(text, &raw)
	if err != nil {
		return tomlError(err)
	}
	for _, k := range meta.Undecoded() {
		if len(k) > 1 && (k[0] == "themes" || k[0] == "keys") {
			return fmt.Errorf("there is no setting %s", k)
		}
	}
	c.flags = map[string][]string{}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if name == "keys" || name == "themes" {
			continue
		}
		flag := strings.ReplaceAll(name, "_", "-")
		if !slices.Contains(settable, flag) {
			s := fmt.Sprintf("there is no setting %q", name)
			if n := spelling.Nearest(flag, settable); n != "" {
				s += fmt.Sprintf("; did you mean %q?", n)
			}
			return errors.New(s)
		}
		switch v := all[name].(type) {
		case []any:
			for _, x := range v {
				c.flags[flag] = append(c.flags[flag], fmt.Sprint(x))
			}
		case map[string]any: // [threshold] spin = 20
			for _, k := range slices.Sorted(maps.Keys(v)) {
				c.flags[flag] = append(c.flags[flag], fmt.Sprintf("%s=%v", k, v[k]))
			}
		default:
			c.flags[flag] = []string{fmt.Sprint(v)}
		}
	}
	if err := tui.CheckKeys(raw.Keys); err != nil {
		return fmt.Errorf("[keys]: %w", err)
	}
	for _, name := range slices.Sorted(maps.Keys(raw.Themes)) {
		if _, err := tui.FindTheme(name, raw.Themes); err != nil {
			return err
		}
	}
	c.keys, c.themes = raw.Keys, raw.Themes
	return nil
}

// tomlError is the library's error in one line, with the line of the file.
func tomlError(err error) error {
	var pe toml.ParseError
	if errors.As(err, &pe) {
		return fmt.Errorf("line %d: %s", pe.Position.Line, pe.Message)
	}
	return errors.New(strings.TrimPrefix(err.Error(), "toml: "))
}

// settle gives the flags of a command that were not written their values from the environment and the settings file, and
// returns the rest of the file. It is called before a command looks at its flags. only, when there are any, are the flags that
// it is about: "keep" means something else to compare.
func settle(c *cobra.Command, only ...string) (*config, error) {
	cfg, err := readConfig()
	if err != nil {
		return nil, err
	}
	var bad error
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if f.Changed || bad != nil || f.Name == "help" || f.Name == "version" || len(only) > 0 && !slices.Contains(only, f.Name) {
			return
		}
		variable := variableOf(f.Name)
		if v, ok := os.LookupEnv(variable); ok && v != "" {
			setPlace(f, variable)
			if err := c.Flags().Set(f.Name, v); err != nil {
				bad = usage("%s=%q: %s", variable, v, refused(err))
			}
			return
		}
		for _, v := range cfg.flags[f.Name] {
			setPlace(f, cfg.path+": "+f.Name)
			if err := f.Value.Set(v); err != nil && bad == nil {
				bad = usage("%s: %s = %q: %s", cfg.path, f.Name, v, refused(err))
			}
		}
	})
	return cfg, bad
}

// newConfig is the command about the settings file.
func newConfig() *cobra.Command {
	var def, path bool
	c := &cobra.Command{Use: "config", Short: "Show the settings file: where it is, what can stand in it", Args: noArgs,
		Long: `config says where the settings are read from and what they are. A flag goes before an environment variable (EVVIZ_THEME for
--theme), that before the settings file, and that before the default.`,
		Example: "  evviz config --print-default > \"$(evviz config --path)\"",
		RunE: func(*cobra.Command, []string) error {
			switch {
			case def:
				_, err := io.WriteString(stdout, defaultConfig())
				return err
			case path:
				p := configPath()
				if p == "" {
					return env(errors.New("there is no home directory to keep settings in; set EVVIZ_CONFIG to a file"))
				}
				fmt.Fprintln(stdout, p)
				return nil
			}
			return showConfig(stdout)
		}}
	c.Flags().BoolVar(&def, "print-default", false, "print a settings file with everything in it, as it is without one")
	c.Flags().BoolVar(&path, "path", false, "print where the settings file is looked for")
	c.SetFlagErrorFunc(flagError)
	return c
}

// showConfig tells what the settings file says.
func showConfig(w io.Writer) error {
	cfg, err := readConfig()
	if err != nil {
		return err
	}
	if _, err := os.Stat(cfg.path); cfg.path == "" || err != nil {
		fmt.Fprintf(w, "no settings file (%s); everything is as by default\n", or(cfg.path, "no home directory"))
	} else {
		fmt.Fprintf(w, "%s\n", cfg.path)
	}
	for _, k := range slices.Sorted(maps.Keys(cfg.flags)) {
		fmt.Fprintf(w, "  %s = %s\n", k, strings.Join(cfg.flags[k], ", "))
	}
	for _, k := range slices.Sorted(maps.Keys(cfg.keys)) {
		fmt.Fprintf(w, "  key of %s: %s\n", k, strings.Join(cfg.keys[k], " "))
	}
	for _, k := range slices.Sorted(maps.Keys(cfg.themes)) {
		fmt.Fprintf(w, "  theme %s\n", k)
	}
	for _, v := range os.Environ() {
		if name, value, _ := strings.Cut(v, "="); strings.HasPrefix(name, "EVVIZ_") && !strings.HasPrefix(name, "EVVIZ_TEST") && value != "" {
			fmt.Fprintf(w, "  from the environment: %s\n", plain.Lines(v))
		}
	}
	return nil
}

func or(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// defaultConfig is a settings file that changes nothing: what it says is what evviz does without one.
func defaultConfig() string {
	var b strings.Builder
	b.WriteString(`# Settings of evviz. What stands here is what evviz does without this file; change what you like, leave out the rest.
# A flag (--theme light) and an environment variable (EVVIZ_THEME=light) go before it.

theme = "terminal"    # terminal (the terminal's own background), dark, light, colour-blind, or one of [themes] below
symbols = "auto"      # auto, braille, block, ascii
view = "timeline"     # timeline, iteration, registered, latency, findings, events
span = "4s"           # how much time a screen shows
no-mouse = false      # true leaves the mouse to the terminal
# keep = "30s"                    # keep the last seconds, for the key S
# save-on = ["EV08", "critical"]  # and save them when one of these is found

# Thresholds of the findings (evviz check --help lists them).
[threshold]
# stall = "1s"

# Keys: an action, and the keys that it has. A key is one character, or Space, Enter, Tab, Shift-Tab, Esc, Left, Right, Up,
# Down, PgUp, PgDn, Home, End, F1 to F12, Ctrl-A to Ctrl-Z, Alt-x. The names are commands of the ":" line, too.
[keys]
`)
	for _, a := range tui.Actions() {
		var keys []string
		for _, k := range a.Keys {
			keys = append(keys, fmt.Sprintf("%q", k))
		}
		fmt.Fprintf(&b, "%-40s # %s\n", fmt.Sprintf("%s = [%s]", a.Name, strings.Join(keys, ", ")), a.Help)
	}
	b.WriteString(`
# A theme of your own: the theme that it is based on, and what differs. Colours are "#rrggbb". This one is here to be seen only:
# theme = "example" would use it.
[themes.example]
base = "dark"
fresh = "#235c94"   # unread
old = "#b0581c"     # ... long
stale = "#a82a32"   # ... too long, or stranded
again = "#d88a1e"   # repeats
# background, foreground, dim, bar, bar_foreground, selected, fill_foreground, cursor, waiting, working, asleep,
# asleep_foreground, again_foreground, eagain, accept, bad, good
`)
	return b.String()
}
