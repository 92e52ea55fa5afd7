package lab

import (
	"os"
	"strings"
)

// Sysctl reads a kernel setting by its dotted name, "" when it cannot (sysctl(8), proc(5)).
func Sysctl(name string) string {
	b, err := os.ReadFile("/proc/sys/" + strings.ReplaceAll(name, ".", "/"))
	if err != nil {
		return ""
	}
	return strings.Join(strings.Fields(string(b)), " ")
}
