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
		"A lane is filled while data waits in the kernel, from its arrival to the read that drains it: the length of the bar is the delay. A cell is as high as the share of its time in which something was unread; its colour is the greatest age in it, from blue to orange to red. The same holds for the work of a loop.",
		"Orange with a number: level-triggered and told again, so many times, of what was known. A red bar that does not end: edge-triggered and not drained, nobody will be told again.",
		"Columns of E: every round asks every descriptor, and most have nothing.",
		"The line above the keys says how far the picture can be believed: events lost, what evviz itself costs, what was observed and what is only inferred. Events that came late were told after younger ones, as the observer's are; they stand where they belong.",
		"Mouse: the wheel zooms, a click selects what is under it: lane and moment, event, finding, tab, place in a recording. Hold Shift to select text.",
	} {
		for _, l := range wrap(s, w-14) {
			out = append(out, helpLine{text: l})
		}
	}
	return "keys", out
}
