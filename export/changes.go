package export

import (
	"io"
	"strings"

	"evviz/timeline"
	"evviz/words"
)

// Change is something countable in two recordings. What one of the two cannot know is not in the list.
type Change struct {
	What   string `json:"what"`
	Before int64  `json:"before"`
	After  int64  `json:"after"`
}

// Changes counts in two recordings what should not be there, or not so often.
func Changes(a, b *timeline.Snapshot) (out []Change) {
	x, y := &a.Stats, &b.Stats
	add := func(what string, before, after int64) { out = append(out, Change{what, before, after}) }
	if x.RenotifyKnown && y.RenotifyKnown {
		add("repeats", x.Renotify, y.Renotify)
		for c := range timeline.ClassCount {
			add("events: "+c.String(), x.Class[c], y.Class[c])
		}
	}
	add("stranded", x.StrandedTimes, y.StrandedTimes)
	add("stranded at the end", int64(x.Stranded), int64(y.Stranded))
	if x.Traffic.Known && y.Traffic.Known {
		add("messages without an answer", x.Traffic.Messages-x.RoundTrip.Count, y.Traffic.Messages-y.RoundTrip.Count)
	}
	add("reads that found nothing", x.ReadAgain, y.ReadAgain)
	add("reads that failed", x.ReadErr, y.ReadErr)
	add("writes that found no room", x.WriteAgain, y.WriteAgain)
	add("short writes", x.ShortWrites, y.ShortWrites)
	add("writes that failed", x.WriteErr, y.WriteErr)
	add("accepts that found nothing", x.AcceptAgain, y.AcceptAgain)
	add("accepts that failed", x.AcceptErr, y.AcceptErr)
	add("accepts without a free descriptor", x.Exhausted, y.Exhausted)
	add("resets", x.Resets, y.Resets)
	add("waits that brought nothing", x.Timeouts, y.Timeouts)
	add("waits and sleeps that a signal ended", x.Interrupted, y.Interrupted)
	add("dropped events", x.Lost, y.Lost)
	return out
}

// ChangesText says what appeared and what went, in words.
func ChangesText(cs []Change) string {
	var came, went []string
	for _, c := range cs {
		switch {
		case c.Before == 0 && c.After > 0:
			came = append(came, c.What+" ("+words.Number(c.After)+")")
		case c.Before > 0 && c.After == 0:
			went = append(went, c.What+" ("+words.Number(c.Before)+")")
		}
	}
	list := func(l []string) string {
		if len(l) == 0 {
			return "nothing"
		}
		return strings.Join(l, ", ")
	}
	return "appeared: " + list(came) + "\nwent: " + list(went)
}

// WriteFilesText writes the table of two recordings, what appeared and went, and the verdict.
func (c *Comparison) WriteFilesText(w io.Writer, cs []Change) error {
	var out strings.Builder
	g := c.grid()
	for k := range c.Columns {
		g.head[k] = []string{c.Columns[k].Name} // a file name is not a list of settings
	}
	g.write(&out)
	out.WriteByte('\n')
	for _, n := range c.lostNotes() {
		out.WriteString(wrap(n, tableWidth) + "\n")
	}
	for _, l := range strings.Split(ChangesText(cs), "\n") {
		out.WriteString(wrap(l, tableWidth) + "\n")
	}
	out.WriteString(wrap(c.Sentence(), tableWidth) + "\n")
	_, err := io.WriteString(w, out.String())
	return err
}

// WriteFilesJSON is WriteJSON with the changes in it.
func (c *Comparison) WriteFilesJSON(w io.Writer, cs []Change) error {
	return encode(w, map[string]any{"title": c.Title, "modes": c.columnsJSON(), "verdicts": c.Verdicts(), "changes": cs})
}
