package words

import (
	"embed"
	"strings"

	"evviz/internal/plain"
	"evviz/timeline"
	"evviz/trace"
)

// Page explains one thing in plain words: what happened, with its numbers; the kernel's rule behind it, with its source; and
// what to do about it, where there is something to do.
type Page struct {
	Title string
	Parts []Part
}

// Part is a paragraph with its heading.
type Part struct{ Head, Text string }

// The headings that pages have in common.
const (
	headWhat   = "What happened"
	headMeans  = "What it means"
	headKernel = "The kernel's rule"
	headDo     = "What to do"
)

// add appends a paragraph unless it is empty.
func (p *Page) add(head, text string) {
	if text = strings.TrimSpace(plain.Lines(text)); text != "" {
		p.Parts = append(p.Parts, Part{head, text})
	}
}

// String is the page as plain text.
func (p Page) String() string {
	var b strings.Builder
	b.WriteString(p.Title + "\n")
	for _, x := range p.Parts {
		b.WriteString("\n" + x.Head + "\n  " + strings.ReplaceAll(x.Text, "\n", "\n  ") + "\n")
	}
	return b.String()
}

// Part is the text under a heading, "" when there is none.
func (p Page) Part(head string) string {
	for _, x := range p.Parts {
		if x.Head == head {
			return x.Text
		}
	}
	return ""
}

// ---- the texts ----

// kernelTexts are kernel/*.md: a file for each sort of thing, in it a section "## key" for each, of lines "What:",
// "Kernel:", "Source:" and, where there is something to do, "Do:".
//
//go:embed kernel
var kernelTexts embed.FS

// kernelText is one section.
type kernelText struct{ what, kernel, source, do string }

var kernelRules = readKernelTexts()

func readKernelTexts() map[string]kernelText {
	out := map[string]kernelText{}
	list, err := kernelTexts.ReadDir("kernel")
	if err != nil {
		return out
	}
	for _, f := range list {
		b, err := kernelTexts.ReadFile("kernel/" + f.Name())
		if err != nil {
			continue
		}
		sort := strings.TrimSuffix(f.Name(), ".md")
		for _, section := range strings.Split(string(b), "\n## ")[1:] {
			key, body, _ := strings.Cut(section, "\n")
			var t kernelText
			for _, line := range strings.Split(body, "\n") {
				head, text, _ := strings.Cut(line, ": ")
				switch head {
				case "What":
					t.what = text
				case "Kernel":
					t.kernel = text
				case "Source":
					t.source = text
				case "Do":
					t.do = text
				}
			}
			out[sort+"/"+key] = t
		}
	}
	return out
}

// rule appends the kernel's rule and what to do.
func (p *Page) rule(key string) {
	t := kernelRules[key]
	text := t.kernel
	if t.source != "" && t.source != "-" {
		text += " (" + t.source + ")"
	}
	p.add(headKernel, text)
	p.add(headDo, t.do)
}

func keyed(name string) string { return strings.ReplaceAll(strings.ToLower(name), " ", "-") }

// fixed is the page of a thing that has no numbers of its own.
func fixed(title, key string) Page {
	p := Page{Title: title}
	p.add(headMeans, kernelRules[key].what)
	p.rule(key)
	return p
}

// ExplainClass says what a class of events is.
func ExplainClass(c timeline.Class) Page {
	return fixed("An event of class "+c.String(), "class/"+keyed(c.String()))
}

// ExplainMeasure says what a delay measures.
func ExplainMeasure(m timeline.Measure) Page {
	return fixed("The delay "+m.String(), "measure/"+keyed(m.String()))
}

// ExplainState says what a state of a loop is.
func ExplainState(st timeline.LoopState) Page {
	return fixed("A loop that is "+st.String(), "state/"+keyed(st.String()))
}

// ExplainErrno says what an error number means.
func ExplainErrno(n uint16) Page {
	name := errnoWord(n)
	key := "errno/" + name
	if _, ok := kernelRules[key]; !ok {
		key = "errno/other"
	}
	return fixed(name, key)
}

// ExplainTrigger says what a triggering is; stranded data has a page of its own.
func ExplainTrigger(trigger uint32) Page {
	word := trace.TriggerNames.Word(trigger)
	if word == "" {
		word = "none"
	}
	return fixed("Triggering: "+word, "trigger/"+word)
}

// ExplainMode says how a mechanism works, and how it is set here.
func ExplainMode(m timeline.Mode) Page {
	word := ""
	if m.Known {
		word = trace.DriverNames.Word(m.Driver)
	}
	if word == "" {
		word = "unknown"
	}
	p := fixed("Mechanism: "+word, "mode/"+word)
	if m.Driver == trace.DriverSleepPoll && m.Interval > 0 {
		p.add("Here", "It sleeps "+Duration(m.Interval)+" between two rounds.")
	}
	if t := trace.TriggerNames.Word(m.Trigger); t != "" {
		p.add("Here", "Triggering is "+t+". "+kernelRules["trigger/"+t].what)
	}
	return p
}

