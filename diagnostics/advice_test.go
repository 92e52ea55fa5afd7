package diagnostics

import (
	"strings"
	"testing"

	"evviz/timeline"
)

// TestAdvice: each entry is for a rule that there is and a runtime with a name, and goes on as a sentence behind a fix.
func TestAdvice(t *testing.T) {
	for r, rules := range advice {
		if r.String() == "" || r == timeline.RuntimeUnknown || len(rules) == 0 {
			t.Errorf("runtime %d: %q, %d rules", r, r, len(rules))
		}
		for id, text := range rules {
			if RuleOf(id) == nil || RuleOf(id).ID != id || !strings.HasSuffix(text, ".") || strings.Contains(text, "  ") || strings.Contains(text, "\n") {
				t.Errorf("%v, %s: %q", r, id, text)
			}
		}
	}
}

// TestAdviceWhere: a listener, a lock, and what is nothing of the program's get no runtime's calls, and no fix gets them twice.
func TestAdviceWhere(t *testing.T) {
	f := &Finding{Rule: RuleOf("EV01"), Fix: "read it.", kind: timeline.KindConn}
	f.advise(timeline.RuntimeLibuv)
	f.advise(timeline.RuntimeNode)
	if !strings.HasPrefix(f.Fix, "read it. In libuv: uv_read_stop()") || strings.Contains(f.Fix, "Node") {
		t.Error(f.Fix)
	}
	for _, f := range []*Finding{{Rule: RuleOf("EV01"), kind: timeline.KindListener}, {Rule: RuleOf("EV01"), kind: timeline.KindWake}, {Rule: RuleOf("EV25"), advised: true}, {Rule: RuleOf("EV20")}} {
		if f.advise(timeline.RuntimeLibuv); f.Fix != "" {
			t.Errorf("%s, %v: %s", f.Rule.ID, f.kind, f.Fix)
		}
	}
	g := &Finding{Rule: RuleOf("EV11"), kind: timeline.KindListener, program: 7}
	Confirm([]*Finding{g}, Looks{Runtime: func(pid int64) timeline.Runtime {
		if pid == 7 {
			return timeline.RuntimeGo
		}
		return timeline.RuntimeUnknown
	}})
	if !strings.Contains(g.Fix, "In Go: ") {
		t.Error(g.Fix)
	}
}
