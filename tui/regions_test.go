package tui

import (
	"context"
	"strings"
	"testing"

	"evviz/internal/testkit"
	"evviz/record"
	"evviz/timeline"
)

// recorded is a kept recording up to so many seconds after its beginning, 0 all of it.
func recorded(t testing.TB, path string, seconds float64) *timeline.Feed {
	t.Helper()
	f, err := record.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	first, last := f.Bounds()
	if seconds > 0 {
		last = first + int64(seconds*1e9)
	}
	feed := timeline.NewFeed(&moment{f, last}, timeline.Options{})
	if err := feed.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	return feed
}

// stillReplay is a replay of the tour that stands at a moment.
func stillReplay(t *testing.T, at float64) *timeline.Feed {
	return standing(t, "testdata/tour.evt", at)
}

// standing is a replay of a kept recording that stands at a moment.
func standing(t *testing.T, path string, at float64) *timeline.Feed {
	t.Helper()
	feed, end := replayed(t, path)
	t.Cleanup(end)
	p := feed.Source().(*record.Player)
	p.Pause(true)
	first, _ := p.Bounds()
	if err := p.SeekTime(first + int64(at*1e9)); err != nil {
		t.Fatal(err)
	}
	for p.Seeking() {
	}
	return feed
}

// typing is a line as keys.
func typing(s string) (keys []string) {
	for _, r := range s {
		if r == ' ' {
			keys = append(keys, "Space")
			continue
		}
		keys = append(keys, string(r))
	}
	return keys
}

func keysOf(parts ...any) (out []string) {
	for _, p := range parts {
		switch p := p.(type) {
		case string:
			out = append(out, p)
		case []string:
			out = append(out, p...)
		}
	}
	return out
}

