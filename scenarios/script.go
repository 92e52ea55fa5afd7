package scenarios

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strings"

	"go.starlark.net/resolve"
	"go.starlark.net/starlark"
	"go.starlark.net/syntax"

	"evviz/internal/files"
)

//go:embed stories/*.star lessons/*.star truth/*.star museum/*.star
var stories embed.FS

// Script is a story that has been checked.
type Script struct {
	Name   string // what it was asked for by
	Title  string
	About  string
	Group  string // of a built-in one: Traffic, Lessons, Truth or Museum
	Knobs  []Knob
	Params []Param // what it leaves open, with the values of this run, in the order in which it asks

	Expect []Expectation // what its trace should show when it is over
	Watch  Watch         // what of it is to be looked at
	Claims []Claim       // what the screen shows there
	Ask    *Question     // what it asks before; nil nothing
	Finds  string        // the rule that must find something when it runs with mended=false, and nothing with mended=true; "" none

	main    *starlark.Function
	globals starlark.StringDict
}

// Knob is a setting that a story asks for, with the place where it does.
type Knob struct{ Name, Value, Pos string }

// BadScript is a story that cannot run. Its text begins with file:line:column.
type BadScript struct{ Text string }

func (e *BadScript) Error() string { return e.Text }

// ErrUnknown says that there is no story of that name; the text lists those there are.
var ErrUnknown = errors.New("no such scenario")

// dialect is Starlark with while loops: clients go on until the run ends.
var dialect = &syntax.FileOptions{While: true, Set: true}

// The groups of built-in stories, by their folders.
const (
	Traffic = "stories" // goes on and on; expects nothing
	Lessons = "lessons" // in the order in which they are to be seen; a number, sometimes a letter, and a name
	Truth   = "truth"   // one for each case of a real kernel's counts
	Museum  = "museum"  // one for each mistake that a rule knows, with its cure
)

// Groups are the groups in the order in which they are listed.
var Groups = []string{Lessons, Truth, Museum, Traffic}

var ruleID = regexp.MustCompile(`^EV[0-9]{2}$`)

// Mended is the param by which a story that finds something is run with its cure.
const Mended = "mended"

// Names lists the built-in traffic.
func Names() []string { return NamesOf(Traffic) }

// NamesOf lists the stories of a group, sorted.
func NamesOf(group string) []string {
	var out []string
	es, _ := fs.ReadDir(stories, group)
	for _, e := range es {
		out = append(out, strings.TrimSuffix(e.Name(), ".star"))
	}
	sort.Strings(out)
	return out
}

// find is the group and the full name of a built-in story. A lesson may be asked for by its number (7 or 9a, also 07), by its name without the
// number, or by both.
func find(name string) (group, full string, ok bool) {
	for _, g := range Groups {
		for _, n := range NamesOf(g) {
			if n == name {
				return g, n, true
			}
		}
	}
	for _, n := range NamesOf(Lessons) {
		number, rest, _ := strings.Cut(n, "-")
		number = strings.TrimLeft(number, "0")
		if want := strings.TrimLeft(name, "0"); rest == name || number == want {
			return Lessons, n, true
		}
	}
	return "", "", false
}

// Source is the text of a built-in story.
func Source(name string) ([]byte, error) {
	g, n, ok := find(name)
	if !ok {
		return nil, fmt.Errorf("%w: %q", ErrUnknown, name)
	}
	return stories.ReadFile(g + "/" + n + ".star")
}

// Load finds a story by the name of a built-in one or by file name, and checks it. Anything wrong with its text is a
// *BadScript, a figure that is not known too; an unknown name wraps ErrUnknown; a file that cannot be read is the system's error. ps are
// values for what the story leaves open.
func Load(known Vocabulary, name string, ps ...Param) (*Script, error) {
	return LoadAt(Position{}, known, name, ps...)
}

// LoadAt is Load that tells where in the text it is.
func LoadAt(at Position, known Vocabulary, name string, ps ...Param) (*Script, error) {
	if g, n, ok := find(name); ok {
		text, err := stories.ReadFile(g + "/" + n + ".star")
		if err != nil {
			return nil, fmt.Errorf("read scenario: %w", err)
		}
		s, err := parse(at, known, n, n+".star", text, ps...)
		if s != nil {
			s.Group = g
		}
		return s, err
	}
	if list := Parts(name); len(list) > 0 {
		_, err := Lesson(name)
		return nil, err
	}
	if !strings.ContainsAny(name, "./") {
		return nil, fmt.Errorf("%w: %q; there are %s, the lessons, the truth cases and the museum of evviz scenarios, or give the name of a file", ErrUnknown, name, strings.Join(Names(), ", "))
	}
	text, err := files.Read(name, maxText)
	if err != nil {
		return nil, fmt.Errorf("read scenario %s: %w", name, err)
	}
	return parse(at, known, name, name, text, ps...)
}

// BuiltIn reports whether the name is that of a story that comes with the program.
func BuiltIn(name string) bool {
	_, _, ok := find(name)
	return ok
}

