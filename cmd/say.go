package cmd

import (
	"fmt"
	"os"

	"evviz/internal/plain"
)

// say prints a line on standard error. Names of files, titles of scenarios and the like come from outside: what would act on a
// terminal in them does not pass.
func say(format string, a ...any) {
	fmt.Fprintf(os.Stderr, "evviz: %s\n", plain.Lines(fmt.Sprintf(format, a...)))
}
