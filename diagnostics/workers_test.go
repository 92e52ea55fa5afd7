package diagnostics

import "testing"

// TestListenerOf: a connection belongs to the listener that fits closest, and to one alone.
func TestListenerOf(t *testing.T) {
	both := []string{"[::]:80", "0.0.0.0:80", "127.0.0.1:8080"}
	for _, c := range []struct {
		own  string
		all  []string
		want string
	}{
		{"127.0.0.1:80", both, "0.0.0.0:80"},
		{"[::1]:80", both, "[::]:80"},
		{"127.0.0.1:80", []string{"[::]:80"}, "[::]:80"},
		{"[::1]:80", []string{"0.0.0.0:80"}, ""},
		{"127.0.0.1:8080", both, "127.0.0.1:8080"},
		{"127.0.0.2:8080", both, ""},
		{"127.0.0.1:80", []string{"0.0.0.0:80", "127.0.0.1:80"}, "127.0.0.1:80"},
		{"127.0.0.1:180", both, ""},
		{"/run/x", []string{"/run/x", "0.0.0.0:80"}, "/run/x"},
		{"/run/y", []string{"/run/x"}, ""},
		{"", both, ""},
	} {
		if got := listenerOf(c.own, c.all); got != c.want {
			t.Errorf("%q among %q: %q, want %q", c.own, c.all, got, c.want)
		}
	}
}