// markKeys lead from a mark to the text that has its rule.
var markKeys = [timeline.MarkCount]string{
	timeline.MarkArrive: "event/arrive", timeline.MarkReport: "event/ready", timeline.MarkRenotify: "event/renotify",
	timeline.MarkRead: "event/read", timeline.MarkReadAgain: "errno/EAGAIN", timeline.MarkReadEOF: "class/end-of-file", timeline.MarkReadErr: "class/error",
	timeline.MarkWrite: "event/write", timeline.MarkWriteAgain: "event/write", timeline.MarkWriteErr: "class/error",
	timeline.MarkAccept: "event/accept", timeline.MarkAcceptAgain: "errno/EAGAIN", timeline.MarkAcceptErr: "class/exhausted",
	timeline.MarkOpen: "event/descriptor", timeline.MarkClose: "event/descriptor", timeline.MarkReset: "errno/ECONNRESET",
	timeline.MarkModify: "event/interest", timeline.MarkRearmed: "class/re-armed", timeline.MarkRegister: "event/interest", timeline.MarkDeregister: "event/interest",
	timeline.MarkShutdown: "event/descriptor", timeline.MarkConnect: "event/connect",
	timeline.MarkStepSend: "event/step", timeline.MarkStepRecv: "event/step", timeline.MarkStepOther: "event/step",
	timeline.MarkQueue: "event/queue", timeline.MarkCall: "event/handler", timeline.MarkSubmit: "event/submit", timeline.MarkComplete: "event/complete",
	timeline.MarkRecvDone: "event/complete", timeline.MarkSendDone: "event/complete", timeline.MarkOther: "event/other",
}

// markMeans is what a mark on a lane says.
var markMeans = [timeline.MarkCount]string{
	timeline.MarkArrive: "Data or a connection arrived here. The bar begins: from now on the peer waits for the program.",
	timeline.MarkReport: "A wait returned an event for this descriptor here.", timeline.MarkRenotify: "A wait returned a repeat: an event for what the program knew already.",
	timeline.MarkRead: "A read returned data here.", timeline.MarkReadAgain: "A read found nothing here (EAGAIN).",
	timeline.MarkReadEOF: "A read returned 0 (EOF): the peer has finished.", timeline.MarkReadErr: "A read failed here.",
	timeline.MarkWrite: "A write sent data here.", timeline.MarkWriteAgain: "A write found no room here (EAGAIN): the peer does not read fast enough.",
	timeline.MarkWriteErr: "A write failed here.", timeline.MarkAccept: "A connection was accepted here.",
	timeline.MarkAcceptAgain: "No connection waited to be accepted (EAGAIN).", timeline.MarkAcceptErr: "accept failed here, and the connection stays in the queue.",
	timeline.MarkOpen: "The descriptor was opened here.", timeline.MarkClose: "The last number of the descriptor was closed here: the lane ends.",
	timeline.MarkReset: "The connection was found broken here (ECONNRESET or EPIPE).", timeline.MarkModify: "Its registration was changed here.",
	timeline.MarkRearmed: "Its registration was set again with the same bits, which makes the kernel report it again if it is ready.", timeline.MarkRegister: "It was registered with an instance here.",
	timeline.MarkDeregister: "It was removed from an instance here.", timeline.MarkShutdown: "One or both directions were shut here.",
	timeline.MarkConnect: "The program called connect here.", timeline.MarkStepSend: "The scripted client sent here.", timeline.MarkStepRecv: "The scripted client received here.",
	timeline.MarkStepOther: "The scripted client connected, closed or did something else here.", timeline.MarkQueue: "The length of the listener's queue was seen here.",
	timeline.MarkCall: "A handler of the program ran here.", timeline.MarkSubmit: "An operation was submitted here.", timeline.MarkComplete: "An operation was completed here.",
	timeline.MarkRecvDone: "A submitted recv completed with data.", timeline.MarkSendDone: "A submitted send completed.", timeline.MarkOther: "Something else was done with the descriptor here.",
}

// ExplainMark says what a mark on a lane means.
func ExplainMark(m timeline.Mark) Page {
	if m == timeline.MarkNone || m >= timeline.MarkCount {
		return Page{Title: "Nothing", Parts: []Part{{headMeans, "Nothing happened on this lane here."}}}
	}
	p := Page{Title: "Mark: " + m.String()}
	p.add(headMeans, markMeans[m])
	p.rule(markKeys[m])
	return p
}
