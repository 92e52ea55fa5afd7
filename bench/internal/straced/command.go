package straced

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// Main is the command of a bench whose flags are defined: it runs until the bench has come to its end or somebody interrupts it, and exits
// with 1 when that is not as it should be, with 2 when there are arguments that are no flags.
func Main(name string, bench func(context.Context) (ok bool, err error)) {
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "%s: %s: this command takes flags only\n", name, flag.Arg(0))
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	ok, err := bench(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, name+":", err)
	}
	if err != nil || !ok {
		os.Exit(1)
	}
}
