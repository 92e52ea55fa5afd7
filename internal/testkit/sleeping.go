package testkit

import (
	"fmt"
	"os"
	"strings"
)

// Sleeping asks Linux whether a thread of this process is off the processor.
func Sleeping(tid int) bool {
	b, err := os.ReadFile(fmt.Sprintf("/proc/self/task/%d/stat", tid))
	return err == nil && strings.Contains(string(b), ") S ")
}
