package tui

import (
	"fmt"
	"strings"

	"evviz/trace"
)

// pages are what lies over the view.
type pages struct {
	helpOn    bool
	pageOn    bool                                       // it is the page about the mechanism
	findingOn bool                                       // ... about a finding
	paged     func(f *frame, w int) (string, []helpLine) // ... or this; nil not
	helpTop   int                                        // first line shown
}

// drawHelp lists every key, or says that the screen is too small.
func (u *ui) drawHelp(f *frame, p pane) {
	t := &u.theme
	if f.small {
		lines := []string{fmt.Sprintf("%dx%d is too small", f.w, f.h), fmt.Sprintf("evviz needs %dx%d", minWidth, minHeight), "q quits"}
		for i, s := range lines {
			p.put(0, i, s, t.text)
		}
		return
	}
	p.fill(0, 0, p.w, ' ', t.bar)
	title, lines := "evviz: keys", []helpLine(nil)
	if u.paged != nil {
		title, lines = u.paged(f, p.w-2)
	} else if u.findingOn {
		title, lines = u.findingLines(f, p.w-2)
	} else if mode := u.modeWord(f); u.pageOn && mode != "" {
		title, lines = "evviz: "+mode, pageLines(u.opt.ModePage(mode), p.w-2)
	} else {
		lines = u.helpLines(p.w - 2)
	}
	p.put(1, 0, title, t.bar.Bold(true))
	u.helpTop = min(u.helpTop, max(0, len(lines)-(p.h-2)))
	for i := 0; i < p.h-2 && i+u.helpTop < len(lines); i++ {
		l := lines[i+u.helpTop]
		st := t.text
		if l.off {
			st = t.dim
		}
		if l.whole {
			p.put(1, i+1, l.text, st.Bold(l.keys != ""))
			continue
		}
		x := p.put(1, i+1, fmt.Sprintf("%-14s", l.keys), st.Bold(!l.off))
		p.put(x, i+1, l.text, st)
	}
	p.fill(0, p.h-1, p.w, ' ', t.bar)
	s := " ? or Esc: back"
	if len(lines) > p.h-2 {
		s += "   arrows up and down: more"
	}
	p.put(0, p.h-1, s, t.bar)
}

type helpLine struct {
	keys, text string
	off        bool
	whole      bool // text from the left edge; keys makes it a heading
}

// help shows the keys, or the page about the mechanism, or puts either away.
func (u *ui) help(page bool) {
	u.helpOn = !u.helpOn || u.findingOn || u.paged != nil || u.pageOn != page
	u.findingOn, u.paged = false, nil
	u.pageOn, u.helpTop = page, 0
}

// modeWord is the mechanism that runs, when there are pages about those.
func (u *ui) modeWord(f *frame) string {
	if u.opt.ModePage == nil || !f.snap.Mode.Known {
		return ""
	}
	return trace.DriverNames.Word(f.snap.Mode.Driver)
}

// pageLines lays out the little Markdown that the pages are written in: headings, lists, tables and literal blocks keep
// their lines, the rest flows.
func pageLines(page string, w int) (out []helpLine) {
	para := ""
	flush := func() {
		if para != "" {
			for _, l := range wrap(bare(para), w) {
				out = append(out, helpLine{text: l, whole: true})
			}
			para = ""
		}
	}
	for line := range strings.Lines(page) {
		line = strings.TrimRight(line, "\n")
		switch {
		case line == "":
			flush()
			out = append(out, helpLine{whole: true})
		case strings.HasPrefix(line, "# "): // the title is in the bar
		case strings.HasPrefix(line, "#"):
			flush()
			out = append(out, helpLine{keys: "#", text: strings.TrimLeft(line, "# "), whole: true})
		case strings.HasPrefix(line, "    "):
			flush()
			out = append(out, helpLine{text: line, whole: true})
		case strings.HasPrefix(line, "|---"):
		case strings.HasPrefix(line, "| "):
			flush()
			cells := strings.Split(strings.ReplaceAll(strings.Trim(line, "| "), "\\|", "\x00"), "|")
			for i := range cells {
				cells[i] = strings.ReplaceAll(bare(strings.TrimSpace(cells[i])), "\x00", "|")
			}
			first := cells[0]
			for i, l := range wrap(strings.Join(cells[1:], "  "), max(w-34, 20)) {
				if i > 0 {
					first = ""
				}
				out = append(out, helpLine{text: fmt.Sprintf("%-32s  %s", first, l), whole: true})
			}
		case strings.HasPrefix(line, "- "):
			flush()
			para = line
		default:
			para += " " + strings.TrimSpace(line)
		}
	}
	flush()
	return out
}

// bare takes the marks of emphasis and code away.
func bare(s string) string {
	s = strings.NewReplacer("`", "", "**", "").Replace(strings.TrimSpace(s))
	return strings.NewReplacer(" *", " ", "* ", " ").Replace(s)
}

// sections are the headings of the key table, each before the action that it begins with.
var sections = map[string]string{"pause": "The running server", "timeline": "Views", "zoom-in": "Moving through time", "step": "Stepping, and replays",
	"next-finding": "Finding out", "record": "Keeping", "next-pane": "Lanes and panes", "knobs": "More of the server", "escape": "Anywhere"}

func (u *ui) helpLines(w int) (out []helpLine) {
	for i := range u.keys {
		k := &u.keys[i]
		if h := sections[k.Name]; h != "" && u.half == nil {
			if i > 0 {
				out = append(out, helpLine{whole: true})
			}
			out = append(out, helpLine{keys: "#", text: h, whole: true})
		}
		keys := strings.Join(k.Keys, " ")
		for j, s := range wrap(k.Help, w-14) {
			if j > 0 {
				keys = ""
			}
			out = append(out, helpLine{keys: keys, text: s, off: !u.available(k)})
		}
	}
	out = append(out, helpLine{}, helpLine{keys: "The : line", text: "takes the names of the actions above (:zoom-in), and:"})
	for _, c := range commands() {
		for j, s := range wrap(c.about, w-32) {
			head := c.name + " " + c.want
			if j > 0 {
				head = ""
			}
			out = append(out, helpLine{text: fmt.Sprintf("%-30s  %s", head, s), whole: true})
		}
	}
	out = append(out, helpLine{}, helpLine{keys: "The picture"})
	for _, s := range []string{
		"A lane is filled while data waits in the kernel, from its arrival to the read that drains it: the length of the bar is the delay. It turns from blue to orange to red as the data ages.",
		"Orange with a number: level-triggered and told again, so many times, of what was known. A red bar that does not end: edge-triggered and not drained, nobody will be told again.",
		"Columns of E: every round asks every descriptor, and most have nothing.",
		"The line above the keys says how far the picture can be believed: events lost, what evviz itself costs, what was observed and what is only inferred. Events that came late were told after younger ones, as the observer's are; they stand where they belong.",
		"Mouse: the wheel zooms, a click selects what is under it: lane and moment, event, finding, tab, place in a recording. Hold Shift to select text.",
	} {
		for _, l := range wrap(s, w-14) {
			out = append(out, helpLine{text: l})
		}
	}
	return out
}

// wrap breaks a sentence into lines of at most w characters.
func wrap(s string, w int) (out []string) {
	line := ""
	for _, word := range strings.Fields(s) {
		if line != "" && len([]rune(line))+1+len([]rune(word)) > w {
			out = append(out, line)
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(out, line)
}
