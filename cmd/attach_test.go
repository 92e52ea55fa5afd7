package cmd

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"evviz/internal/sys"
	"evviz/internal/testkit"
)

// strandedServer is edge-triggered, and reads 100 bytes once for each event.
const strandedServer = `import select, socket, sys
l = socket.create_server(('127.0.0.1', 0))
print(l.getsockname()[1], flush=True)
ep = select.epoll()
ep.register(l, select.EPOLLIN)
conns = {}
while True:
    for fd, ev in ep.poll():
        if fd == l.fileno():
            c, _ = l.accept()
            c.setblocking(False)
            conns[c.fileno()] = c
            ep.register(c, select.EPOLLIN | select.EPOLLET)
        else:
            conns[fd].recv(100)
            conns[fd].send(b'x')
`

// TestAttach: a server that runs already is attached to, does its mistake, and is reported with the exact number of bytes; it goes on untouched.
func TestAttach(t *testing.T) {
	for _, c := range sys.LookRights().Causes() {
		if c.Certain {
			t.Skipf("SKIPPED, not tested: BPF programs may not be loaded here: %v", c.Kind)
		}
	}
	server := exec.Command(testkit.Need(t, "python3"), "-c", strandedServer)
	out, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { server.Process.Kill(); server.Wait() }()
	var port int
	if _, err := fmt.Fscan(out, &port); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "run.evt")
	p := program(t, "attach", fmt.Sprint(server.Process.Pid), "--headless", "--record", file)
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	for limit := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) { // it records from when it is attached
		if _, err := os.Stat(file); err == nil {
			break
		}
		if time.Now().After(limit) {
			t.Fatal("it does not record")
		}
	}
	conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write(make([]byte, 5000)); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Read(make([]byte, 1)); err != nil { // it has read once
		t.Fatal(err)
	}
	other, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port)) // once that is served it has waited again
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if _, err := other.Write([]byte("y")); err != nil {
		t.Fatal(err)
	}
	if _, err := other.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	p.Process.Signal(syscall.SIGINT)
	if err := p.Wait(); err != nil {
		t.Fatal(err)
	}
	if r := run(t, "check", "--validate", file); r.code != 0 {
		t.Errorf("the recording is not valid: %s%s", r.out, r.err)
	}
	r := run(t, "check", file)
	if !strings.Contains(r.out, "EV03") || !strings.Contains(r.out, "4,900 bytes") && !strings.Contains(r.out, "4.8 KiB") {
		t.Errorf("exit code %d, it says\n%s%s", r.code, r.out, r.err)
	}
	if err := server.Process.Signal(syscall.Signal(0)); err != nil {
		t.Errorf("the server: %v", err)
	}
}

// TestAttachRefusals: what cannot be attached to is said in a sentence, and the exit code is that of a lack of the machine, or of a wrong command line.
func TestAttachRefusals(t *testing.T) {
	gone := exec.Command("true")
	if err := gone.Run(); err != nil {
		t.Skipf("SKIPPED, not tested: true(1): %v", err)
	}
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"attach"}, 2, "which process?"},
		{[]string{"attach", "0"}, 2, "want the number of a process"},
		{[]string{"attach", fmt.Sprint(gone.Process.Pid), "--headless"}, 3, fmt.Sprint(gone.Process.Pid)},
		{[]string{"attach", "no-such-program-here", "--headless"}, 3, "no-such-program-here"},
		{[]string{"attach", "1", "--for", "-1s", "--headless"}, 2, "--for"},
		{[]string{"attach", "2", "--headless", "--for", "1ms"}, 3, "2"},
	} {
		if r := run(t, c.args...); r.code != c.code || !strings.Contains(r.err, c.says) {
			t.Errorf("%v: exit code %d, %q", c.args, r.code, r.err)
		}
	}
}
