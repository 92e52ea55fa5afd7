package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// tests is where the logs are that go test reads.
const tests = "diagnostics/testdata/negative"

// largestKept is how many bytes a log of the tests may have.
const largestKept = 150 << 10

// kept are the runs whose logs the tests have, with a light load: together each state, each way to call strace, with and
// without other load. What is in diagnostics/testdata/make.sh is not repeated here.
var kept = []string{
	"nginx-tls/attach/-f -ttt -T -yy/busy",
	"haproxy/attach/-f -ttt -T -e trace=network,desc/alone",
	"memcached/start/-f -tt/busy",
	"lighttpd/start/-f -ttt -T -yy/alone",
	"go-echo/attach/-f/busy",
	"eventmachine-select/attach/-f -ttt -T -e trace=network,desc/busy",
	"udp/attach/-f -tt/alone",
	"framed/start/-f -ttt -T -e trace=network,desc/busy",
}

// keptRuns are the runs of some names.
func keptRuns(names []string) []run {
	var out []run
	for _, r := range combinations(servers) {
		if slices.Contains(names, r.String()) {
			out = append(out, r)
		}
	}
	return out
}

// keep makes the tests' logs anew.
func (w *workshop) keep(ctx context.Context) error {
	for _, r := range keptRuns(kept) {
		if err := w.build(r.server); err != nil {
			return fmt.Errorf("%s: %w", r, err)
		}
		res := w.run(ctx, r)
		if res.err != nil {
			return fmt.Errorf("%s: %w", r, res.err)
		}
		b, err := os.ReadFile(res.log)
		if err != nil {
			return err
		}
		if len(b) > largestKept {
			return fmt.Errorf("%s: the log has %d bytes, more than %d", r, len(b), largestKept)
		}
		if err := os.WriteFile(filepath.Join(tests, r.file()), b, 0o644); err != nil {
			return err
		}
		fmt.Println(filepath.Join(tests, r.file()), len(b))
	}
	return nil
}
