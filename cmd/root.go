package cmd

import (
	"fmt"
	"os/signal"
	"regexp"
	"runtime"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"evviz/internal/spelling"
	"evviz/show"
)

// Main runs the command line and returns the exit code.
func Main(args []string) int {
	// A file that has come to the limit of its size (ulimit -f) is a write that fails with EFBIG, and no reason to die on the
	// spot with a raw terminal.
	signal.Ignore(syscall.SIGXFSZ)
	root := newRoot()
	root.SetArgs(args)
	root.SetOut(stdout)
	var err error
	show.Guard(func() {
		var c *cobra.Command
		c, err = root.ExecuteC()
		err = printed(blamed(c, err))
	})
	if err != nil {
		if _, told := err.(quiet); !told {
			say("%v", err)
		}
	}
	return codeOf(err)
}

// The main goroutine keeps the process's first thread to itself. A thread of the server that ran on it would have the process's
// number, and its end would look like that of the process, with everything closed.
func init() { runtime.LockOSThread() }

func newRoot() *cobra.Command {
	o := &labOptions{}
	root := &cobra.Command{
		Use:   "evviz",
		Short: "See what an event loop does while it does it",
		Long: `evviz runs an event loop behind a small echo server and shows, live, what it waits for, which events it gets,
what it reads and what it leaves unread. It can run as blocking, sleep-poll, select, poll, epoll or io_uring, on one thread or several, and be
switched while it runs; every habit of a server is a flag, the mistakes too.

Without a command it opens the lab.`,
		Example: `  evviz --mode sleep-poll                         the lab, with demo traffic
  evviz --mode epoll --trigger edge --scenario big-message
  evviz --headless --for 5s --record run.evt      no screen; a summary at the end
  evviz replay run.evt                            the same screen from a file`,
		Args:          noArgs,
		SilenceErrors: true,
		SilenceUsage:  true,
		Version:       version(),
		RunE:          func(cmd *cobra.Command, _ []string) error { return o.run(cmd) },
	}
	root.CompletionOptions.DisableDefaultCmd = true // ours says more
	root.SuggestionsMinimumDistance = 2
	root.SetFlagErrorFunc(flagError)
	o.flags(root)
	root.AddCommand(newReplay(), newScenarios(), newClients(), newVetScenario(), newHand(), newPeers(), newChild(), newAttach(), newCompare(), newCheck(), newSnapshot(), newWorkers(), newExplain(), newConfig(), newDoctor(), newCompletion(), newMan(), newVersion())
	useHelp(root)
	root.SetVersionTemplate(versionText())
	completeFlags(root)
	return root
}

// noArgs refuses arguments: cobra takes an unknown word for one when the root command itself can run.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if args[0] == "true" || args[0] == "false" {
		return usage("%q stands alone: a switch needs no value (--split), or has it in one word (--split=%s)", args[0], args[0])
	}
	s := fmt.Sprintf("there is no command %q", args[0])
	var names []string
	for _, c := range cmd.Commands() {
		if !c.Hidden && c.Name() != "help" {
			names = append(names, c.Name())
		}
	}
	if n := spelling.Nearest(args[0], names); n != "" {
		s += fmt.Sprintf("; did you mean %q?", n)
	} else {
		s += "; evviz --help lists them"
	}
	return usage("%s", s)
}

// flagError adds the nearest right flag to a mistyped one.
func flagError(cmd *cobra.Command, err error) error {
	msg := err.Error()
	if rest, ok := strings.CutPrefix(msg, "unknown flag: --"); ok {
		var names []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
		if n := spelling.Nearest(strings.SplitN(rest, "=", 2)[0], names); n != "" {
			msg += fmt.Sprintf("; did you mean --%s?", n)
		}
	}
	if m := notANumber.FindStringSubmatch(msg); m != nil {
		msg = fmt.Sprintf("%s %q: want a whole number", m[2], m[1])
	}
	if m := notATime.FindStringSubmatch(msg); m != nil {
		msg = fmt.Sprintf("%s %q: %s", m[2], m[1], wantTime)
	}
	return usage("%s", msg)
}

// notANumber is how the flag library says it.
var notANumber = regexp.MustCompile(`^invalid argument "(.*)" for "(.*)" flag: strconv\.Parse(?:Int|Uint|Float): `)

// notATime is how it says that of a duration.
var notATime = regexp.MustCompile(`^invalid argument "(.*)" for "(.*)" flag: time: `)
