package spelling

import "testing"

func TestNearest(t *testing.T) {
	words := []string{"epoll", "poll", "select", "sleep-poll", "io-uring"}
	for _, c := range []struct{ typed, want string }{
		{"epol", "epoll"}, {"EPOLL", "epoll"}, {"slect", "select"}, {"eoplls", "epoll"}, {"sleeppoll", "sleep-poll"},
		{"kqueue", ""}, {"", ""}, {"io_uring", "io-uring"},
	} {
		if got := Nearest(c.typed, words); got != c.want {
			t.Errorf("%q: %q, want %q", c.typed, got, c.want)
		}
	}
	for typed, want := range map[string]string{"foo": "", "fo": "go", "og": "go"} {
		if got := Nearest(typed, []string{"go"}); got != want {
			t.Errorf("%q: %q, want %q", typed, got, want)
		}
	}
	if got := NotOneOf("--mode", "slect", words[:3]); got != `--mode "slect" is not one of epoll, poll, select; did you mean select?` {
		t.Error(got)
	}
	if got := NotOneOf("--mode", "kqueue", words[:1]); got != `--mode "kqueue" is not one of epoll` {
		t.Error(got)
	}
}

// TestDistance: a letter too many, too few, another one, and two in the wrong order are one mistake each.
func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"edge", "edge", 0}, {"egde", "edge", 1}, {"edg", "edge", 1}, {"edgee", "edge", 1}, {"adge", "edge", 1}, {"", "edge", 4}, {"level", "edge", 4}} {
		if got := distance(c.a, c.b); got != c.want {
			t.Errorf("%q and %q: %d, want %d", c.a, c.b, got, c.want)
		}
	}
}
