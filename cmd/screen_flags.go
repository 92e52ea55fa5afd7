package cmd

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"evviz/internal/files"
	"evviz/show"
	"evviz/tui"
)

// looks are the flags about how a screen looks. They are the same for the lab, a replay and two labs side by side.
type looks struct {
	theme, symbols, view string
	span                 time.Duration
	noMouse              bool
	config               *config
}

// defaultSpan is how much time a screen shows when nobody says; of a replay that is shorter, all of it.
const defaultSpan = 4 * time.Second

func (l *looks) flags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&l.theme, "theme", "terminal", "colours: terminal (its own background), dark, light, colour-blind, or one of the settings file")
	f.StringVar(&l.symbols, "symbols", "auto", "glyphs: auto, braille, block, ascii")
	f.StringVar(&l.view, "view", "timeline", "the view to begin with: "+strings.Join(tui.ViewNames(), ", "))
	f.DurationVar(&l.span, "span", defaultSpan, "how much time a screen shows")
	f.BoolVar(&l.noMouse, "no-mouse", false, "leave the mouse to the terminal")
}

// check refuses what cannot be shown. cfg is the settings file's part.
func (l *looks) check(cfg *config) error {
	l.config = cfg
	if _, err := tui.FindTheme(l.theme, cfg.themes); err != nil {
		return usage("--theme: %v", err)
	}
	ok := false
	for _, s := range tui.SymbolSets {
		ok = ok || s == l.symbols
	}
	if !ok {
		return oneOf("--symbols", l.symbols, tui.SymbolSets)
	}
	if !tui.HasView(l.view) {
		return oneOf("--view", l.view, tui.ViewNames())
	}
	if l.span < time.Millisecond || l.span > 30*time.Minute {
		return usage("--span %v: want a time from 1ms to 30m", l.span)
	}
	return nil
}

// options are a screen's, as far as a person chooses them.
func (l *looks) options() (o tui.Options) {
	o.Theme, o.Symbols, o.View, o.Span, o.Mouse = l.theme, l.symbols, l.view, int64(l.span), !l.noMouse
	if l.config != nil {
		o.Keys, o.Custom = l.config.keys, l.config.themes
	}
	o.Draft = draft(l)
	return o
}

// draft writes pictures of the screen; what the name ends in says how.
func draft(l *looks) func(path string, p *tui.Picture) error {
	return func(path string, p *tui.Picture) error {
		return show.AnotherName(writePicture(path, p, l.lightGround(), false))
	}
}

// lightGround is whether pictures of a theme without a ground of its own stand on white: only when light was asked for.
func (l *looks) lightGround() bool { return l.theme == "light" }

// pictureFormats are the endings that a picture can have.
var pictureFormats = []string{".svg", ".txt", ".ans"}

// pictureFormat is a file's ending, if a picture can have it.
func pictureFormat(path string) (string, error) {
	for _, s := range pictureFormats {
		if strings.HasSuffix(path, s) {
			return s, nil
		}
	}
	return "", fmt.Errorf("%s: the name must end in .svg (a picture), .ans (with the terminal's colours) or .txt", path)
}

// writePicture writes a picture in the format that the file's name says. A file that is there is replaced with force alone:
// nothing in a picture tells that it is one of ours.
func writePicture(path string, p *tui.Picture, light, force bool) error {
	format, err := pictureFormat(path)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	switch format {
	case ".svg":
		err = p.SVG(&b, !light)
	case ".ans":
		err = p.ANSI(&b)
	default:
		b.WriteString(p.Text())
	}
	if err == nil {
		err = files.Write(path, b.Bytes(), 0o666, files.Over{Force: force})
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}
