package tui

import (
	"fmt"
	"strings"

	"evviz/words"
)

// helpLine is a line of a page.
type helpLine struct {
	keys, text string
	off        bool
	whole      bool // text from the left edge; keys makes it a heading
}

// blank reports whether nothing stands on the line.
func (l *helpLine) blank() bool { return l.text == "" && l.keys == "" }

// continues reports whether the line goes on with what the one above it says.
func (l *helpLine) continues() bool { return !l.blank() && l.keys == "" && !l.whole }

// paragraphs lays out a page of words.
func paragraphs(p words.Page, w int) (lines []helpLine) {
	for i, q := range p.Parts {
		if i > 0 {
			lines = append(lines, helpLine{whole: true})
		}
		if q.Head != "" {
			lines = append(lines, helpLine{keys: "#", text: clean(q.Head), whole: true})
		}
		for part := range strings.SplitSeq(q.Text, "\n") {
			for _, l := range wrap(clean(part), w) {
				lines = append(lines, helpLine{text: l, whole: true})
			}
		}
	}
	return lines
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
