package scenarios

import (
	"errors"
	"fmt"
	"time"

	"go.starlark.net/starlark"
	"go.starlark.net/starlarkstruct"
)

// predeclared is what a story can name. While a story is loaded the functions are there, so that a misspelt one is found,
// but calling one is an error.
func predeclared() starlark.StringDict {
	fn := func(name string, f func(u *user, b *starlark.Builtin, args starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error)) *starlark.Builtin {
		return starlark.NewBuiltin(name, func(th *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
			u, ok := th.Local("user").(*user)
			if !ok {
				return nil, fmt.Errorf("%s can only be called inside main, not at the top of the file", name)
			}
			return f(u, b, args, kw)
		})
	}
	return starlark.StringDict{
		"connect": fn("connect", connect),
		"sleep":   fn("sleep", sleep),
		"spawn":   fn("spawn", spawn),
		"note":    fn("note", note),
		"fail":    fn("fail", fail),
		"random":  fn("random", random),
		"param":   starlark.NewBuiltin("param", param),
		"lab": starlarkstruct.FromStringDict(starlark.String("lab"), starlark.StringDict{
			"set":   fn("lab.set", labSet),
			"wait":  fn("lab.wait", labWait),
			"more":  fn("lab.more", labMore),
			"count": fn("lab.count", labCount),
		}),
	}
}

func sleep(u *user, b *starlark.Builtin, args starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
	var v starlark.Value
	if err := starlark.UnpackArgs(b.Name(), args, kw, "duration", &v); err != nil {
		return nil, err
	}
	d, err := asDuration(v)
	if err != nil {
		return nil, fmt.Errorf("sleep: %w", err)
	}
	return starlark.None, u.sleep(d)
}

// asDuration reads "250ms" or a number of seconds.
func asDuration(v starlark.Value) (time.Duration, error) {
	if s, ok := starlark.AsString(v); ok {
		d, err := time.ParseDuration(s)
		if err != nil || d < 0 {
			return 0, fmt.Errorf("%q is not a duration, for example \"250ms\"", s)
		}
		return d, nil
	}
	if f, ok := starlark.AsFloat(v); ok && f >= 0 && f < 1e6 {
		return time.Duration(f * float64(time.Second)), nil
	}
	return 0, fmt.Errorf("want \"250ms\" or a number of seconds, not %s", v)
}

func spawn(u *user, b *starlark.Builtin, args starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
	if len(args) == 0 {
		return nil, fmt.Errorf("spawn: which function?")
	}
	f, ok := args[0].(starlark.Callable)
	if !ok {
		return nil, fmt.Errorf("spawn: want a function, not %s", args[0].Type())
	}
	if fn, ok := f.(*starlark.Function); ok && fn.NumFreeVars() > 0 {
		b, _ := fn.FreeVar(0)
		return nil, fmt.Errorf("spawn: %s uses %s of the function around it, and clients share nothing that changes: pass it as an argument", fn.Name(), b.Name)
	}
	f.Freeze()
	rest := args[1:]
	rest.Freeze()
	for _, k := range kw {
		k.Freeze()
	}
	if err := u.r.ctx.Err(); err != nil {
		return nil, errEnded
	}
	u.spawned++
	return starlark.None, u.r.spawn(f, rest, kw, childSeed(u.seed, u.spawned))
}

func note(u *user, b *starlark.Builtin, args starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
	var s string
	if err := starlark.UnpackArgs(b.Name(), args, kw, "words", &s); err != nil {
		return nil, err
	}
	u.note(s)
	return starlark.None, nil
}

// fail ends the run. Starlark's own words for the place come with the error.
func fail(u *user, b *starlark.Builtin, args starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
	var s string
	if err := starlark.UnpackArgs(b.Name(), args, kw, "words", &s); err != nil {
		return nil, err
	}
	return nil, errors.New(s)
}

