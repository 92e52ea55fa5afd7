package picture

// Symbols are the glyphs of a picture. The ASCII set is for terminals that cannot show the others (LANG=C, the Linux console).
type Symbols struct {
	Wait, Work, Again rune // fills of the loop's lane
	Arrive, GoesOn    rune
	Line, Corner      rune
	Corners           [4]rune // of a box: top left, top right, bottom left, bottom right
	Rec, Dot, Mark    rune
	Found             rune   // where a finding happened
	Flag              rune   // a bookmark
	Cursor, Anchor    rune   // lines through the lanes
	Half, Lower       rune   // halves of a cell, for two colours in one
	Eighths           []rune // of a cell, from the left
	Shade             []rune // from few to many, for heat maps without colours
	Edge, Once        rune   // an edge-triggered or oneshot lane on which nothing happens; a level-triggered one is blank
	Play, Still       rune
	More              rune   // text was cut here
	Done, Todo        rune   // of a bar that fills
	Dots              bool   // graphs may be drawn with braille
	Above             rune   // mark of what belongs to the row above it
	Spark             []rune // heights of a cell, from none to all of it
	Service, Unsent   rune   // thin bars: a request in service, output that waits to be sent
	Least             rune   // less than half of the first of them, and more than nothing
	Left, Right       string
	ASCII             bool // nothing else is shown
}

var block = Symbols{Wait: '░', Work: '█', Again: '▒', Arrive: '↓', GoesOn: '▸', Line: '─', Corner: '│', Corners: [4]rune{'┌', '┐', '└', '┘'},
	Rec: '●', Dot: '·', Mark: '▾', Above: '▴', Found: '◆', Flag: '◊', Cursor: '│', Anchor: '┊', Half: '▀', Lower: '▄', Eighths: []rune("▏▎▍▌▋▊▉"),
	Shade: []rune(" ·░▒▓█"), Edge: '╌', Once: '┈', Play: '▶', Still: '■', More: '…', Done: '━', Todo: '─', Spark: []rune(" ▁▂▃▄▅▆▇█"), Service: '_', Unsent: '¯', Least: '·', Left: "←", Right: "→"}

var ascii = Symbols{Wait: '_', Work: '#', Again: '%', Arrive: 'v', GoesOn: '>', Line: '-', Corner: '|', Corners: [4]rune{'+', '+', '+', '+'},
	Rec: '*', Dot: '-', Mark: 'v', Above: '^', Found: '*', Flag: 'b', Cursor: '|', Anchor: ':', Half: 0,
	Shade: []rune(" .:o&@"), Edge: '-', Once: ',', Play: '>', Still: '=', More: '~', Done: '=', Todo: '-', Spark: []rune(" .:-=+*#"), Service: ';', Unsent: '^', Least: '.', Left: "<", Right: ">", ASCII: true}

// SymbolsNamed is the set of a name: block, braille or ascii; ok is false for any other. The slices in it are shared and not to be
// changed.
func SymbolsNamed(name string) (y Symbols, ok bool) {
	switch name {
	case "ascii":
		return ascii, true
	case "block":
		return block, true
	case "braille":
		y = block
		y.Dots = true
		return y, true
	}
	return y, false
}

// Fits cuts a text that is longer than w characters, and shows that it was cut.
func (y *Symbols) Fits(s string, w int) string {
	if r := []rune(s); len(r) > w && w > 1 {
		return string(r[:w-1]) + string(y.More)
	}
	return s
}
