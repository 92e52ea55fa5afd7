package tui

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode"

	"github.com/gdamore/tcell/v2"
	"github.com/rivo/tview"

	"evviz/record"
	"evviz/timeline"
	"evviz/trace"
	"evviz/tui/screen"
)

// The screen under any size, any keys and any source
//
// The bytes of an input are a small program: what is shown, how, and at which size first, and then one byte each for what a
// person does (keys, typing, the mouse, another size). After each step a frame is drawn and held to what every frame
// promises:
//
//   - no control character, nothing invisible and nothing that changes the direction in any cell;
//   - with the ASCII set nothing else than ASCII;
//   - nothing is drawn outside the screen's size;
//   - the right half of a wide character belongs to one;
//   - the same frame drawn again sends no cell.

// sent counts the cells that reach the terminal.
type sent struct {
	tcell.SimulationScreen
	cells int
}

func (s *sent) SetContent(x, y int, r rune, comb []rune, st tcell.Style) {
	s.cells++
	s.SimulationScreen.SetContent(x, y, r, comb, st)
}

// guarded notes what is drawn outside the screen, and pretends to have a number of colours.
type guarded struct {
	*screen.Diff
	colors  int
	outside string
}

func (g *guarded) Colors() int { return g.colors }

func (g *guarded) SetContent(x, y int, r rune, comb []rune, st tcell.Style) {
	if w, h := g.Size(); x < 0 || y < 0 || x >= w || y >= h {
		g.outside = fmt.Sprintf("%q at %d,%d of %dx%d", r, x, y, w, h)
	}
	g.Diff.SetContent(x, y, r, comb, st)
}

const hostile = "\x1b]0;owned\x07\x1b[2J[red]x[-]\u202egnp.\u200b\r\n"

// toyLab takes every order and tells hostile words.
type toyLab struct {
	mu     sync.Mutex
	name   string
	client ClientState
	values map[string]string
}

func (l *toyLab) CycleTrigger() (string, error)                { return "switched " + l.name, nil }
func (l *toyLab) CycleTriggerOf(int32, uint32) (string, error) { return "", errors.New("no " + l.name) }
func (l *toyLab) CycleMode() (string, error)                   { return "switched " + l.name, nil }
func (l *toyLab) Describe() (string, string, string)           { return "echo", "127.0.0.1:4201", l.name }
func (l *toyLab) Knobs() (out []Knob) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range 40 {
		k := Knob{Name: fmt.Sprintf("knob-%d", i), About: "what " + l.name + " does", Default: "1", Idle: i%3 == 0}
		if i%4 == 0 {
			k.Choices = []string{"level", "edge", "oneshot"}
		}
		k.Value = or(l.values[k.Name], l.name)
		out = append(out, k)
	}
	return out
}
func (l *toyLab) SetKnob(name, value string) (string, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.values[name] = value
	return name + " is " + value, nil
}
func (l *toyLab) Scenarios() (out []Scenario) {
	for i := range 30 {
		out = append(out, Scenario{fmt.Sprintf("story-%d", i), l.name, strings.Repeat(l.name+" ", i)})
	}
	return out
}
func (l *toyLab) StartScenario(name string) (string, error) { return "traffic is " + name, nil }
func (l *toyLab) Client(do, text string) (string, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.client.Connected = do == "connect"
	l.client.Last, l.client.Address = text+l.name, l.name
	return do + text, nil
}
func (l *toyLab) ClientState() ClientState {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.client
}

// It records, saves and teaches, too.
func (l *toyLab) Start(path string) error         { return errors.New("record to " + path + l.name) }
func (l *toyLab) Stop() error                     { return nil }
func (l *toyLab) Status() RecordStatus            { return RecordStatus{} }
func (l *toyLab) Save(why string) (string, error) { return "saved " + why, nil }
func (l *toyLab) Go(int) (View, error)            { return View{}, errors.New("no lesson " + l.name) }
func (l *toyLab) Open(string) (View, error)       { return View{}, errors.New("no lesson " + l.name) }
func (l *toyLab) Answer(string)                   {}
func (l *toyLab) List() []Lesson {
	return []Lesson{{"1", l.name, l.name, l.name, false}, {"2", l.name, l.name, l.name, true}, {"3", "other", "x", "", false}}
}
func (l *toyLab) Stage() Stage {
	return Stage{From: 1, Until: 2, Halted: 2, Span: 3, View: 2, Asks: l.name}
}
func (l *toyLab) Card() (place, title, txt string) {
	return "1 of 3", l.name, strings.Repeat(l.name+" words ", 20)
}

