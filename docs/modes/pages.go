// Package modes holds the page of each mechanism that the lab can run as: the text of docs/modes and of the screen's help
// are the same files.
package modes

import "embed"

//go:embed *.md
var pages embed.FS

// Page is the text of a mechanism, by its word of --mode; "" when there is none.
func Page(mode string) string {
	b, err := pages.ReadFile(mode + ".md")
	if err != nil {
		return ""
	}
	return string(b)
}