func parse(told Position, known Vocabulary, name, file string, text []byte, ps ...Param) (*Script, error) {
	f, prog, err := starlark.SourceProgramOptions(dialect, file, text, predeclared().Has)
	if err != nil {
		return nil, bad(err)
	}
	th := &starlark.Thread{Name: "load " + name, Print: func(*starlark.Thread, string) {}}
	newSteps(th, told).allow(1_000_000) // the top of a story is data; anything longer is a mistake
	open := &params{given: map[string]string{}}
	for _, p := range ps {
		open.given[p.Name] = p.Value
	}
	th.SetLocal("params", open)
	globals, err := prog.Init(th, predeclared())
	if err != nil {
		return nil, bad(err)
	}
	globals.Freeze()
	if bad := open.unasked(); bad != "" {
		return nil, &BadScript{fmt.Sprintf("%s:1:1: %s", file, bad)}
	}
	s := &Script{Params: open.asked, Name: name, Title: strings.TrimSuffix(filepath.Base(file), ".star"), globals: globals}
	at := func(global string) string { return place(f, file, global, "") }

	for key, to := range map[string]*string{"title": &s.Title, "about": &s.About, "finds": &s.Finds} {
		if v, ok := globals[key]; ok {
			str, ok := starlark.AsString(v)
			if !ok {
				return nil, &BadScript{fmt.Sprintf("%s: %s must be a string, not %s", at(key), key, v.Type())}
			}
			*to = str
		}
	}
	if s.Finds != "" {
		if !ruleID.MatchString(s.Finds) {
			return nil, &BadScript{fmt.Sprintf("%s: finds is the id of a rule, for example EV08, not %q", at("finds"), s.Finds)}
		}
		if !slices.ContainsFunc(s.Params, func(p Param) bool { return p.Name == Mended }) {
			return nil, &BadScript{fmt.Sprintf("%s: a story that finds something says how it is fixed: mended = param(%q, False)", at("finds"), Mended)}
		}
	}
	if v, ok := globals["knobs"]; ok {
		d, ok := v.(*starlark.Dict)
		if !ok {
			return nil, &BadScript{fmt.Sprintf("%s: the settings must be a dict, not %s", at("knobs"), v.Type())}
		}
		for _, kv := range d.Items() {
			k, ok := starlark.AsString(kv[0])
			if !ok {
				return nil, &BadScript{fmt.Sprintf("%s: the names of settings are strings", at("knobs"))}
			}
			val, err := knobValue(kv[1])
			if err != nil {
				return nil, &BadScript{fmt.Sprintf("%s: setting %q: %v", place(f, file, "knobs", k), k, err)}
			}
			s.Knobs = append(s.Knobs, Knob{Name: strings.ReplaceAll(k, "_", "-"), Value: val, Pos: place(f, file, "knobs", k)})
		}
	}
	if s.Expect, err = expectations(known, f, file, globals); err != nil {
		return nil, err
	}
	if s.Watch, err = watch(known, f, file, globals); err != nil {
		return nil, err
	}
	if s.Claims, err = claims(f, file, s.About, globals); err != nil {
		return nil, err
	}
	if s.Ask, err = question(known, f, file, globals); err != nil {
		return nil, err
	}
	m, ok := globals["main"].(*starlark.Function)
	if !ok {
		return nil, &BadScript{fmt.Sprintf("%s:1:1: a scenario needs a function main()", file)}
	}
	if m.NumParams() != 0 {
		return nil, &BadScript{fmt.Sprintf("%s: main takes no arguments", m.Position())}
	}
	s.main = m
	return s, nil
}

// knobValue writes a Starlark value the way a flag would be written.
func knobValue(v starlark.Value) (string, error) {
	switch x := v.(type) {
	case starlark.String:
		return string(x), nil
	case starlark.Int:
		return x.String(), nil
	case starlark.Bool:
		if x {
			return "true", nil
		}
		return "false", nil
	}
	return "", fmt.Errorf("a value is a string, a number or True/False, not %s", v.Type())
}

// bad turns the errors of parsing, resolving and evaluating into one form with a place.
func bad(err error) error {
	var list resolve.ErrorList
	if errors.As(err, &list) && len(list) > 0 {
		var lines []string
		for _, e := range list {
			lines = append(lines, fmt.Sprintf("%s: %s", e.Pos, e.Msg))
		}
		return &BadScript{strings.Join(lines, "\n")}
	}
	var se syntax.Error
	if errors.As(err, &se) {
		return &BadScript{fmt.Sprintf("%s: %s", se.Pos, se.Msg)}
	}
	var ee *starlark.EvalError
	if errors.As(err, &ee) {
		pos := ""
		for i := len(ee.CallStack) - 1; i >= 0; i-- {
			if p := ee.CallStack[i].Pos; p.Line > 0 {
				pos = p.String() + ": "
				break
			}
		}
		return &BadScript{pos + ee.Msg}
	}
	return &BadScript{err.Error()}
}

// place finds where a global is assigned or, with a key, where that key stands in its dict.
func place(f *syntax.File, file, global, key string) string {
	pos := ""
	for _, st := range f.Stmts {
		a, ok := st.(*syntax.AssignStmt)
		if !ok {
			continue
		}
		id, ok := a.LHS.(*syntax.Ident)
		if !ok || id.Name != global {
			continue
		}
		pos = id.NamePos.String()
		d, ok := a.RHS.(*syntax.DictExpr)
		if !ok || key == "" {
			break
		}
		for _, e := range d.List {
			if entry, ok := e.(*syntax.DictEntry); ok {
				if lit, ok := entry.Key.(*syntax.Literal); ok && lit.Value == key {
					return lit.TokenPos.String()
				}
			}
		}
	}
	if pos == "" {
		return file + ":1:1"
	}
	return pos
}
