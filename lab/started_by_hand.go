package lab

import "fmt"

// StartedByHand is why a hidden command, which evviz starts itself, does nothing for somebody who has typed it.
type StartedByHand struct{ command, by, instead string }

// Error says what to do instead.
func (e *StartedByHand) Error() string {
	return fmt.Sprintf("%s: this command is started by %s itself; %s", e.command, e.by, e.instead)
}
