package trace

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the generated pages of docs/ anew")

// unitWords say how a field is written, for the reference page.
var unitWords = map[Unit]string{
	UCount: "number", UInt: "signed number", UBytes: "bytes, -1 failed", UNanos: "duration", UMoment: "moment (monotonic, s)",
	UWall: "wall clock", UFD: "descriptor, -1 none", UInst: "epN, setN or ringN", UPlus1: "number; absent: unknown", UPoll: "event bits", UHex: "hex",
	UOpen: "O_ flags", UMsg: "MSG_ flags", UEnum: "word", UName: "Name id", UErrno: "error name", UText: "text",
}

// eventsPage is docs/events.md.
func eventsPage() []byte {
	var b bytes.Buffer
	b.WriteString(`# Events

Generated from the table in trace/spec.go by

    go test ./trace -run TestEventsDoc -update

Every event has a time (CLOCK_MONOTONIC, its end), a stream (the thread), a phase, and a running number in its stream. The
rest depends on the kind. Names are those of the text form; "where" is the slot of the event, with the first bit and the
number of bits when the field is only a part of it. A field that is absent in the text form is 0.

`)
	group := ""
	for k := KindNone + 1; k < KindCount; k++ {
		s := &Specs[k]
		if s.Group != group {
			group = s.Group
			fmt.Fprintf(&b, "## %s\n\n", group)
		}
		phases := "complete"
		if s.Phased {
			phases = "complete, or enter and exit"
		}
		fmt.Fprintf(&b, "### %s\n\n%s Kind %d, since format version %d; %s.\n\n", s.Name, s.Doc, k, s.Since, phases)
		b.WriteString("| field | where | how written | what |\n|---|---|---|---|\n")
		for i := range s.Fields {
			f := &s.Fields[i]
			where := slotNames[f.Slot]
			if f.Bits != 0 {
				where = fmt.Sprintf("%s %d+%d", where, f.Shift, f.Bits)
			}
			if f.Unit == UText {
				where = "dur, a, b"
			}
			doc := f.Doc
			if f.Since != 0 {
				doc += fmt.Sprintf(" (since version %d)", f.Since)
			}
			fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", f.Name, where, unitWords[f.Unit], doc)
		}
		b.WriteString("\n")
		for i := range s.Fields {
			if f := &s.Fields[i]; f.Words != nil && f.Name != "call" {
				fmt.Fprintf(&b, "Words of %s: %s.\n\n", f.Name, strings.Join(f.Words[1:], ", "))
			}
		}
	}
	fmt.Fprintf(&b, "## Calls\n\nWords of the field call: %s.\n\n", strings.Join(CallNames[1:], ", "))
	b.WriteString("## What every trace keeps\n\nThe validator checks these; `evviz check --validate` runs it.\n\n| | rule | what breaks without it |\n|---|---|---|\n")
	for _, v := range Invariants {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", v.ID, v.Rule, v.Breaks)
	}
	return b.Bytes()
}

// docs/events.md is what the table says. Run with -update to write it anew.
func TestEventsDoc(t *testing.T) {
	const path = "../docs/events.md"
	want := eventsPage()
	if *update {
		if err := os.WriteFile(path, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s is not what trace/spec.go says (%v); run go test ./trace -run TestEventsDoc -update", path, err)
	}
}
