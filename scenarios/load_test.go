package scenarios

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestBuiltinStoriesLoad(t *testing.T) {
	name := regexp.MustCompile(`^[a-z][a-z-]*$`)
	for _, n := range Names() {
		s, err := Load(testFigures{}, n)
		if err != nil {
			t.Errorf("%s: %v", n, err)
			continue
		}
		if s.Title == "" || s.About == "" {
			t.Errorf("%s says neither what it is nor what it is about", n)
		}
		if s.Title != n {
			t.Errorf("%s calls itself %q", n, s.Title)
		}
		for _, k := range s.Knobs {
			if !name.MatchString(k.Name) || k.Value == "" || !strings.HasPrefix(k.Pos, n+".star:") {
				t.Errorf("%s: knob %+v", n, k)
			}
		}
	}
}

func TestLoadErrorsSayWhere(t *testing.T) {
	const main = "def main():\n    pass\n"
	for _, c := range []struct{ name, text, want string }{
		{"syntax", "def main(:\n", "bad.star:1:11: "},
		{"a name that does not exist", "def main():\n    conect()\n", "bad.star:2:5: undefined: conect"},
		{"two of them", "def main():\n    a()\n    b()\n", "bad.star:3:5: undefined: b"},
		{"no main", "title = \"x\"\n", "bad.star:1:1: a scenario needs a function main()"},
		{"main is no function", "main = 3\n", "bad.star:1:1: a scenario needs a function main()"},
		{"main with arguments", "\ndef main(n):\n    pass\n", "bad.star:2:1: main takes no arguments"},
		{"title is no string", "\ntitle = 3\n" + main, "bad.star:2:1: title must be a string, not int"},
		{"about is no string", "about = [1]\n" + main, "bad.star:1:1: about must be a string, not list"},
		{"knobs is no dict", main + "knobs = 3\n", "bad.star:3:1: the settings must be a dict, not int"},
		{"a knob's name", "knobs = {1: 2}\n" + main, "bad.star:1:1: the names of settings are strings"},
		{"a knob's value", "knobs = {\n    \"a\": 1,\n    \"read_size\": [1],\n}\n" + main, "bad.star:3:5: setting \"read_size\": a value is a string, a number or True/False, not list"},
		{"an error at the top", "x = 1\ny = x // 0\n" + main, "bad.star:2:7: "},
		{"a call at the top", "c = connect()\n" + main, "bad.star:1:12: connect can only be called inside main"},
		{"load", "load(\"a\", \"b\")\n" + main, "bad.star:1:1: "},
		{"endless", "def f():\n    while True:\n        pass\nf()\n" + main, "bad.star:"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := parse(Position{}, testFigures{}, "bad", "bad.star", []byte(c.text))
			var bad *BadScript
			if !errors.As(err, &bad) {
				t.Fatalf("got %v, want a *BadScript", err)
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("got  %s\nwant %s", err, c.want)
			}
			if !strings.HasPrefix(err.Error(), "bad.star:") {
				t.Errorf("%q does not begin with the place", err)
			}
		})
	}
}

func TestLoadByName(t *testing.T) {
	if _, err := Load(testFigures{}, "nosuch"); !errors.Is(err, ErrUnknown) || !strings.Contains(err.Error(), "demo") {
		t.Errorf("an unknown name: %v", err)
	}
	dir := t.TempDir()
	if _, err := Load(testFigures{}, filepath.Join(dir, "x.star")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
	if _, err := Load(testFigures{}, dir+"/"); err == nil {
		t.Error("a directory was loaded")
	}
	file := filepath.Join(dir, "mine.star")
	text := "knobs = {\"read_size\": 7, \"rdhup\": True, \"work\": \"cpu:1ms\"}\ndef main():\n    pass\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := Load(testFigures{}, file)
	if err != nil {
		t.Fatal(err)
	}
	if s.Title != "mine" || s.Name != file {
		t.Errorf("title %q, name %q", s.Title, s.Name)
	}
	want := []Knob{{"read-size", "7", file + ":1:10"}, {"rdhup", "true", file + ":1:26"}, {"work", "cpu:1ms", file + ":1:41"}}
	if len(s.Knobs) != len(want) {
		t.Fatalf("knobs %v", s.Knobs)
	}
	for i := range want {
		if s.Knobs[i] != want[i] {
			t.Errorf("knob %d: got %v, want %v", i, s.Knobs[i], want[i])
		}
	}
}
