// evviz shows what an event loop does while it does it. See README.md.
package main

import (
	"os"

	"evviz/cmd"
)

func main() { os.Exit(cmd.Main(os.Args[1:])) }
