package plain

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// acts reports whether a character acts on the text around it, or on who shows it, or cannot be seen: control characters (C0, DEL,
// C1), characters of format (those that turn the direction, zero widths, tags), separators of lines and paragraphs, and what was
// no UTF-8.
func acts(r rune) bool {
	if r < 0x7f {
		return r < 0x20
	}
	return r == utf8.RuneError || unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp)
}

// Text is s with a '?' for each character that acts.
func Text(s string) string { return replace(s, acts) }

// Lines is Text that lets ends of lines and tabs be.
func Lines(s string) string {
	return replace(s, func(r rune) bool { return r != '\n' && r != '\t' && acts(r) })
}

func replace(s string, bad func(rune) bool) string {
	if strings.IndexFunc(s, bad) < 0 {
		return s
	}
	return strings.Map(func(r rune) rune {
		if bad(r) {
			return '?'
		}
		return r
	}, s)
}

var markdown = strings.NewReplacer(
	`\`, `\\`, "|", `\|`, "`", "\\`", "*", `\*`, "[", `\[`, "]", `\]`, "#", `\#`, "<", "&lt;", "&", "&amp;",
	"://", ":&#47;&#47;", "www.", "www&#46;", "WWW.", "WWW&#46;", "@", "&#64;") // else made into links without being asked for

// Markdown is Text that stands as it is in a cell or a paragraph of Markdown: no mark, no tag, no link, no mention.
func Markdown(s string) string { return markdown.Replace(Text(s)) }
