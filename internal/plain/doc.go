// Package plain makes text from outside harmless: file names, names of processes, words of a scenario, lines of somebody's log.
// Such a text may hold what a terminal obeys, what turns the direction of the text around it, what cannot be seen, and what
// Markdown takes for a link. Every view and every export passes it through here; nothing else in the program decides what is
// harmless.
package plain
