package straced

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
)

// Checked is what evviz check says of a log, of its JSON object what is needed here.
type Checked struct {
	Events     int
	Findings   []Finding
	Understood *struct{ Lines, Of int }
}

// Finding is one of its findings.
type Finding struct {
	ID, Severity, Verdict, Sentence string
	Count                           int64
}

// Judge runs evviz check. Its exit code says only what the findings say, but for 3: that is a log that could not be judged.
func Judge(ctx context.Context, evviz, log string) (Checked, error) {
	c, err := judged(ctx, evviz, "check", "--json", log)
	if err == nil && c.Events == 0 {
		return c, errors.New("there is no event in the log")
	}
	return c, err
}

// Look runs evviz snapshot on processes.
func Look(ctx context.Context, evviz string, pids []int) (Checked, error) {
	args := []string{"snapshot", "--json"}
	for _, pid := range pids {
		args = append(args, strconv.Itoa(pid))
	}
	return judged(ctx, evviz, args...)
}

func judged(ctx context.Context, evviz string, args ...string) (c Checked, err error) {
	var out, said bytes.Buffer
	cmd := exec.CommandContext(ctx, evviz, args...)
	cmd.Stdout, cmd.Stderr = &out, &said
	err = cmd.Run()
	var code *exec.ExitError
	if err != nil && (!errors.As(err, &code) || code.ExitCode() != 1) {
		return c, fmt.Errorf("evviz %s: %w: %s", args[0], err, LastLine(said.Bytes()))
	}
	if err := json.Unmarshal(out.Bytes(), &c); err != nil {
		return c, fmt.Errorf("evviz %s --json: %w", args[0], err)
	}
	return c, nil
}

// Short is a sentence that fits into a line of the table.
func Short(s string) string {
	const most = 160
	r := []rune(s)
	if len(r) <= most {
		return s
	}
	return string(r[:most]) + "…"
}

// FirstLine is the first line of what a program printed.
func FirstLine(b []byte) string {
	line, _, _ := strings.Cut(strings.TrimSpace(string(b)), "\n")
	return line
}

// LastLine is the last.
func LastLine(b []byte) string {
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	return lines[len(lines)-1]
}
