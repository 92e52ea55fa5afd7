package tui

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/gdamore/tcell/v2"

	"evviz/internal/testkit"
	"evviz/picture"
)

// styleText is a style in a few words.
func styleText(st tcell.Style) string {
	fg, bg, attr := st.Decompose()
	colour := func(c tcell.Color) string {
		if c == tcell.ColorDefault {
			return "-"
		}
		return fmt.Sprintf("#%06x", c.Hex())
	}
	s := colour(fg) + " on " + colour(bg)
	for _, a := range []struct {
		mask tcell.AttrMask
		name string
	}{{tcell.AttrBold, "bold"}, {tcell.AttrDim, "dim"}, {tcell.AttrReverse, "reverse"}, {tcell.AttrUnderline, "underline"}, {tcell.AttrItalic, "italic"}} {
		if attr&a.mask != 0 {
			s += " " + a.name
		}
	}
	return s
}

// TestPalettes: what every meaning looks like in every theme, and with eight colours and none.
func TestPalettes(t *testing.T) {
	of := func(name string, p Palette, colours int) string {
		var b strings.Builder
		fmt.Fprintf(&b, "== %s\n", name)
		th := newTheme(p, colours)
		var k inks
		k.dip(&th)
		v := reflect.ValueOf(th)
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.Type == reflect.TypeFor[tcell.Style]() {
				fmt.Fprintf(&b, "%-10s %s\n", f.Name, styleText(*(*tcell.Style)(reflect.ValueOf(&th).Elem().Field(i).Addr().UnsafePointer())))
			}
		}
		for r := range picture.RoleCount {
			fmt.Fprintf(&b, "part of %-10v %s\n", r, styleText(k.style[r.Part()]))
		}
		return b.String()
	}
	all := ""
	for _, name := range slices.Sorted(maps.Keys(Themes)) {
		all += of(name, Themes[name], 1<<24)
	}
	all += of("eight colours", Palette{}, 8) + of("no colours", Palette{}, 0)
	testkit.Golden(t, "palettes.txt", all)
}

// TestOneColourOneMeaning: repeats, long waits, the badge of a triggering, a view that is not live, and messages share no look.
func TestOneColourOneMeaning(t *testing.T) {
	for name, p := range Themes {
		for _, colours := range []int{1 << 24, 8, 0} {
			th := newTheme(p, colours)
			seen := map[string]string{}
			for what, st := range map[string]tcell.Style{"repeats": th.again, "long": th.old, "badge": th.badge, "paused": th.halted, "message": th.message, "too long": th.stale} {
				looks := styleText(st)
				if colours == 1<<24 {
					_, bg, _ := st.Decompose()
					looks = fmt.Sprint(bg.Hex())
				}
				if other := seen[looks]; other != "" && !(colours == 0 && looks == "- on -") {
					t.Errorf("%s with %d colours: %s looks like %s (%s)", name, colours, what, other, looks)
				}
				seen[looks] = what
			}
		}
	}
}

// TestNoRemappedColour: with 256 colours nothing is drawn in one of the sixteen that a person's own theme may have remapped; with a theme of colours of
// its own nothing is left to it.
func TestNoRemappedColour(t *testing.T) {
	for name, p := range Themes {
		th := newTheme(p, 256)
		v := reflect.ValueOf(&th).Elem()
		for i := range v.NumField() {
			if v.Type().Field(i).Type != reflect.TypeFor[tcell.Style]() {
				continue
			}
			fg, bg, _ := (*(*tcell.Style)(v.Field(i).Addr().UnsafePointer())).Decompose()
			for _, c := range []tcell.Color{fg, bg} {
				if c != tcell.ColorDefault && (c.IsRGB() || c-tcell.ColorValid < 16) {
					t.Errorf("%s: %s uses %v", name, v.Type().Field(i).Name, c)
				}
			}
		}
	}
}
