package screen

// Plain says whether only ASCII is drawn: any other character is drawn as the one that comes nearest, a question mark where none does.
func (d *Diff) Plain(on bool) { d.plain = on }

// near is what is drawn in the place of a character that is not ASCII.
func near(r rune) rune {
	switch r {
	case 'µ', 'μ':
		return 'u'
	case '·', '─', '–', '—', '╌':
		return '-'
	case '→', '▸', '▶', '≥', '›':
		return '>'
	case '←', '≤', '‹':
		return '<'
	case '…':
		return '~'
	case '×':
		return 'x'
	case '│', '┊':
		return '|'
	case '’', '‘':
		return '\''
	case '“', '”':
		return '"'
	case '‼':
		return '!'
	}
	return '?'
}
