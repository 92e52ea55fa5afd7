package diagnostics

import (
	"strings"
	"testing"
)

// TestConfirm: what the kernel holds makes a finding certain, and only one that is about something left behind is asked about.
func TestConfirm(t *testing.T) {
	f := func(id, local, peer string) *Finding {
		return &Finding{Rule: RuleOf(id), Verdict: Possible, local: local, Peer: peer, Sentence: "It lies."}
	}
	held, gone, none, lis, other := f("EV03", "1.1.1.1:80", "2.2.2.2:9"), f("EV03", "1.1.1.1:80", "2.2.2.2:10"), f("EV17", "1.1.1.1:80", "2.2.2.2:11"),
		f("EV12", "1.1.1.1:80", "1.1.1.1:80"), f("EV25", "1.1.1.1:80", "2.2.2.2:9")
	none.pid, none.FD = 4711, 7
	Confirm([]*Finding{held, gone, none, lis, other}, Looks{Interest: func(pid int64, fd int32) (armed, stale, ok bool) {
		return false, false, pid == 4711 && fd == 7
	}, Queue: func(local, remote string) (int64, bool) {
		switch remote {
		case "2.2.2.2:9":
			return 64512, true
		case "2.2.2.2:11":
			return 0, true
		case "":
			return 9, true
		}
		return 0, false
	}})
	for _, x := range []struct {
		f    *Finding
		v    Verdict
		says string
	}{{held, Certain, "63 KiB"}, {gone, Possible, "gone"}, {none, Certain, "nothing for it. The kernel has its registration disarmed"}, {lis, Certain, "9 connections wait"}, {other, Possible, "It lies."}} {
		if x.f.Verdict != x.v || !strings.Contains(x.f.Sentence, x.says) {
			t.Errorf("%s: %v, %q; want %v and %q", x.f.Rule.ID, x.f.Verdict, x.f.Sentence, x.v, x.says)
		}
	}
	if other.Sentence != "It lies." {
		t.Errorf("EV25 was asked about: %q", other.Sentence)
	}
}

// TestConfirmRegistered: what a process has registered now is asked where its number and its process are known, and said as it is.
func TestConfirmRegistered(t *testing.T) {
	for _, c := range []struct {
		id      string
		fd      int32
		pid     int64
		looks   Looks
		verdict Verdict
		says    string
	}{
		{"EV18", 7, 4711, Looks{Interest: func(int64, int32) (armed, stale, ok bool) { return true, true, true }}, Likely,
			"It lies. The kernel still has it registered under a number that means something else."},
		{"EV18", 7, 4711, Looks{Interest: func(int64, int32) (armed, stale, ok bool) { return true, false, true }}, Likely, "It lies."},
		{"EV17", 7, 4711, Looks{Interest: func(int64, int32) (armed, stale, ok bool) { return true, false, true }}, Likely, "It lies."},
		{"EV17", 7, 4711, Looks{Interest: func(int64, int32) (armed, stale, ok bool) { return false, false, false }}, Likely, "It lies."},
		{"EV17", 7, 4711, Looks{}, Likely, "It lies."},
		{"EV17", 7, 0, Looks{Interest: func(int64, int32) (armed, stale, ok bool) { return false, false, true }}, Likely, "It lies."},
		{"EV17", -1, 4711, Looks{Interest: func(int64, int32) (armed, stale, ok bool) { return false, false, true }}, Likely, "It lies."},
		{"EV03", 7, 4711, Looks{Queue: func(string, string) (int64, bool) { return 5, true }}, Likely, "It lies."}, // its addresses are not known
	} {
		f := &Finding{Rule: RuleOf(c.id), Verdict: Likely, FD: c.fd, pid: c.pid, Sentence: "It lies."}
		Confirm([]*Finding{f}, c.looks)
		if f.Verdict != c.verdict || f.Sentence != c.says {
			t.Errorf("%s of fd %d of process %d: %v, %q; want %v, %q", c.id, c.fd, c.pid, f.Verdict, f.Sentence, c.verdict, c.says)
		}
	}
}

// TestConfirmTrigger: where the registration lies before the events its trigger is read, and decides.
func TestConfirmTrigger(t *testing.T) {
	is := func(level, ok bool) Looks { return Looks{Level: func(int64, int32) (bool, bool) { return level, ok }} }
	for _, c := range []struct {
		id, before string
		looks      Looks
		verdict    Verdict
		severity   Severity
		says       string
	}{
		{"EV01", unknownTrigger, is(true, true), Certain, Warn, "It lies. The kernel has it registered level-triggered."},
		{"EV08", unknownTrigger, is(true, true), Certain, Warn, "It lies. The kernel has it registered level-triggered."},
		{"EV02", unknownTrigger, is(false, true), Possible, Info, "It lies. But the kernel has it registered edge-triggered now: each of these was something new."},
		{"EV01", unknownTrigger, is(true, false), Likely, Warn, "It lies." + unknownTrigger},
		{"EV01", "", is(false, true), Likely, Warn, "It lies."}, // its registration was seen
	} {
		f := &Finding{Rule: RuleOf(c.id), Verdict: Likely, Severity: Warn, FD: 7, pid: 4711, Sentence: "It lies." + c.before}
		Confirm([]*Finding{f}, c.looks)
		if f.Verdict != c.verdict || f.Severity != c.severity || f.Sentence != c.says {
			t.Errorf("%s: %v, %v, %q; want %v, %v, %q", c.id, f.Severity, f.Verdict, f.Sentence, c.severity, c.verdict, c.says)
		}
	}
}
