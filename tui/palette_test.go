package tui

import "testing"

// TestDeprecatedColours: the names that colours of a theme had before set the same colours, and lose against the new ones.
func TestDeprecatedColours(t *testing.T) {
	p, err := FindTheme("mine", map[string]Palette{"mine": {Base: "dark", OldGround: "#010203", OldInk: "#040506", Ink: "#070809", OldOnto: "#0a0b0c"}})
	if err != nil {
		t.Fatal(err)
	}
	want := Themes["dark"]
	want.Base, want.Ground, want.Ink, want.Onto = "dark", "#010203", "#070809", "#0a0b0c"
	if p != want {
		t.Errorf("%+v\nwant %+v", p, want)
	}
}
