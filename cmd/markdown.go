package cmd

import (
	"os"
	"strings"
	"unicode/utf8"

	"golang.org/x/term"
)

// printedPage is a Markdown page for standard output: laid out for a terminal, as it is for anything else.
func printedPage(page string) string {
	w, _, err := term.GetSize(int(os.Stdout.Fd()))
	if err != nil || w < 20 {
		return page
	}
	return renderMarkdown(page, min(w, widest), os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb")
}

// SGR sequences of the few looks that a page has.
const (
	sgrBold = "\x1b[1m"
	sgrDim  = "\x1b[2m"
	sgrOff  = "\x1b[0m"
)

// pageIndent is how far the text stands in from its heading, columns.
const pageIndent = 2

// renderMarkdown lays out the Markdown that evviz's pages are written in (headings, paragraphs, lists, tables, blocks of code, `code` and
// **emphasis**) in so many columns. Without styles nothing but the layout tells them apart, and code keeps its marks.
func renderMarkdown(page string, width int, styles bool) string {
	r := &mdPage{width: width, styles: styles}
	for line := range strings.Lines(page) {
		r.line(strings.TrimRight(line, "\n"))
	}
	r.flush()
	return strings.TrimLeft(r.out.String(), "\n")
}

// mdPage is a page while it is laid out: a paragraph or a table ends with the first line that is not part of it.
type mdPage struct {
	width  int
	styles bool
	out    strings.Builder
	para   []string   // lines of the paragraph or item so far
	tag    string     // what stands before its first line
	table  [][]string // rows of the table so far
	fenced bool
}

func (r *mdPage) line(s string) {
	item, tag := mdItem(s)
	switch {
	case strings.HasPrefix(s, "```"):
		r.flush()
		r.fenced = !r.fenced
	case r.fenced:
		r.code(s)
	case strings.TrimSpace(s) == "":
		r.flush()
		r.out.WriteString("\n")
	case strings.HasPrefix(s, "#"):
		r.flush()
		r.out.WriteString(r.style(sgrBold, strings.TrimSpace(strings.TrimLeft(s, "#"))) + "\n")
	case strings.HasPrefix(s, "|"):
		r.paragraph()
		r.table = append(r.table, mdCells(s))
	case strings.HasPrefix(s, "    ") && len(r.para) == 0:
		r.flush()
		r.code(s[4:])
	case tag != "":
		r.flush()
		r.para, r.tag = []string{item}, tag
	default:
		r.para = append(r.para, strings.TrimSpace(s))
	}
}

// mdItem is a line that begins an item of a list, and its mark.
func mdItem(s string) (text, tag string) {
	t := strings.TrimLeft(s, " ")
	indent := s[:len(s)-len(t)]
	if rest, ok := strings.CutPrefix(t, "- "); ok {
		return rest, indent + "- "
	}
	if n, rest, ok := strings.Cut(t, ". "); ok && n != "" && len(n) < 3 && strings.Trim(n, "0123456789") == "" {
		return rest, indent + n + ". "
	}
	return "", ""
}

// mdCells are the cells of a row of a table; \| is a bar that is meant.
func mdCells(s string) []string {
	cells := strings.Split(strings.ReplaceAll(strings.Trim(strings.TrimSpace(s), "|"), `\|`, "\x00"), "|")
	for i := range cells {
		cells[i] = strings.ReplaceAll(strings.TrimSpace(cells[i]), "\x00", "|")
	}
	return cells
}

func (r *mdPage) flush() {
	r.paragraph()
	r.rows()
}

func (r *mdPage) paragraph() {
	if len(r.para) == 0 {
		return
	}
	first := strings.Repeat(" ", pageIndent) + r.tag
	rest := strings.Repeat(" ", len(first))
	for i, l := range r.wrap(strings.Join(r.para, " "), max(r.width-len(first), 20)) {
		if i > 0 {
			first = rest
		}
		r.out.WriteString(first + l + "\n")
	}
	r.para, r.tag = nil, ""
}

func (r *mdPage) code(s string) {
	r.out.WriteString(strings.TrimRight(strings.Repeat(" ", pageIndent+4)+r.style(sgrDim, s), " ") + "\n")
}

// rows writes a table with its columns aligned; the last one is wrapped.
func (r *mdPage) rows() {
	if len(r.table) == 0 {
		return
	}
	var widths []int
	for _, row := range r.table {
		if mdRuler(row) {
			continue
		}
		for i, c := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(r.plain(c)))
		}
	}
	for n, row := range r.table {
		if mdRuler(row) {
			continue
		}
		line, at := strings.Repeat(" ", pageIndent), pageIndent
		for i, c := range row {
			if i == len(row)-1 {
				for k, l := range r.wrap(c, max(r.width-at, 16)) {
					if k > 0 {
						line = strings.Repeat(" ", at)
					}
					if n == 0 {
						l = r.style(sgrBold, l)
					}
					r.out.WriteString(line + l + "\n")
				}
				break
			}
			text := r.inline(c)
			if n == 0 {
				text = r.style(sgrBold, r.plain(c))
			}
			line += text + strings.Repeat(" ", widths[i]-utf8.RuneCountInString(r.plain(c))+2)
			at += widths[i] + 2
		}
	}
	r.table = nil
}

// mdRuler is the row between the head of a table and its rows.
func mdRuler(row []string) bool {
	return strings.Trim(strings.Join(row, ""), "-: ") == ""
}

// wrap breaks a text at blanks into lines, and styles them. Code is not broken where it stands in marks and fits.
func (r *mdPage) wrap(text string, width int) []string {
	var lines []string
	line, at := "", 0
	for _, word := range mdWords(text) {
		n := utf8.RuneCountInString(r.plain(word))
		if at > 0 && at+1+n > width {
			lines = append(lines, r.inline(line))
			line, at = "", 0
		}
		if at > 0 {
			line += " "
			at++
		}
		line += word
		at += n
	}
	return append(lines, r.inline(line))
}

// mdWords are the words of a text; what stands in marks of code or emphasis is one of them, so that no mark is left alone on a line.
func mdWords(text string) (out []string) {
	for w := range strings.FieldsSeq(text) {
		if k := len(out) - 1; k >= 0 && (strings.Count(out[k], "`")%2 == 1 || strings.Count(out[k], "**")%2 == 1) {
			out[k] += " " + w
			continue
		}
		out = append(out, w)
	}
	return out
}

// inline styles `code` and **emphasis** of a line.
func (r *mdPage) inline(s string) string {
	if !r.styles {
		return r.plain(s)
	}
	var b strings.Builder
	for i, part := range strings.Split(s, "`") {
		if i%2 == 1 {
			b.WriteString(r.style(sgrDim, part))
			continue
		}
		for k, p := range strings.Split(part, "**") {
			if k%2 == 1 {
				p = r.style(sgrBold, p)
			}
			b.WriteString(p)
		}
	}
	return b.String()
}

// plain is a text as wide as it will be.
func (r *mdPage) plain(s string) string {
	s = strings.ReplaceAll(s, "**", "")
	if r.styles {
		s = strings.ReplaceAll(s, "`", "")
	}
	return s
}

func (r *mdPage) style(sgr, s string) string {
	if !r.styles || s == "" {
		return s
	}
	return sgr + s + sgrOff
}
