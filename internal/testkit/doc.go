// Package testkit is what several packages' tests share: a hunt for leaked descriptors, skips that can be seen, golden
// files that only a named command rewrites, and a terminal to run the program in.
package testkit
