package tui

import (
	"strings"
)

// drawFooter is the keys that matter most; those without an ability behind them are dimmed.
func (u *ui) drawFooter(f *frame, p pane) {
	t := &u.theme
	if u.prompt != nil {
		u.drawPrompt(p)
		return
	}
	if u.keepRegion(p, u.abilitiesNow()) {
		return
	}
	p.fill(0, 0, p.w, ' ', t.bar)
	x := 1
	last := u.lastKeys()
	for i := range u.keys {
		k := &u.keys[i]
		if k.Short == "" || strings.Contains(last, k.Short) || !u.available(k) && u.opt.Lab == nil && k.When != "" && k.When != "lab" {
			continue
		}
		if k.When != "" && k.When != "lab" && k.When != "record" && !u.available(k) {
			continue
		}
		if len(k.Keys) == 0 {
			continue
		}
		name, words := k.Keys[0], k.Short
		if a, b, ok := strings.Cut(k.Short, " "); ok {
			name, words = a, b
		}
		name = strings.NewReplacer("←", u.sym.left, "→", u.sym.right).Replace(lowerSpace(name))
		if x+len([]rune(name+words))+3 > p.w-len(last)-1 {
			break
		}
		ks, ws := t.bar.Bold(true), t.bar
		if !u.available(k) {
			ks, ws = t.bar.Dim(true), t.bar.Dim(true)
		}
		x = p.put(x, 0, name, ks)
		x = p.put(x+1, 0, words, ws) + 2
	}
	p.put(x, 0, last, t.bar)
}

// lastKeys is the end of the footer: how to get help and how to get out.
func (u *ui) lastKeys() string {
	var parts []string
	for _, name := range []string{"help", "quit"} {
		for i := range u.keys {
			if k := &u.keys[i]; k.Name == name && len(k.Keys) > 0 {
				parts = append(parts, k.Keys[0]+" "+name)
			}
		}
	}
	return strings.Join(parts, "  ")
}

// lowerSpace writes the space bar as a word among single keys.
func lowerSpace(k string) string {
	if k == "Space" {
		return "space"
	}
	return k
}
