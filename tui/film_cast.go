package tui

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/gdamore/tcell/v2"

	"evviz/tui/screen"
)

// castHeader is the first line of an asciicast of version 3 (https://docs.asciinema.org/manual/asciicast/v3/).
type castHeader struct {
	Version   int      `json:"version"`
	Term      castTerm `json:"term"`
	Timestamp int64    `json:"timestamp,omitempty"`
	Title     string   `json:"title,omitempty"`
}

type castTerm struct {
	Cols int    `json:"cols"`
	Rows int    `json:"rows"`
	Type string `json:"type"`
}

// Cast writes the film as an asciicast of version 3, with a marker for each mark. began is when the first frame was in the recording's wall
// clock, zero where that is not known; length is how long the film is: its last frame stays until then.
func (f *Film) Cast(w io.Writer, title string, began time.Time, length time.Duration) error {
	c := &castWriter{}
	head := castHeader{Version: 3, Term: castTerm{f.w, f.h, "xterm-256color"}, Title: clean(title)}
	if !began.IsZero() {
		head.Timestamp = began.Unix()
	}
	c.value(head)
	c.out.WriteByte('\n')
	marks := f.marksInOrder()
	var before []*filmRow
	for i, x := range f.frames {
		for len(marks) > 0 && marks[0].at < x.at {
			c.event(marks[0].at, "m", marks[0].name)
			marks = marks[1:]
		}
		data := ""
		if i == 0 {
			data = "\x1b[?25l\x1b[0m\x1b[H\x1b[2J" // no cursor; from an empty screen
		}
		c.event(x.at, "o", data+changedRows(before, x.rows))
		before = x.rows
	}
	for _, m := range marks {
		c.event(m.at, "m", m.name)
	}
	c.event(length, "o", "\x1b[0m\x1b[?25h")
	c.event(length, "x", "0")
	if c.err != nil {
		return fmt.Errorf("write the asciicast: %w", c.err)
	}
	_, err := w.Write(c.out.Bytes())
	return err
}

// castWriter writes events with the times between them, in whole microseconds so that no rounding adds up.
type castWriter struct {
	out  bytes.Buffer
	last int64 // µs
	err  error
}

func (c *castWriter) event(at time.Duration, kind, data string) {
	us := max(at.Microseconds(), c.last)
	gap := us - c.last
	c.last = us
	c.out.WriteByte('[')
	c.out.WriteString(strconv.FormatFloat(float64(gap)/1e6, 'f', -1, 64))
	c.out.WriteString(`, "` + kind + `", `)
	c.value(data)
	c.out.WriteString("]\n")
}

// value writes a value of JSON without the line's end that the library adds.
func (c *castWriter) value(v any) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		c.err = err
	}
	c.out.Write(bytes.TrimRight(b.Bytes(), "\n"))
}

// changedRows is what a terminal that shows one frame needs to show another: of each row that differs, the cells from the first to the last
// that do.
func changedRows(before, rows []*filmRow) string {
	var b strings.Builder
	now, set := tcell.StyleDefault, false
	for y, row := range rows {
		first, end := 0, len(row.cells)
		if before != nil {
			old := before[y]
			if old == row {
				continue
			}
			for first < end && row.cells[first] == old.cells[first] {
				first++
			}
			for end > first && row.cells[end-1] == old.cells[end-1] {
				end--
			}
			for first > 0 && row.cells[first].text == "" { // the right half of a wide character
				first--
			}
			for end < len(row.cells) && row.cells[end].text == "" {
				end++
			}
		}
		fmt.Fprintf(&b, "\x1b[%d;%dH", y+1, first+1)
		for _, c := range row.cells[first:end] {
			if c.text == "" {
				continue
			}
			if c.style != now || !set {
				b.WriteString(screen.SGR(c.style))
				now, set = c.style, true
			}
			b.WriteString(c.text)
		}
	}
	return b.String()
}