// madeFeed is a source that is over.
func madeFeed(info trace.Info, evs []trace.Event) *timeline.Feed {
	feed := timeline.NewFeed(&memory{evs: evs, info: info}, timeline.Options{})
	if err := feed.Run(context.Background()); err != nil {
		panic(err)
	}
	return feed
}

// storm is a loop with so many connections, each with data on it, and a gap every so often.
func storm(lanes int, lossy bool, timed bool) *timeline.Feed {
	var evs []trace.Event
	seq := uint32(0)
	at := int64(1e9)
	add := func(e trace.Event) {
		seq++
		at += 50_000
		e.Stream, e.Seq, e.Time = 1, seq, at
		evs = append(evs, e)
	}
	add(trace.Event{Kind: trace.Start, A: 1, Aux: 0})
	add(trace.Event{Kind: trace.Thread, A: 1, B: 1, Gen: 1, Mask: trace.RoleLoop})
	add(trace.Event{Kind: trace.Mode, Aux: trace.ModeAux(trace.DriverEpoll, trace.TriggerLevel, trace.CauseStart)})
	add(trace.Event{Kind: trace.Instance, FD: 3, Inst: 4})
	for fd := int32(5); fd < int32(5+lanes); fd++ {
		add(trace.Event{Kind: trace.Open, FD: fd, Gen: 1, Aux: trace.OpenAux(trace.TypeStream, trace.OriginAccept), A: 1})
		add(trace.Event{Kind: trace.Register, Inst: 4, FD: fd, Gen: 1, Mask: 1, A: int64(fd)})
	}
	for i := range 3000 {
		fd := int32(5 + i*7%lanes)
		add(trace.Event{Kind: trace.Arrive, FD: fd, Gen: 1, Mask: 1, B: 900, Aux: 1})
		add(trace.Event{Kind: trace.Wait, Inst: 4, A: -1, B: -1, Aux: trace.WaitAux(trace.CallEpollWait, 64), Mask: 1, Dur: 40_000})
		add(trace.Event{Kind: trace.Ready, Inst: 4, FD: fd, Gen: 1, Mask: 1, A: int64(fd)})
		switch i % 5 {
		case 0:
			add(trace.Event{Kind: trace.Read, FD: fd, Gen: 1, A: 4096, B: -1, Errno: 11, Dur: 900})
		case 1:
			add(trace.Event{Kind: trace.Read, FD: fd, Gen: 1, A: 100, B: 100, Dur: 900})
		default:
			add(trace.Event{Kind: trace.Read, FD: fd, Gen: 1, A: 4096, B: 900, Dur: 900})
		}
		if lossy && i%100 == 50 {
			seq += 1000
			add(trace.Event{Kind: trace.Lost, A: 1000, Aux: 1})
		}
	}
	return madeFeed(trace.Info{Title: "storm", Timed: timed, Kinds: trace.AllKinds(), Missing: []trace.Missing{{What: "much", Why: "it is made up"}}}, evs)
}

// fuzzFeeds are the sources that stand still; they are made once for all inputs.
var fuzzFeeds = sync.OnceValue(func() []*timeline.Feed {
	t := &testing.T{}
	return []*timeline.Feed{tour(t, 3), tour(t, 9.6), tour(t, 12.7), tour(t, 18.4), tour(t, 20.9),
		madeFeed(trace.Info{Title: "nothing", Timed: true, Kinds: trace.AllKinds()}, nil),
		storm(3, false, false), storm(5, true, true), storm(60, false, true), farApart(1e9, 1.75e18), twoProcesses(t), fourLoops(t)}
})

// program is an input that is read byte by byte; behind its end are zeros.
type program struct {
	data []byte
	at   int
}

func (p *program) next() int {
	if p.at >= len(p.data) {
		return 0
	}
	p.at++
	return int(p.data[p.at-1])
}

func (p *program) size() (w, h int) {
	w, h = p.next(), p.next()
	if w >= 128 { // small sizes are where it goes wrong, so half of the range is for them
		w = 40 + (w-128)*160/127
	}
	if h >= 128 {
		h = 10 + (h-128)*50/127
	}
	return max(w, 1), max(h%61, 1)
}

func (p *program) over() bool { return p.at >= len(p.data) }

// fire hands mouse actions to a capture as tview does, which goes on with the event that came back.
func fire(t *testing.T, capture func(*tcell.EventMouse, tview.MouseAction) (*tcell.EventMouse, tview.MouseAction), x, y int, actions []tview.MouseAction) {
	t.Helper()
	e := tcell.NewEventMouse(x, y, tcell.ButtonPrimary, 0)
	for _, a := range actions {
		if e == nil {
			t.Fatalf("the event of the mouse at %d,%d was swallowed before %v", x, y, actions)
		}
		e, _ = capture(e, a)
	}
}

