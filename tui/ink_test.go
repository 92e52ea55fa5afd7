package tui

import (
	"reflect"
	"testing"

	"evviz/picture"
)

// TestRolesHaveColours: every role of a picture is drawn in its own style, and where a theme has a colour for it, that has its name.
func TestRolesHaveColours(t *testing.T) {
	tags := map[string]bool{}
	for i := range reflect.TypeFor[Palette]().NumField() {
		tags[reflect.TypeFor[Palette]().Field(i).Tag.Get("toml")] = true
	}
	made := map[picture.Role]bool{picture.RoleText: true, picture.RoleBold: true, picture.RoleWarn: true} // of other colours
	for _, colours := range []int{1 << 24, 8} {
		th := newTheme(Themes["dark"], colours)
		for r := range picture.RoleCount {
			if (th.role(r) == th.text) != (r == picture.RoleText) {
				t.Errorf("%d colours: %v is drawn as %v, text as %v", colours, r, th.role(r), th.text)
			}
			if tags[r.String()] == made[r] {
				t.Errorf("a theme's colour for %v: %v", r, tags[r.String()])
			}
		}
	}
}