// TestRegions holds each view and region to a golden picture, at the sizes and in the states in which it looks different.
func TestRegions(t *testing.T) {
	turns := "../timeline/testdata/turns/"
	plain := func(feed *timeline.Feed) Options { return Options{Feed: feed, Symbols: "block"} }
	view := func(o Options, name string) Options { o.View = name; return o }
	for _, c := range []struct {
		name string
		o    func(t *testing.T) Options
		w, h int
		keys []string
	}{
		{"iteration-epoll", func(t *testing.T) Options { return view(plain(recorded(t, turns+"level.evt", 0)), "iteration") }, 120, 30, []string{","}},
		{"iteration-sleep-poll", func(t *testing.T) Options { return view(plain(recorded(t, turns+"sleep-poll.evt", 0)), "iteration") }, 120, 30, []string{","}},
		{"iteration-blocking", func(t *testing.T) Options { return view(plain(recorded(t, turns+"blocking.evt", 0)), "iteration") }, 120, 30, []string{","}},
		{"iteration-uring", func(t *testing.T) Options { return view(plain(recorded(t, turns+"uring.evt", 0)), "iteration") }, 120, 30, []string{","}},
		{"iteration-deferred", func(t *testing.T) Options { return view(plain(recorded(t, turns+"deferred.evt", 0)), "iteration") }, 120, 30, []string{",", "Down", "Down"}},
		{"iteration-80x24", func(t *testing.T) Options { return view(plain(tour(t, 9.6)), "iteration") }, 80, 24, []string{","}},
		{"interests", func(t *testing.T) Options { return view(plain(tour(t, 18.4)), "interests") }, 160, 20, nil},
		{"interests-by-unread", func(t *testing.T) Options { return view(plain(tour(t, 18.4)), "interests") }, 80, 24, []string{"O", "O", "O", "O", "O", "Down"}},
		{"latency", func(t *testing.T) Options { return view(plain(tour(t, 12.7)), "latency") }, 120, 36, []string{"Down", "Down"}},
		{"latency-ascii", func(t *testing.T) Options {
			o := view(plain(tour(t, 12.7)), "latency")
			o.Symbols = "ascii"
			return o
		}, 80, 24, []string{"Down", "Down"}},
		{"findings", func(t *testing.T) Options { return view(plain(tour(t, 18.4)), "findings") }, 120, 30, nil},
		{"findings-80x24", func(t *testing.T) Options { return view(plain(tour(t, 18.4)), "findings") }, 80, 24, nil},
		{"events", func(t *testing.T) Options { return view(plain(tour(t, 9.6)), "events") }, 120, 30, []string{","}},
		{"transport", func(t *testing.T) Options { return plain(stillReplay(t, 12.7)) }, 120, 30, nil},
		{"coarse", func(t *testing.T) Options {
			o := plain(stillReplay(t, 12.7))
			o.Feed.Overview()
			o.Go = func(func()) {} // the excerpt that takes the place of the shades does not come
			return o
		}, 120, 30, []string{"0"}},
		{"lost", func(*testing.T) Options { return plain(storm(5, true, true)) }, 120, 24, nil},
		{"untimed", func(*testing.T) Options { return plain(storm(3, false, false)) }, 120, 24, nil},
		{"nothing", func(*testing.T) Options { return plain(fuzzFeeds()[5]) }, 80, 24, nil},
		{"measured", func(t *testing.T) Options { return plain(tour(t, 12.7)) }, 120, 24, []string{"v", "v", "Left", "Left", "Left", "Left", "Left", "Left", "Left", "Left", "Left", "Left"}},
		{"measured-page", func(t *testing.T) Options { return plain(tour(t, 12.7)) }, 120, 36, []string{"v", "v", "Left", "Left", "Left", "Left", "Left", "Left", "Left", "Left", "Left", "Left", "Enter"}},
		{"filtered", func(t *testing.T) Options { return plain(tour(t, 12.7)) }, 120, 24, keysOf("/", typing("!fd:17"), "Enter")},
		{"completions", func(t *testing.T) Options { return plain(tour(t, 12.7)) }, 120, 24, keysOf(":", typing("th"), "Tab", "Space")},
		{"chooser", func(t *testing.T) Options {
			o := plain(tour(t, 12.7))
			o.Lab = &toyLab{name: "story", values: map[string]string{}}
			return o
		}, 100, 24, []string{"o", "Down", "Down"}},
		{"client", func(t *testing.T) Options {
			o := plain(tour(t, 12.7))
			o.Lab = &toyLab{name: "127.0.0.1:9", values: map[string]string{}, client: ClientState{Connected: true, Sent: 6, Got: 6, Last: "got: hello", Address: "127.0.0.1:9"}}
			return o
		}, 100, 24, []string{"c", "Down"}},
		{"explain-lane", func(t *testing.T) Options { return plain(tour(t, 12.7)) }, 100, 30, []string{"Down", "Down", "Enter"}},
		{"explain-event", func(t *testing.T) Options { return plain(tour(t, 12.7)) }, 100, 30, []string{"Tab", "Tab", "Up", "Enter"}},
		{"explain-turn", func(t *testing.T) Options { return view(plain(tour(t, 12.7)), "iteration") }, 100, 30, []string{"Enter"}},
		{"edge-200x50", func(t *testing.T) Options { return plain(tour(t, 18.4)) }, 200, 50, nil},
		{"edge-400x110", func(t *testing.T) Options { return plain(tour(t, 18.4)) }, 400, 110, nil},
		{"level-80x24", func(t *testing.T) Options { return plain(tour(t, 12.7)) }, 80, 24, nil},
		{"level-40x12", func(t *testing.T) Options { return plain(tour(t, 12.7)) }, 40, 12, nil},
		{"many", func(*testing.T) Options { return plain(storm(2000, false, true)) }, 120, 30, nil},
		{"braille", func(t *testing.T) Options {
			o := plain(tour(t, 12.7))
			o.Symbols = "braille"
			return o
		}, 120, 24, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			testkit.Golden(t, "regions/"+c.name+".txt", draw(t, c.o(t), c.w, c.h, 1<<24, c.keys...).Text())
		})
	}
}

// TestColours holds the colours themselves to golden pictures, as cat shows them: the light theme, the heat map, and eight colours.
func TestColours(t *testing.T) {
	for _, c := range []struct {
		name   string
		o      Options
		colors int
	}{
		{"light", Options{Feed: tour(t, 18.4), Symbols: "block", Theme: "light"}, 1 << 24},
		{"heat", Options{Feed: tour(t, 12.7), Symbols: "block", Theme: "dark", View: "latency"}, 1 << 24},
		{"eight", Options{Feed: tour(t, 18.4), Symbols: "block"}, 8},
	} {
		t.Run(c.name, func(t *testing.T) {
			var b strings.Builder
			if err := draw(t, c.o, 100, 26, c.colors).ANSI(&b); err != nil {
				t.Fatal(err)
			}
			testkit.Golden(t, "regions/"+c.name+".ans", b.String())
		})
	}
}