// gestures are what tview makes of a person's doing with the mouse: with a move before it when the pointer has moved, and without.
var gestures = [][]tview.MouseAction{
	{tview.MouseLeftDown}, {tview.MouseMove, tview.MouseLeftDown}, {tview.MouseLeftUp, tview.MouseLeftClick}, {tview.MouseMove, tview.MouseLeftUp},
	{tview.MouseLeftUp, tview.MouseLeftDoubleClick}, {tview.MouseMove}, {tview.MouseScrollUp}, {tview.MouseMove, tview.MouseScrollUp},
	{tview.MouseScrollDown}, {tview.MouseScrollLeft}, {tview.MouseMove, tview.MouseScrollRight}, {tview.MouseRightDown},
	{tview.MouseMove, tview.MouseLeftDown, tview.MouseMiddleDown, tview.MouseScrollUp, tview.MouseScrollLeft},
}

// driven runs one input, up to so many steps of it, over one of some feeds. It stands still when the feed does.
func driven(t *testing.T, data []byte, feeds []*timeline.Feed, most int, still bool) {
	in := &program{data: data}
	next, size := in.next, in.size
	which := next() % len(feeds)
	w, h := size()
	colors := []int{0, 8, 256, 1 << 24}[next()%4]
	set := SymbolSets[next()%len(SymbolSets)]
	how := next()
	lab := &toyLab{name: hostile + map[bool]string{true: "", false: "世界"}[set == "ascii"], values: map[string]string{}}

	sim := &sent{SimulationScreen: tcell.NewSimulationScreen("UTF-8")}
	shown := &guarded{Diff: screen.NewDiff(sim), colors: colors}
	if err := shown.Init(); err != nil {
		t.Fatal(err)
	}
	defer sim.Fini()
	sim.SetSize(w, h) // Init gives it 80x25
	themes := slices.Sorted(maps.Keys(Themes))
	o := Options{Screen: shown, Symbols: set, Theme: themes[how%len(themes)], View: ViewNames()[how/8%int(viewCount)], Go: func(f func()) { f() },
		ModePage: func(string) string { return "# a page\n\nof our own\n" },
		Draft:    func(string, *Picture) error { return nil }, Cost: func() (float64, bool) { return 0.0213, how&1 == 0 }}
	if how&1 == 0 {
		o.Lab, o.Recorder, o.Saver = lab, lab, lab
		o.Notes = func() (string, bool) { return "", false }
	}
	if how&2 == 0 && how&1 == 0 {
		o.Lessons = lab
	}
	o.Feed = feeds[which]
	u := newUI(o)
	for i := range u.keyboard.keys {
		if u.keyboard.keys[i].Name == "suspend" { // it would stop the test
			u.keyboard.keys[i].do = func(*ui) {}
		}
	}
	var names []string
	for i := range u.keyboard.keys {
		names = append(names, u.keyboard.keys[i].Keys...)
	}
	typed := []string{"a", "b", "z", "0", "9", "%", ".", "-", "!", ":", "=", "s", "m", "e", "t", "Space", "Backspace", "Tab", "Shift-Tab", "Enter", "Esc", "Up", "Down",
		"Left", "Right", "Home", "End", "Delete", "Ctrl-U", "Ctrl-W", "Ctrl-K", "Ctrl-A", "Ctrl-E", "f", "d", "o", "n", "g"}
	if set != "ascii" {
		typed = append(typed, "é", "世", "\u202e", "\x00")
	}
	lines := []string{"goto 40%", "goto +1s", "goto -900s", "span 1ms", "span 30m", "filter fd:7", "filter !left-over", "filter (", "sort findings", "theme light", "theme colour-blind",
		"symbols " + set, "set knob-4 edge", "scenario story-3", "client send x", "explain EV02", "explain EV08", "view 2", "view latency", "bookmark here", "screenshot x.svg", "record f", "save x",
		"speed 100", "nonsense", "view", "mode epoll"}
	did := []string{}
	frame := func() int {
		before := sim.cells
		shown.Clear()
		u.newFrame(w, h)
		u.root.SetRect(0, 0, w, h)
		u.root.Draw(shown)
		shown.Show()
		return sim.cells - before
	}
	hold := func() {
		t.Helper()
		frame()
		promised(t, shown, set, did)
		if !still || u.steps.auto.on {
			return // time goes on
		}
		if n := frame(); n != 0 && frame() != 0 { // a message may end between two frames, but not twice
			t.Fatalf("%q: the same frame again sent %d cells", did, n)
		}
	}
	hold()
	for steps := 0; !in.over() && steps < most; steps++ {
		switch k := next(); {
		case k < 128:
			key := names[k%len(names)]
			did = append(did, key)
			u.press(key)
		case k < 192:
			key := typed[k%len(typed)]
			did = append(did, key)
			u.press(key)
		case k < 216:
			line := lines[next()%len(lines)]
			did = append(did, ":"+line)
			u.dialog.line, u.dialog.list = nil, nil
			u.press(":")
			for _, r := range line {
				u.press(string(r))
			}
			u.press("Enter")
		case k < 248:
			x, y := next()*w/255, next()*h/255
			a := gestures[k%len(gestures)]
			did = append(did, fmt.Sprintf("mouse %v at %d,%d", a, x, y))
			fire(t, u.mouse, x, y, a)
		default:
			w, h = size()
			did = append(did, fmt.Sprintf("%dx%d", w, h))
			sim.SetSize(w, h)
		}
		hold()
	}
}

