package scenarios

import (
	"fmt"
	"strconv"
	"strings"

	"go.starlark.net/starlark"
)

// Param is a value that a story leaves open: its name, and the value that holds for this run.
type Param struct{ Name, Value string }

// params are the values given to a story while it is loaded, and those that it asked for.
type params struct {
	given map[string]string
	asked []Param
}

// param is the builtin: param(name, default). It belongs to the top of a file, so that a story can be asked what it leaves
// open, and a misspelt --param is found, before anything starts. The default says of what sort the value is.
func param(th *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
	p, ok := th.Local("params").(*params)
	if !ok {
		return nil, fmt.Errorf("param can only be called at the top of the file, not inside main")
	}
	var name string
	var def starlark.Value
	if err := starlark.UnpackArgs(b.Name(), args, kw, "name", &name, "default", &def); err != nil {
		return nil, err
	}
	if name == "" || strings.ContainsAny(name, "= \t\n") {
		return nil, fmt.Errorf("param: %q is not a name", name)
	}
	text, given := p.given[name]
	v := def
	if given {
		var err error
		if v, err = like(def, text); err != nil {
			return nil, fmt.Errorf("param %s: %w", name, err)
		}
	} else {
		var err error
		if text, err = asText(def); err != nil {
			return nil, fmt.Errorf("param %s: %w", name, err)
		}
	}
	for _, a := range p.asked {
		if a.Name == name {
			if a.Value != text {
				return nil, fmt.Errorf("param %s was asked for with another default before", name)
			}
			return v, nil
		}
	}
	p.asked = append(p.asked, Param{name, text})
	return v, nil
}

// like reads a text as a value of the same type.
func like(def starlark.Value, text string) (starlark.Value, error) {
	switch def.(type) {
	case starlark.String:
		return starlark.String(text), nil
	case starlark.Int:
		n, err := strconv.ParseInt(strings.TrimSuffix(text, "%"), 10, 64)
		if err != nil {
			return nil, fmt.Errorf("%q is not a whole number", text)
		}
		return starlark.MakeInt64(n), nil
	case starlark.Float:
		f, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return nil, fmt.Errorf("%q is not a number", text)
		}
		return starlark.Float(f), nil
	case starlark.Bool:
		x, err := strconv.ParseBool(text)
		if err != nil {
			return nil, fmt.Errorf("%q is neither true nor false", text)
		}
		return starlark.Bool(x), nil
	}
	return nil, fmt.Errorf("the default is a string, a number or True/False, not %s", def.Type())
}

func asText(def starlark.Value) (string, error) {
	if f, ok := def.(starlark.Float); ok {
		return strconv.FormatFloat(float64(f), 'g', -1, 64), nil
	}
	s, err := knobValue(def)
	if err != nil {
		return "", fmt.Errorf("the default is a string, a number or True/False, not %s", def.Type())
	}
	return s, nil
}

// unasked is the complaint about a value that the story does not ask for, "" when there is none.
func (p *params) unasked() string {
	var names []string
	for _, a := range p.asked {
		names = append(names, a.Name)
		delete(p.given, a.Name)
	}
	for n := range p.given {
		if len(names) == 0 {
			return fmt.Sprintf("there is no param %q: this scenario has none", n)
		}
		return fmt.Sprintf("there is no param %q: this scenario has %s", n, strings.Join(names, ", "))
	}
	return ""
}