func random(u *user, b *starlark.Builtin, args starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
	var lo, hi int
	if err := starlark.UnpackArgs(b.Name(), args, kw, "lo", &lo, "hi", &hi); err != nil {
		return nil, err
	}
	if hi < lo {
		return nil, fmt.Errorf("random: %d is less than %d", hi, lo)
	}
	return starlark.MakeInt(lo + u.rand.Intn(hi-lo+1)), nil
}

// labSet is lab.set("knob", value) or lab.set(knob=value, other=value), which turns them all at once.
func labSet(u *user, b *starlark.Builtin, args starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
	u.breathe()
	var knobs []Knob
	add := func(name string, v starlark.Value) error {
		s, err := knobValue(v)
		if err != nil {
			return fmt.Errorf("lab.set: %s: %w", name, err)
		}
		knobs = append(knobs, Knob{Name: name, Value: s})
		return nil
	}
	if len(args) == 2 {
		name, ok := starlark.AsString(args[0])
		if !ok {
			return nil, fmt.Errorf("lab.set: the name of a setting is a string, not %s", args[0].Type())
		}
		if err := add(name, args[1]); err != nil {
			return nil, err
		}
	} else if len(args) != 0 {
		return nil, fmt.Errorf("lab.set: want lab.set(\"setting\", value) or lab.set(setting=value, ...)")
	}
	for _, k := range kw {
		name, _ := starlark.AsString(k[0])
		if err := add(name, k[1]); err != nil {
			return nil, err
		}
	}
	if u.r.opt.Lab == nil {
		return nil, fmt.Errorf("lab.set: this server is not a lab, it has no settings")
	}
	if many, ok := u.r.opt.Lab.(LabSets); ok && len(knobs) > 1 {
		return starlark.None, many.SetAll(knobs)
	}
	for _, k := range knobs {
		if err := u.r.opt.Lab.Set(k.Name, k.Value); err != nil {
			return nil, err
		}
	}
	return starlark.None, nil
}

// figure takes the name of a figure and, where wanted, a number.
func figure(u *user, b *starlark.Builtin, args starlark.Tuple, kw []starlark.Tuple, n *int64) (what string, err error) {
	if n == nil {
		err = starlark.UnpackArgs(b.Name(), args, kw, "what", &what)
	} else {
		err = starlark.UnpackArgs(b.Name(), args, kw, "what", &what, "n", n)
	}
	if err != nil {
		return "", err
	}
	if u.r.opt.Observer == nil {
		return "", fmt.Errorf("%s: this server cannot be asked for counts", b.Name())
	}
	return what, nil
}

func (u *user) ask(b *starlark.Builtin, what string) (int64, error) {
	n, err := u.r.opt.Observer.Count(what)
	if err != nil {
		if u.r.ctx.Err() != nil {
			return 0, errEnded
		}
		return 0, fmt.Errorf("%s: %w", b.Name(), err)
	}
	return n, nil
}

// until asks again and again until a count has come so far.
func (u *user) until(b *starlark.Builtin, what string, n int64) (starlark.Value, error) {
	for {
		have, err := u.ask(b, what)
		if err != nil {
			return nil, err
		}
		if have >= n {
			return starlark.MakeInt64(have), nil
		}
		if err := u.sleep(5 * time.Millisecond); err != nil {
			return nil, err
		}
	}
}

func labWait(u *user, b *starlark.Builtin, args starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
	var n int64
	what, err := figure(u, b, args, kw, &n)
	if err != nil {
		return nil, err
	}
	return u.until(b, what, n)
}

func labMore(u *user, b *starlark.Builtin, args starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
	var n int64
	what, err := figure(u, b, args, kw, &n)
	if err != nil {
		return nil, err
	}
	now, err := u.ask(b, what)
	if err != nil {
		return nil, err
	}
	return u.until(b, what, now+n)
}

func labCount(u *user, b *starlark.Builtin, args starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
	what, err := figure(u, b, args, kw, nil)
	if err != nil {
		return nil, err
	}
	n, err := u.ask(b, what)
	if err != nil {
		return nil, err
	}
	u.breathe()
	return starlark.MakeInt64(n), nil
}