// promised holds a frame that was drawn to what every frame promises.
func promised(t *testing.T, shown *guarded, set string, did []string) {
	t.Helper()
	if shown.outside != "" {
		t.Fatalf("%q drew %s", did, shown.outside)
	}
	w, h := shown.Size()
	for i := range w * h {
		x, y := i%w, i/w
		r, combined, half := shown.Shown(x, y)
		before := rune(0)
		if x > 0 {
			before, _, _ = shown.Shown(x-1, y)
		}
		switch {
		case r < 0x20 || r >= 0x7f && r < 0xa0 || !combined && r > 0x7f && !unicode.IsPrint(r):
			t.Fatalf("%q: %U in the cell %d,%d", did, r, x, y)
		case set == "ascii" && r > 0x7e:
			t.Fatalf("%q: %q in the cell %d,%d is not ASCII; the row is\n%s", did, r, x, y, rowOf(shown.Diff, y))
		case half && screen.RuneWidth(before) != 2:
			t.Fatalf("%q: the cell %d,%d is half of nothing", did, x, y)
		}
	}
}

func rowOf(d *screen.Diff, y int) string {
	var b strings.Builder
	w, _ := d.Size()
	for x := range w {
		r, _, _ := d.Shown(x, y)
		b.WriteRune(r)
	}
	return b.String()
}

// replayed is a kept recording as a replay shows it, with all its abilities, and what ends it.
func replayed(t testing.TB, path string) (*timeline.Feed, func()) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(t.TempDir(), filepath.Base(path)) // a bookmark is written into the file
	if err := os.WriteFile(copied, b, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := record.OpenFile(copied)
	if err != nil {
		t.Fatal(err)
	}
	p := record.NewPlayer(f)
	p.SetSpeed(100)
	feed := timeline.NewFeed(p, timeline.Options{})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		feed.Run(ctx)
	}()
	return feed, func() {
		cancel()
		p.Close()
		<-done
		f.Close()
	}
}

// FuzzScreen looks for a size, a source and a sequence of keys under which a frame breaks what it promises.
// An input has ten steps at most: what goes wrong does so after few, and the fuzzer lives from trying many.
func FuzzScreen(f *testing.F) {
	for which := range byte(12) {
		for how := range byte(3) {
			f.Add(screenProgram(which, how, 3))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) { driven(t, data, fuzzFeeds(), 10, true) })
}

// screenProgram is an input with so many times six steps.
func screenProgram(which, how, n byte) []byte {
	p := []byte{which, 220, 180, how % 4, how, how * 9}
	for k := range n {
		p = append(p, k*5+how*20, 200, k, 216+k%32, k*10, k*7)
	}
	return p
}

// TestManyLanes and TestLongPrograms are what is too slow for the fuzzer: 2,000 lanes, a replay that goes on, many steps.
func TestManyLanes(t *testing.T) {
	feeds := []*timeline.Feed{storm(2000, false, true)}
	for how := range byte(6) {
		driven(t, screenProgram(0, how, 10), feeds, 40, true)
	}
}

func TestLongPrograms(t *testing.T) {
	for which := range byte(len(fuzzFeeds())) {
		driven(t, screenProgram(which, which*7, 24), fuzzFeeds(), 80, true)
	}
	for how := range byte(3) {
		feed, end := replayed(t, "testdata/tour.evt")
		driven(t, screenProgram(0, how, 24), []*timeline.Feed{feed}, 80, false)
		end()
	}
}
