package probe

import (
	"strings"
	"testing"

	"evviz/trace"
)

// TestEcho: what a program wrote to the terminal is taken out of the lines of strace where the arguments prove what it was; other texts are no part
// of the call.
func TestEcho(t *testing.T) {
	for name, c := range map[string]struct {
		text    string
		written []int64 // results of the writes
		odd     int     // lines that are not understood
	}{
		"one line":                {"write(1, \"hello\\n\", 6hello\n)                  = 6\nclose(3) = 0\n", []int64{6}, 0},
		"several lines":           {"write(1, \"a\\nb\\n\\nc\\n\", 7a\nb\n\nc\n)   = 7\nclose(3) = 0\n", []int64{7}, 0},
		"no end of line":          {"write(1, \"x\", 1x)                        = 1\nclose(3) = 0\n", []int64{1}, 0},
		"digits":                  {"write(1, \"42 is 42\\n\", 942 is 42\n)               = 9\nclose(3) = 0\n", []int64{9}, 0},
		"only digits":             {"write(1, \"11\\n\", 311\n)               = 3\nclose(3) = 0\n", []int64{3}, 0},
		"a terminal's line ends":  {"write(2, \"err\\n\", 4err\r\n)                    = 4\r\nclose(3) = 0\r\n", []int64{4}, 0},
		"with times":              {"1795410600.000100 write(2, \"err\\n\", 4err\n) = 4 <0.000020>\n1795410600.000200 close(3) = 0 <0.000020>\n", []int64{4}, 0},
		"a text that was cut":     {"write(1, \"this is a long line that is cut \"..., 61this is a long line that is cut by strace because it is long\n) = 61\nclose(3) = 0\n", []int64{61}, 0},
		"a short write":           {"write(1, \"hello\\n\", 6hello\n) = 3\nclose(3) = 0\n", []int64{3}, 0},
		"a call in what it wrote": {"write(1, \"close(3) = 0\\n\", 13close(3) = 0\n)                  = 13\nclose(4) = 0\n", []int64{13}, 0},
		"nothing of it":           {"write(1, \"hello\\n\", 6)                  = 6\nclose(3) = 0\n", []int64{6}, 0},
		"another text":            {"write(1, \"hello\\n\", 6world\n)                  = 6\nclose(3) = 0\n", nil, 2},
		"another length":          {"write(1, \"hello\\n\", 7hello\n)                  = 7\nclose(3) = 0\n", nil, 2},
	} {
		s := NewStrace(strings.NewReader(c.text), "x")
		var got []int64
		closed := false
		for _, e := range readAll(t, s) {
			if e.Kind == trace.Write && e.Phase.Base() != trace.PhaseEnter {
				got = append(got, e.B)
			}
			closed = closed || e.Kind == trace.Close
		}
		n, first := s.Unparsed()
		if len(got) != len(c.written) || len(got) > 0 && got[0] != c.written[0] || n != c.odd || !closed {
			t.Errorf("%s: writes of %d, not understood %d %q, closed %v", name, got, n, first, closed)
		}
	}
}
