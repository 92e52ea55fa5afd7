package tui

import (
	"fmt"
	"strings"
)

// sections are the headings of the key table, each before the action that it begins with.
var sections = map[string]string{"pause": "The running server", "timeline": "Views", "zoom-in": "Moving through time", "step": "Stepping, and replays",
	"next-finding": "Finding out", "record": "Keeping", "next-pane": "Lanes and panes", "settings": "More of the server", "escape": "Anywhere"}

// page is the page of all keys, commands and colours.
func (k *keyboard) page(sc *scene, w int) (title string, out []helpLine) {
	for i := range k.keys {
		x := &k.keys[i]
		if h := sections[x.Name]; h != "" && sc.half == nil {
			if i > 0 {
				out = append(out, helpLine{whole: true})
			}
			out = append(out, helpLine{keys: "#", text: h, whole: true})
		}
		keys := strings.Join(x.Keys, " ")
		for j, s := range wrap(x.Help, w-14) {
			if j > 0 {
				keys = ""
			}
			out = append(out, helpLine{keys: keys, text: s, off: !k.available(x)})
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
		"A bar on a lane is unread data, from its arrival to the read that drains it: the length of the bar is the delay. A cell is as high as the share of its time in which something was unread, and its colour is the greatest age in it, from blue to orange to red. On a loop's row the height is the share of time in which the loop worked.",
		"64x: a level-triggered descriptor was reported 64 times for data that the program already knew of (repeated notifications). A red bar that does not end: edge-triggered and not drained, so there is no further notification.",
		"Columns of E: each round polls every descriptor, and most calls return EAGAIN.",
		"The line above the keys says how far the picture can be trusted: dropped events, the cost of evviz itself, what was measured and what is inferred. Events that arrive out of order are put where they belong in time, and counted as reordered.",
		"Mouse: the wheel zooms at the pointer; dragging selects a span, + then zooms into it; a click selects what is under it: lane and moment, event, finding, tab, place in a recording. Hold Shift to select text.",
	} {
		for _, l := range wrap(s, w-14) {
			out = append(out, helpLine{text: l})
		}
	}
	return "keys", out
}
