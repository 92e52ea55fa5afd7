package cmd

import (
	"testing"
	"time"

	"github.com/spf13/cobra"

	"evviz/internal/testkit"
)

// TestSpanOfPolling: of a loop that sleeps for long the screen shows some rounds, and what was asked for is kept.
func TestSpanOfPolling(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args []string
		want time.Duration
	}{
		{[]string{"--preset", "article"}, 40 * time.Second},
		{[]string{"--preset", "article", "--interval", "1m"}, 4 * time.Minute},
		{[]string{"--interval", "24h"}, 30 * time.Minute},
		{[]string{}, defaultSpan},
		{[]string{"--preset", "article", "--mode", "epoll"}, defaultSpan},
	} {
		o := &labOptions{}
		cmd := &cobra.Command{}
		o.flags(cmd)
		if err := cmd.ParseFlags(c.args); err != nil {
			t.Fatal(err)
		}
		b, err := o.behaviour(cmd, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := spanFor(&b); got != c.want {
			t.Errorf("%v: a screen of %v, want %v", c.args, got, c.want)
		}
	}
	x := testkit.StartTerminal(t, 120, 30, program(t, "--preset", "article", "--listen", "127.0.0.1:0"))
	x.Shows(" 40 s, ")
	x.Press("q")
	x.Exit()
	x = testkit.StartTerminal(t, 120, 30, program(t, "--preset", "article", "--span", "8s", "--listen", "127.0.0.1:0"))
	x.Shows("8.0 s, ")
	x.Press("q")
	x.Exit()
}
