package cmd

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"evviz/diagnostics"
	"evviz/probe"
	"evviz/timeline"
)

// folded is the timeline of a whole log.
func folded(t *testing.T, path string) *timeline.Snapshot {
	t.Helper()
	src, err := probe.OpenStrace(path)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	feed := timeline.NewFeed(src, timeline.Options{})
	if err := feed.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	return feed.Snapshot()
}

// inAndOut is a call that reads or writes, in one line of a log: the call, what -yy says of its descriptor, the result.
var inAndOut = regexp.MustCompile(`(?m) (read|readv|pread64|recvfrom|recvmsg|write|writev|pwrite64|sendto|sendmsg)\(\d+<(.+?)>, .* = (\d+)(?: <[0-9.]+>)?$`)

// TestLogsTraffic: what is counted as traffic of sockets, and what beside it, is what a plain search in the log counts. Logs in
// which such a call is told in two lines are left out.
func TestLogsTraffic(t *testing.T) {
	twoLines := regexp.MustCompile(`(?m) (read|readv|pread64|recvfrom|recvmsg|write|writev|pwrite64|sendto|sendmsg|sendfile)\(\d+<[^\n]*unfinished`)
	compared := 0
	for _, path := range append(append(logsOf(t, "negative", 5), logsOf(t, "bugs", 8)...), logsOf(t, "museum", 10)...) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(path)
		if twoLines.Match(text) || strings.Contains(name, "-attach-") || strings.Contains(name, "-start-") {
			continue // those of other options of strace have not all that the expressions read
		}
		compared++
		type amounts struct{ reads, writes, in, out int64 }
		var sockets amounts
		var beside [timeline.BesideCount]amounts
		for _, m := range inAndOut.FindAllStringSubmatch(string(text), -1) {
			n, err := strconv.ParseInt(m[3], 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			at := &sockets
			switch what := m[2]; {
			case strings.HasPrefix(what, "/dev/"):
				at = &beside[timeline.BesideDevice]
			case strings.HasPrefix(what, "/"):
				at = &beside[timeline.BesideFile]
			case strings.HasPrefix(what, "pipe:"):
				at = &beside[timeline.BesidePipe]
			case strings.HasPrefix(what, "anon_inode:[eventfd]"):
				at = &beside[timeline.BesideEventfd]
			case n == 0:
				continue // the end of a connection, no read
			}
			if strings.Contains(m[1], "read") || strings.Contains(m[1], "recv") {
				at.reads++
				at.in += n
			} else {
				at.writes++
				at.out += n
			}
		}
		beside[timeline.BesideEventfd].in = 0 // a counter
		s := folded(t, path)
		w := s.Window(s.First-1, s.Now+1)
		io := w.Sockets()
		if got := (amounts{io.Reads, io.Writes, io.BytesIn, io.BytesOut}); got != sockets {
			t.Errorf("%s: sockets are counted %+v, and in the log %+v", filepath.Base(path), got, sockets)
		}
		for k := range beside {
			b := &w.Beside[k]
			if got := (amounts{b.Reads + b.ReadEOF, b.Writes, b.BytesIn, b.BytesOut}); got != beside[k] {
				t.Errorf("%s: of kind %d are counted %+v, and in the log %+v", filepath.Base(path), k, got, beside[k])
			}
		}
	}
	if compared < 15 {
		t.Errorf("only %d logs were compared", compared)
	}
}

// TestLogsNarrated: the words say it, and keep apart what is no connection.
func TestLogsNarrated(t *testing.T) {
	for path, want := range map[string]string{
		"negative/redis": "49 wakeups with events, 48 useful; 22 connections accepted, 162 reads, 161 writes, 21 EOFs; 4,147 bytes in, 1,169 bytes out; " +
			"and 35 reads of files (28.1 KiB), 1 read of a device (4 KiB), 10 writes to devices (1,104 bytes)",
		"negative/asyncio":   "23 wakeups with events, 23 useful; 5 connections accepted, 21 reads, 26 writes, 5 EOFs; 366.8 KiB in, 366.8 KiB out; and 181 reads of files (2.1 MiB)",
		"museum/ev34-mended": "20 wakeups, 19 useful; 3 reads of files (2,400 bytes), 20 reads of pipes (100 bytes), 20 writes to pipes (100 bytes)",
		"bugs/rethinkdb90":   "44 reads of files (353.3 KiB)",
	} {
		s := folded(t, logs+path+".strace")
		if got := strings.Join(diagnostics.Narrate(s, s.First-1, s.Now+1, diagnostics.Hint{}), "; "); got != want {
			t.Errorf("%s: said %q\nwant %q", path, got, want)
		}
	}
}
