// Package straced runs programs under strace and has evviz check judge what it wrote: what bench/negatives (healthy servers)
// and bench/positives (planted bugs) have in common. It starts evviz as people do and imports nothing of it.
package straced
