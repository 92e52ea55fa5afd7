package trace

import (
	"errors"
	"strings"
	"testing"
)

func TestText(t *testing.T) {
	for _, c := range []struct {
		e    Event
		want string
	}{
		{Event{Kind: Wait, Phase: PhaseEnter, Time: 12731004000, Stream: 1, Seq: 9, Inst: EpollInstance(4), A: 250e6, B: -1, Gen: 3, Aux: WaitAux(CallEpollWait, 128)},
			"12.731004000 1 Wait enter call=epoll_wait inst=ep4 asked=250ms passed=-1 watched=2 max=128 seq=9"},
		{Event{Kind: Wait, Phase: PhaseExit | PhaseLate, Time: 1, Stream: 1, Seq: 10, Dur: 1500},
			"0.000000001 1 Wait exit+late count=0 dur=1.5us seq=10"},
		{Event{Kind: Read, Time: 2e9, Stream: 1, Seq: 11, FD: 7, Gen: 1, Aux: CallRead, A: 4096, B: -1, Mask: 2, Inst: 1, Errno: 11, Dur: 700},
			"2.000000000 1 Read complete fd=7 gen=1 call=read asked=4096 ret=-1 flags=MSG_PEEK left=0 err=EAGAIN dur=700ns seq=11"},
		{Event{Kind: Ready, Inst: SetInstance(77), FD: -1, Mask: 0x80002001, A: -1},
			"0.000000000 0 Ready complete inst=set77 fd=-1 events=IN|RDHUP|ET data=0xffffffffffffffff seq=0"},
		{Event{Kind: Open, FD: 0, Aux: OpenAux(TypeStream, OriginAccept), A: 3, Mask: 0x80800},
			"0.000000000 0 Open complete fd=0 type=stream from=accept peer=3 flags=O_NONBLOCK|O_CLOEXEC seq=0"},
		{Event{Kind: Open, FD: 0, Aux: 99, Mask: 0x80000800, Errno: 4000, Gen: 5},
			"0.000000000 0 Open complete fd=0 gen=5 type=99 flags=O_NONBLOCK|0x80000000 err=4000 seq=0"},
		{Event{Kind: Sync, A: 1.6e18, B: 5}, "0.000000000 0 Sync complete wall=2020-09-13T12:26:40Z raw.b=0x5 seq=0"},
		{Event{Kind: 200, Phase: 77, FD: -1}, "0.000000000 0 Kind200 phase77 raw.fd=0xffffffff seq=0"},
		{Event{Kind: Lost, A: 5, Aux: LostRing | 1<<31, Time: -1}, "-0.000000001 0 Lost complete n=5 where=ring raw.aux=0x80000000 seq=0"},
	} {
		got := string(AppendText(nil, &c.e))
		if got != c.want {
			t.Errorf("\n got %s\nwant %s", got, c.want)
		}
		if back, err := ParseText(c.want); err != nil || back != c.e {
			t.Errorf("%s: %v\n got %+v\nwant %+v", c.want, err, back, c.e)
		}
	}
}

func TestTextName(t *testing.T) {
	var evs []Event
	NamePieces(3, "127.0.0.1:5301", func(e Event) { evs = append(evs, e) })
	NamePieces(4, "evil \x1b[31m\x00\n\u202e é and more than one piece of it", func(e Event) { evs = append(evs, e) })
	evs = append(evs, Event{Kind: Open, FD: 7, A: 3, B: 4})
	var b strings.Builder
	w := NewTextWriter(&b)
	if err := errors.Join(w.Write(evs), w.Flush()); err != nil {
		t.Fatal(err)
	}
	for _, r := range b.String() {
		if r != '\n' && (r < ' ' || r > '~') {
			t.Fatalf("%q leaves the writer:\n%s", r, b.String())
		}
	}
	if !strings.Contains(b.String(), `peer=3 local=4 seq=0  # 127.0.0.1:5301, evil \x1b[31m`) {
		t.Errorf("no comment:\n%s", b.String())
	}
	back, err := ReadText(strings.NewReader(b.String()))
	if err != nil || len(back) != len(evs) {
		t.Fatal(err, len(back))
	}
	for i := range evs {
		if back[i] != evs[i] {
			t.Errorf("%+v became %+v", evs[i], back[i])
		}
	}
}

func TestTextErrors(t *testing.T) {
	for line, want := range map[string]string{
		"x":                                      "column 1: time",
		"1.5 x":                                  "column 5: stream",
		"1.5 1 Reed complete":                    `column 7: no kind of event is called "Reed"`,
		"1.5 1 Read begin":                       "column 12: phase",
		"1.5 1 Read complete fd":                 "column 21: \"fd\" is not name=value",
		"1.5 1 Read complete fd=99999999999":     "column 21: fd: not a number",
		"1.5 1 Read complete peer=3":             "column 21: peer: Read has no such field",
		"1.5 1 Read complete call=reed":          `column 21: call: "reed" is not known here`,
		"1.5 1 Open complete type=256":           "column 21: type",
		"1.5 1 Read complete raw.x=1":            "column 21: raw.x: no such slot",
		"1.5 1 Ready complete events=INN":        `column 22: events: no bit is called "INN"`,
		`1.5 1 Name complete text="abc`:          "column 26: a string that does not end",
		`1.5 1 Name complete text=abc`:           "column 21: text: not a quoted string",
		"1.0000000001 1 Read complete":           "column 1: time",
		"9223372036.854775808 1 Read complete":   "column 1: time",
		"1.5 1 Wait complete watched=4294967295": "column 21: watched",
	} {
		_, err := ParseText(line)
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v, want %s", line, err, want)
		}
	}
	for _, line := range []string{"", "  ", "# x", "  # x"} {
		if _, err := ParseText(line); err != ErrNoEvent {
			t.Errorf("%q: %v", line, err)
		}
	}
	_, err := ReadText(strings.NewReader("# one\n1.0 1 Read complete fd=1 seq=1\n\n1.0 1 Rite\n"))
	if err == nil || !strings.HasPrefix(err.Error(), "line 4, column 7") {
		t.Error(err)
	}
}

// Names of fields are unique in a kind and their bits do not overlap, or the text form could not be read back.
func TestSpecs(t *testing.T) {
	for k := KindNone + 1; k < KindCount; k++ {
		s := &Specs[k]
		if s.Name == "" || s.Doc == "" || s.Since == 0 || s.Since > FileVersion || kindByName[s.Name] != k {
			t.Errorf("kind %d: name %q, since %d", k, s.Name, s.Since)
		}
		names, used := map[string]bool{"seq": true}, [slotCount]uint64{}
		for i := range s.Fields {
			f := &s.Fields[i]
			if names[f.Name] || f.Name == "" || f.Doc == "" {
				t.Errorf("%s: field %q twice, or without words", s.Name, f.Name)
			}
			names[f.Name] = true
			if f.Unit == UText {
				continue
			}
			if used[f.Slot]&f.mask() != 0 || int(f.Shift)+int(f.fieldBits()) > int(slotBits(f.Slot)) {
				t.Errorf("%s.%s: its bits overlap another field's or leave the slot", s.Name, f.Name)
			}
			used[f.Slot] |= f.mask()
			if (f.Unit == UEnum) != (f.Words != nil) {
				t.Errorf("%s.%s: words and unit do not match", s.Name, f.Name)
			}
		}
	}
}
