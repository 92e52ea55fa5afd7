package tui

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"

	"github.com/gdamore/tcell/v2"
	"github.com/rivo/tview"

	"evviz/timeline"
	"evviz/tui/screen"
)

// splitFeeds are what two halves can show: the kept twins at two moments first, each pair with one clock, and then sources that
// have nothing in common, whose clocks may be decades apart.
var splitFeeds = sync.OnceValue(func() (out []*timeline.Feed) {
	t := &testing.T{}
	for _, at := range []float64{0.05, 7.3} {
		o := twins(t, at)
		out = append(out, o.Halves[0].Feed, o.Halves[1].Feed)
	}
	return append(out, fuzzFeeds()...)
})

// fuzzedSplit is fuzzed for two runs on one screen. In addition both halves must show the same window, and one of them must have
// the selection.
func fuzzedSplit(t *testing.T, data []byte) {
	in := &program{data: data}
	feeds := splitFeeds()
	var o SplitOptions
	first := in.next() % len(feeds)
	o.Halves[0].Feed, o.Halves[1].Feed = feeds[first], feeds[in.next()%len(feeds)]
	if first < 4 && first%2 == 0 && in.next()%2 == 0 {
		o.Halves[1].Feed = feeds[first+1]
	}
	w, h := in.size()
	colors := []int{0, 8, 256, 1 << 24}[in.next()%4]
	set := SymbolSets[in.next()%len(SymbolSets)]
	how := in.next()
	words := hostile
	if set != "ascii" {
		words += "世界"
	}
	for i := range o.Halves {
		half := &o.Halves[i]
		half.Name = []string{"epoll", "sleep-poll,interval=10ms", words, ""}[how>>(2*i)%4]
		if how>>(4+i)&1 == 0 {
			half.Lab = &toyLab{name: words, values: map[string]string{}}
		}
		switch how >> (6 + i) & 1 {
		case 0:
			half.Notes = func() (string, bool) { return words, true }
		case 1:
			half.Notes = func() (string, bool) { return "", false }
		}
	}
	sim := &sent{SimulationScreen: tcell.NewSimulationScreen("UTF-8")}
	shown := &guarded{Diff: screen.NewDiff(sim), colors: colors}
	if err := shown.Init(); err != nil {
		t.Fatal(err)
	}
	defer sim.Fini()
	sim.SetSize(w, h)
	themes := slices.Sorted(maps.Keys(Themes))
	o.Screen, o.Symbols, o.Theme, o.Mouse, o.Go = shown, set, themes[in.next()%len(themes)], true, func(f func()) { f() }
	s := newSplit(o)
	var names []string
	for i, u := range s.halves {
		for k := range u.keyboard.keys {
			if u.keyboard.keys[k].Name == "suspend" { // it would stop the test
				u.keyboard.keys[k].do = func(*ui) {}
			}
			if i == 0 {
				names = append(names, u.keyboard.keys[k].Keys...)
			}
		}
	}
	names = append(names, "x", "Enter", "é", "1", ":", "/", "Backspace", "\x00") // what the ordinary screen knows, and nobody

	root := &splitRoot{tview.NewBox(), s}
	did := []string{fmt.Sprintf("%dx%d", w, h)}
	frame := func() int {
		before := sim.cells
		shown.Clear()
		s.newFrame(w, h)
		root.SetRect(0, 0, w, h)
		root.Draw(shown)
		shown.Show()
		return sim.cells - before
	}
	hold := func() {
		t.Helper()
		frame()
		promised(t, shown, set, did)
		a, b := s.halves[0], s.halves[1]
		if a.scene.t0 != b.scene.t0 || a.scene.t1 != b.scene.t1 || a.scene.t1-a.scene.t0 != a.window.span || (a.window.frozen == nil) != (b.window.frozen == nil) {
			t.Fatalf("%q: the halves show [%d,%d) and [%d,%d), the span is %d", did, a.scene.t0, a.scene.t1, b.scene.t0, b.scene.t1, a.window.span)
		}
		if a.half.focus == b.half.focus || a.half.focus != (s.focus == 0) {
			t.Fatalf("%q: the selection is in both halves or in none", did)
		}
		if n := frame(); n != 0 && frame() != 0 { // a message may end between two frames, but not twice
			t.Fatalf("%q: the same frame again sent %d cells", did, n)
		}
	}
	hold()
	for steps := 0; !in.over() && steps < 10; steps++ {
		switch k := in.next(); {
		case k < 160:
			key := names[k%len(names)]
			did = append(did, key)
			s.press(key)
		case k < 224:
			x, y := in.next()*w/255, in.next()*h/255
			a := gestures[k%len(gestures)]
			did = append(did, fmt.Sprintf("mouse %v at %d,%d", a, x, y))
			fire(t, s.mouse, x, y, a)
		default:
			w, h = in.size()
			did = append(did, fmt.Sprintf("%dx%d", w, h))
			sim.SetSize(w, h)
		}
		hold()
	}
}

// FuzzSplit looks for two sources, a size and a sequence of keys and mouse under which a split screen breaks what it promises.
func FuzzSplit(f *testing.F) {
	for first := range byte(13) {
		for how := range byte(4) {
			second := first ^ 1
			if how > 1 {
				second = first + how*5
			}
			seed := []byte{first, second, 128 + 14 + how*30, 128 + 18 + first*6, how, how, how*71 + first, first}
			for k := range byte(30) {
				seed = append(seed, k*3+how*40, 160+k, k*8, k*9, k*5+how)
				if k%10 == 9 {
					seed = append(seed, 230, k*8, 250-k*6)
				}
			}
			f.Add(seed)
		}
	}
	f.Fuzz(fuzzedSplit)
}
