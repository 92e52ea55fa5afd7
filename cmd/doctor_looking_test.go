package cmd

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"evviz/internal/sys"
	"evviz/internal/testkit"
	"evviz/probe/kernel"
)

// TestDoctorRights: each right that is missing has its sentence, and what to type.
func TestDoctorRights(t *testing.T) {
	full := sys.Rights{Effective: 1<<sys.CapBPF | 1<<sys.CapPerfmon, BTF: true, UnprivilegedBPF: 2, PerfParanoid: 2, Release: "6.1.0"}
	var b strings.Builder
	for _, c := range []struct {
		name   string
		change func(*sys.Rights)
	}{
		{"nothing is missing", func(*sys.Rights) {}},
		{"no capability", func(r *sys.Rights) { r.Effective = 0 }},
		{"no CAP_PERFMON", func(r *sys.Rights) { r.Effective = 1 << sys.CapBPF }},
		{"CAP_SYS_ADMIN alone", func(r *sys.Rights) { r.Effective = 1 << sys.CapSysAdmin }},
		{"no BTF", func(r *sys.Rights) { r.BTF = false }},
		{"lockdown", func(r *sys.Rights) { r.Lockdown = "confidentiality" }},
		{"half a lockdown", func(r *sys.Rights) { r.Lockdown = "integrity" }},
		{"seccomp", func(r *sys.Rights) { r.Seccomp = 2 }},
		{"a user namespace", func(r *sys.Rights) { r.UserNamespace = true }},
		{"an old kernel", func(r *sys.Rights) { r.Release = "5.10.0-21-amd64" }},
		{"settings that cannot be read", func(r *sys.Rights) { r.UnprivilegedBPF, r.PerfParanoid = sys.Unknown, sys.Unknown }},
	} {
		r := full
		c.change(&r)
		w := ward{Name: c.name}
		examineRights(&w, r)
		if causes := r.Causes(); len(causes) > 0 {
			lookingRefused(&w, &kernel.Refused{Causes: causes, Errno: unix.EPERM})
		}
		wardText(&b, w)
	}
	w := ward{Name: "other reasons"}
	lookingRefused(&w, &kernel.Refused{Causes: []sys.Cause{{Kind: sys.CauseNoBPF}}, Errno: unix.ENOSYS})
	lookingRefused(&w, &kernel.Refused{Causes: []sys.Cause{{Kind: sys.CauseLacking, Detail: "6.1.0"}}, Errno: unix.EINVAL})
	lookingRefused(&w, &kernel.Refused{Causes: []sys.Cause{{Kind: sys.CauseOther, Detail: "EBUSY"}}, Errno: unix.EBUSY})
	lookingRefused(&w, errors.ErrUnsupported)
	wardText(&b, w)
	testkit.Golden(t, "doctor_rights.txt", b.String())
}

// wardText writes a group without what depends on a terminal.
func wardText(b *strings.Builder, w ward) {
	fmt.Fprintf(b, "# %s\n", w.Name)
	for _, e := range w.Checks {
		fmt.Fprintf(b, "%s %s: %s\n", e.State, e.What, e.Value)
		if e.Why != "" {
			fmt.Fprintf(b, "  why: %s\n", e.Why)
		}
		if e.Fix != "" {
			fmt.Fprintf(b, "  fix: %s\n", e.Fix)
		}
	}
	b.WriteByte('\n')
}

// TestDoctorWithout: with a right really taken away the doctor names it, and a snapshot still looks.
func TestDoctorWithout(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("SKIPPED, not tested: taking rights away wants root")
	}
	setpriv := testkit.Need(t, "setpriv")
	self := readable(t)
	for _, c := range []struct {
		name   string
		before []string
		why    string // "" it can
	}{
		{"another user", []string{setpriv, "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all"}, "does not have CAP_BPF and CAP_PERFMON"},
		{"root without CAP_BPF", []string{setpriv, "--bounding-set=-bpf,-sys_admin"}, "does not have CAP_BPF"},
		{"a user with the two", []string{setpriv, "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=+bpf,+perfmon", "--ambient-caps=+bpf,+perfmon"}, ""},
		{"a user namespace", []string{testkit.Need(t, "unshare"), "-U", "-r"}, "in a user namespace"},
	} {
		t.Run(c.name, func(t *testing.T) {
			argv := append(c.before, self, "doctor", "--json")
			cmd := exec.Command(argv[0], argv[1:]...)
			cmd.Env = append(os.Environ(), "EVVIZ_TEST_MAIN=1", "EVVIZ_CONFIG=/dev/null", "HOME=/", "TMPDIR=/tmp", "TERM=xterm")
			cmd.Dir = "/"
			got, r := doctorSays(t, cmd)
			bpf, said := got["BPF"]
			switch {
			case !said:
				t.Fatalf("nothing is said of BPF: %s%s", r.out, r.err)
			case c.why == "":
				if bpf.State != stateOK && !strings.Contains(bpf.Why, "seccomp") {
					t.Errorf("%+v", bpf)
				}
			case bpf.State != stateNote || !strings.Contains(bpf.Why, c.why) || bpf.Fix == "":
				t.Errorf("%+v, want %q", bpf, c.why)
			}
		})
	}
}

// readable is this test's binary where every user may read it.
func readable(t *testing.T) string {
	t.Helper()
	from, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("/tmp", "evviz-readable")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	in, err := os.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	path := filepath.Join(dir, "evviz")
	out, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(out, in); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}
