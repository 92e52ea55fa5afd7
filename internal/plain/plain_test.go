package plain

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

const evil = "a\x1b[2J\x07\x7f\u009b31m\u202eb\u2066\u200b\ufeff\U000e0041 \xff |`*_[x](https://e.example/)<b>@me\n\tz"

func TestText(t *testing.T) {
	for in, want := range map[string]string{
		"":                         "",
		"plain, ünï·cödé 日本":       "plain, ünï·cödé 日本",
		"\x1b]0;x\x07":             "?]0;x?",
		"\x7f\u0085\u009b":         "???",
		"\u202egpj.exe\u2069":      "?gpj.exe?",
		"a\u200bb\u00adc\ufeffd":   "a?b?c?d",
		"line\none\ttab\u2028two":  "line?one?tab?two",
		"not utf-8 \xff\xc3 there": "not utf-8 ?? there",
	} {
		if got := Text(in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
	if got := Lines("a\n\tb\rc\x1b"); got != "a\n\tb?c?" {
		t.Errorf("lines: %q", got)
	}
}

func TestMarkdown(t *testing.T) {
	got := Markdown(evil)
	for _, bad := range []string{"[x](", "https://", "<b>", "@me", "\n", "\x1b", "\u202e", "\u200b"} {
		if strings.Contains(got, bad) {
			t.Errorf("%q is still in %q", bad, got)
		}
	}
	if strings.Count(got, "|") != strings.Count(got, `\|`) {
		t.Errorf("a bar ends a cell: %q", got)
	}
}

// FuzzJSON: whatever is written has no character that acts, and is read back as it was.
func FuzzJSON(f *testing.F) {
	f.Add(evil)
	f.Add("\u2028\u2029\x00")
	f.Fuzz(func(t *testing.T, s string) {
		var b bytes.Buffer
		if err := WriteJSON(&b, map[string]string{"s": s}); err != nil {
			t.Fatal(err)
		}
		for _, r := range b.String() {
			if r != '\n' && r != utf8.RuneError && (unicode.IsControl(r) || acts(r)) {
				t.Fatalf("%q holds %U", b.String(), r)
			}
		}
		var back map[string]string
		if err := json.Unmarshal(b.Bytes(), &back); err != nil {
			t.Fatalf("%v: %q", err, b.String())
		}
		if back["s"] != strings.ToValidUTF8(s, "\ufffd") && utf8.ValidString(s) {
			t.Fatalf("%q came back as %q", s, back["s"])
		}
	})
}
