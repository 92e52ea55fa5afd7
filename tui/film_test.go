package tui

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"testing"
	"time"

	"evviz/internal/testkit"
)

// filmed is a film of every view of the tour, half a second each, and what was drawn in each frame.
func filmed(t *testing.T) (f *Film, drawn []string) {
	t.Helper()
	f, err := NewFilm(Options{Feed: tour(t, 13.5), Symbols: "block"}, 100, 30, 1<<24)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for i, key := range []string{"1", "2", "1", "3", "4", "5", "6", "?", "1"} {
		f.Press(key)
		at := time.Duration(i) * 500 * time.Millisecond
		f.Frame(at)
		f.Frame(at + 250*time.Millisecond) // nothing has changed
		cells, w, h := f.sim.GetContents()
		p := Picture{w, h, cells}
		drawn = append(drawn, p.Text())
	}
	f.Mark(time.Second, "a mark")
	f.Mark(250*time.Millisecond, "the first\x1b[2J mark")
	return f, drawn
}

// TestCast: an asciicast is what version 3 has, its times add up, and a terminal that is sent its bytes shows what was drawn, in every frame.
func TestCast(t *testing.T) {
	f, drawn := filmed(t)
	var out bytes.Buffer
	began := time.Unix(1_795_388_072, 0)
	if err := f.Cast(&out, "a <title>", began, 5*time.Second); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	var head struct {
		Version   int
		Term      struct{ Cols, Rows int }
		Timestamp int64
		Title     string
	}
	if err := json.Unmarshal([]byte(lines[0]), &head); err != nil || head.Version != 3 || head.Term.Cols != 100 || head.Term.Rows != 30 || head.Timestamp != began.Unix() || head.Title != "a <title>" {
		t.Errorf("the header is %s: %v", lines[0], err)
	}
	var at time.Duration
	var sent []byte
	frames, marks := 0, []string{}
	for _, l := range lines[1:] {
		var e [3]any
		if err := json.Unmarshal([]byte(l), &e); err != nil {
			t.Fatalf("%s: %v", l, err)
		}
		gap, kind, data := e[0].(float64), e[1].(string), e[2].(string)
		if gap < 0 {
			t.Errorf("a negative interval: %s", l)
		}
		at += time.Duration(gap*1e6+0.5) * time.Microsecond
		switch kind {
		case "m":
			marks = append(marks, fmt.Sprintf("%v %s", at, data))
		case "x":
			if at != 5*time.Second || data != "0" {
				t.Errorf("it ends at %v with %s", at, data)
			}
		case "o":
			sent = append(sent, data...)
			if frames == len(drawn) {
				continue // the end
			}
			if want := time.Duration(frames) * 500 * time.Millisecond; at != want {
				t.Errorf("frame %d is at %v, want %v", frames, at, want)
			}
			if got := testkit.Emulated(t, 100, 30, sent); got != drawn[frames] {
				t.Errorf("frame %d is played as\n%s\nand was drawn as\n%s", frames, got, drawn[frames])
			}
			frames++
		default:
			t.Errorf("an event of kind %q", kind)
		}
	}
	if frames != len(drawn) {
		t.Errorf("%d frames, want %d", frames, len(drawn))
	}
	if want := []string{"250ms the first mark", "1s a mark"}; len(marks) != 2 || marks[1] != want[1] || !strings.HasPrefix(marks[0], "250ms the first") || strings.Contains(marks[0], "\x1b") {
		t.Errorf("marks are %q", marks)
	}
}

var (
	svgRow  = regexp.MustCompile(`(?m)^<svg x="8" y="(\d+)" width="[\d.]+" height="\d+">(?:<g class="(k\d+)">)?(.*)</svg>$`)
	svgMove = regexp.MustCompile(`@keyframes (k\d+)\{((?:[\d.]+%\{transform:translateY\(-?\d+px\)\})+)\}`)
	svgKey  = regexp.MustCompile(`([\d.]+)%\{transform:translateY\(-?(\d+)px\)\}`)
	svgDef  = regexp.MustCompile(`<text id="(\w+)" y="14" class="\w+"[^>]*>([^<]*)</text>`)
	svgText = regexp.MustCompile(`<text x="([\d.]+)" y="14"[^>]*>([^<]*)</text>|<use href="#(\w+)" x="([\d.]+)"/>`)
)

// TestAnimated: at each moment the rows that the keyframes of the animated SVG bring up have the letters that were drawn then. Bars are no
// letters there and are left out.
func TestAnimated(t *testing.T) {
	f, drawn := filmed(t)
	var out bytes.Buffer
	if err := f.SVG(&out, true, 5*time.Second); err != nil {
		t.Fatal(err)
	}
	svg := out.String()
	for _, bad := range []string{"<script", "onload", "javascript", "http-equiv", "<foreignObject"} {
		if strings.Contains(svg, bad) {
			t.Errorf("the picture has %q", bad)
		}
	}
	moves, defs := map[string][][2]float64{}, map[string]string{}
	for _, m := range svgMove.FindAllStringSubmatch(svg, -1) {
		for _, k := range svgKey.FindAllStringSubmatch(m[2], -1) {
			at, _ := strconv.ParseFloat(k[1], 64)
			y, _ := strconv.ParseFloat(k[2], 64)
			moves[m[1]] = append(moves[m[1]], [2]float64{at, y})
		}
	}
	for _, m := range svgDef.FindAllStringSubmatch(svg, -1) {
		defs[m[1]] = m[2]
	}
	if len(moves) == 0 || len(defs) == 0 {
		t.Fatalf("%d rows move, %d texts are used again", len(moves), len(defs))
	}
	for i, want := range drawn {
		percent := float64(i)*10 + 0.1
		rows := make([][]rune, 30)
		for y := range rows {
			rows[y] = []rune(strings.Repeat(" ", 100))
		}
		for _, m := range svgRow.FindAllStringSubmatch(svg, -1) {
			y, _ := strconv.Atoi(m[1])
			shown := 0.0
			keys := moves[m[2]]
			if n := sort.Search(len(keys), func(i int) bool { return keys[i][0] > percent }); n > 0 {
				shown = keys[n-1][1]
			}
			part := m[3]
			if shown > 0 {
				_, part, _ = strings.Cut(part, fmt.Sprintf(`<g transform="translate(0 %.0f)">`, shown))
			}
			part, _, _ = strings.Cut(part, `<g transform="translate(0 `)
			for _, x := range svgText.FindAllStringSubmatch(part, -1) {
				at, text := x[1], x[2]
				if x[3] != "" {
					at, text = x[4], defs[x[3]]
				}
				px, _ := strconv.ParseFloat(at, 64)
				copy(rows[(y-8)/cellH][int(px/cellW+0.5):], []rune(html.UnescapeString(text)))
			}
		}
		bars := regexp.MustCompile(`[▀-▕░▒▓]`)
		for y, line := range strings.Split(strings.TrimSuffix(want, "\n"), "\n") {
			if got := strings.TrimRight(string(rows[y]), " "); got != strings.TrimRight(bars.ReplaceAllString(line, " "), " ") {
				t.Errorf("frame %d, row %d shows\n%q\nand was drawn as\n%q", i, y, got, line)
			}
		}
	}
	var again bytes.Buffer
	f.SVG(&again, true, 5*time.Second)
	if again.String() != svg {
		t.Error("written again it is something else")
	}
}
