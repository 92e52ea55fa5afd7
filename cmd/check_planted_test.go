package cmd

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"evviz/diagnostics"
)

// TestPlantedBugs: the bug of each program stands first, above info, with the count of the program.
func TestPlantedBugs(t *testing.T) {
	b, err := os.ReadFile(logs + "positive/expected.tsv")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	if files := logsOf(t, "positive", 8); len(files) != len(lines) {
		t.Errorf("%d logs, and %d lines in expected.tsv", len(files), len(lines))
	}
	for _, line := range lines {
		parts := strings.Split(line, "\t")
		if len(parts) != 3 {
			t.Fatalf("expected.tsv: %q has %d parts, want log, rule and count", line, len(parts))
		}
		want, err := strconv.ParseInt(parts[2], 10, 64)
		if err != nil || want < 1 {
			t.Fatalf("expected.tsv: %q: the count is not a number above 0 (%v)", line, err)
		}
		t.Run(strings.TrimSuffix(parts[0], ".strace"), func(t *testing.T) {
			first, grave := "nothing", false
			if list := checked(t, logs+"positive/"+parts[0]); len(list) > 0 {
				first, grave = fmt.Sprintf("%s, %d times", list[0].Rule.ID, list[0].Count), list[0].Severity > diagnostics.Info
			}
			right := fmt.Sprintf("%s, %d times", parts[1], want)
			if first != right || !grave {
				t.Errorf("first stands %s (above info: %t), want %s", first, grave, right)
			}
		})
	}
}
