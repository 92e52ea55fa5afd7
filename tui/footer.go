package tui

import (
	"strings"
)

// footer is the keys that matter most, those without an ability behind them dimmed; or the line that one types on.
type footer struct {
	keyboard *keyboard
	dialog   *dialog
	memo     *memo
}

func (b *footer) draw(sc *scene, p pane) {
	t := &sc.theme
	if l := b.dialog.line; l != nil {
		l.draw(sc, p)
		return
	}
	if b.memo.keepRegion(sc, p, b.keyboard.abilities()) {
		return
	}
	p.fill(0, 0, p.w, ' ', t.bar)
	x := 1
	last := b.keyboard.ways()
	for i := range b.keyboard.keys {
		k := &b.keyboard.keys[i]
		able := b.keyboard.available(k)
		shown := able || k.When == "lab" || k.When == "record" && sc.session.inLab
		if !shown || k.Short == "" || len(k.Keys) == 0 || strings.Contains(last, k.Short) {
			continue
		}
		name, words := k.Keys[0], k.Short
		if a, b, ok := strings.Cut(k.Short, " "); ok {
			name, words = a, b
		}
		name = strings.NewReplacer("←", sc.sym.Left, "→", sc.sym.Right).Replace(lowerSpace(name))
		if x+len([]rune(name+words))+3 > p.w-len(last)-1 {
			break
		}
		ks, ws := t.bar.Bold(true), t.bar
		if !able {
			ks, ws = t.bar.Dim(true), t.bar.Dim(true)
		}
		x = p.put(x, 0, name, ks)
		x = p.put(x+1, 0, words, ws) + 2
	}
	p.put(x, 0, last, t.bar)
}

// lowerSpace writes the space bar as a word among single keys.
func lowerSpace(k string) string {
	if k == "Space" {
		return "space"
	}
	return k
}
