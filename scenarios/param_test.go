package scenarios

import (
	"errors"
	"reflect"
	"strings"
	"testing"
)

func TestParam(t *testing.T) {
	const text = `
n = param("n", 10)
f = param("f", 1.5)
s = param("s", "x")
b = param("b", False)
again = param("n", 10)
knobs = {"read_size": n, "work": s, "rdhup": b}
def main():
    note("%d %d" % (n, again))
`
	s, err := parse(Position{}, testFigures{}, "x", "x.star", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if want := []Param{{"n", "10"}, {"f", "1.5"}, {"s", "x"}, {"b", "false"}}; !reflect.DeepEqual(s.Params, want) {
		t.Errorf("defaults: %v", s.Params)
	}
	s, err = parse(Position{}, testFigures{}, "x", "x.star", []byte(text), Param{"n", "7"}, Param{"b", "true"}, Param{"n", "50%"})
	if err != nil {
		t.Fatal(err)
	}
	if want := []Param{{"n", "50%"}, {"f", "1.5"}, {"s", "x"}, {"b", "true"}}; !reflect.DeepEqual(s.Params, want) {
		t.Errorf("given: %v", s.Params)
	}
	if s.Knobs[0].Value != "50" || s.Knobs[2].Value != "true" {
		t.Errorf("knobs: %v", s.Knobs)
	}

	const main = "\ndef main():\n    pass\n"
	for _, c := range []struct {
		name, text string
		given      []Param
		says       string
	}{
		{"unknown", "n = param(\"n\", 1)" + main, []Param{{"m", "1"}}, "no param \"m\": this scenario has n"},
		{"none at all", main, []Param{{"m", "1"}}, "this scenario has none"},
		{"not a number", "n = param(\"n\", 1)" + main, []Param{{"n", "many"}}, "bad.star:1:10: param n: \"many\" is not a whole number"},
		{"two defaults", "n = param(\"n\", 1)\nm = param(\"n\", 2)" + main, nil, "bad.star:2:10: "},
		{"a default of no use", "n = param(\"n\", [1])" + main, nil, "not list"},
		{"a name of no use", "n = param(\"a=b\", 1)" + main, nil, "is not a name"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := parse(Position{}, testFigures{}, "bad", "bad.star", []byte(c.text), c.given...)
			var bad *BadScript
			if !errors.As(err, &bad) || !strings.Contains(bad.Text, c.says) || !strings.HasPrefix(bad.Text, "bad.star:") {
				t.Errorf("%v, want %q", err, c.says)
			}
		})
	}
}

func TestParamInMain(t *testing.T) {
	_, err := story(t, t.Context(), "def main():\n    param(\"n\", 1)\n", Options{})
	if err == nil || !strings.Contains(err.Error(), "top of the file") {
		t.Errorf("%v", err)
	}
}
