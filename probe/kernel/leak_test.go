//go:build linux && (amd64 || arm64)

package kernel

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
	"golang.org/x/sys/unix"

	"evviz/internal/sys"
)

// inKernel are the numbers of what the kernel has of a reader: of programs, maps and a link.
type inKernel struct {
	Programs, Maps []uint32
	Link           uint32
}

func init() {
	roles["reader with a link"] = func() (any, error) {
		r, err := Open() // never closed
		if err != nil {
			return nil, err
		}
		held = r
		x, err := numbersOf(r)
		if err != nil {
			return nil, err
		}
		fd, err := sys.IterLink(r.objects.files.FD(), 0)
		if err != nil {
			return nil, err
		}
		l, err := link.NewFromFD(fd)
		if err != nil {
			return nil, err
		}
		heldLink = l
		info, err := l.Info()
		if err != nil {
			return nil, err
		}
		x.Link = uint32(info.ID)
		return x, nil
	}
}

// What a child holds until it is killed.
var (
	held     *Reader
	heldLink link.Link
)

func numbersOf(r *Reader) (x inKernel, err error) {
	for _, p := range []*ebpf.Program{r.objects.files, r.objects.threads} {
		if p == nil {
			continue
		}
		info, err := p.Info()
		if err != nil {
			return x, err
		}
		id, _ := info.ID()
		x.Programs = append(x.Programs, uint32(id))
		maps, _ := info.MapIDs() // also those that only the program holds, such as its constants
		for _, m := range maps {
			if !slices.Contains(x.Maps, uint32(m)) {
				x.Maps = append(x.Maps, uint32(m))
			}
		}
	}
	if len(x.Programs) == 0 || len(x.Maps) < 3 {
		return x, fmt.Errorf("%d programs and %d maps: there are more", len(x.Programs), len(x.Maps))
	}
	return x, nil
}

// there are those that the kernel still has, by going through all that it has.
func (x *inKernel) there(t *testing.T) (out []string) {
	t.Helper()
	for id := ebpf.ProgramID(0); ; {
		next, err := ebpf.ProgramGetNextID(id)
		if errors.Is(err, os.ErrNotExist) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if id = next; slices.Contains(x.Programs, uint32(id)) {
			out = append(out, fmt.Sprint("program ", id))
		}
	}
	for id := ebpf.MapID(0); ; {
		next, err := ebpf.MapGetNextID(id)
		if errors.Is(err, os.ErrNotExist) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if id = next; slices.Contains(x.Maps, uint32(id)) {
			out = append(out, fmt.Sprint("map ", id))
		}
	}
	for {
		found, err := x.link()
		if errors.Is(err, unix.EAGAIN) {
			continue // another process is about to make one: it has a number, and is not there yet
		}
		if err != nil {
			t.Fatal(err)
		}
		return append(out, found...)
	}
}

// link is the link, if the kernel still has it.
func (x *inKernel) link() (out []string, err error) {
	links := new(link.Iterator)
	defer links.Close()
	for links.Next() {
		if x.Link != 0 && uint32(links.ID) == x.Link {
			out = append(out, fmt.Sprint("link ", links.ID))
		}
	}
	return out, links.Err()
}

// gone waits: the kernel frees after grace periods.
func (x *inKernel) gone(t *testing.T) {
	t.Helper()
	for end := time.Now().Add(2 * time.Minute); ; time.Sleep(5 * time.Millisecond) {
		left := x.there(t)
		if len(left) == 0 {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("the kernel still has %v", left)
		}
	}
}

// TestNothingStays: no program, map or link is left, neither after Close nor after the process that had them was killed.
func TestNothingStays(t *testing.T) {
	needRoot(t) // going through what there is takes CAP_SYS_ADMIN
	needBPF(t, options{})
	t.Run("Close", func(t *testing.T) {
		r, err := Open()
		if err != nil {
			t.Fatal(err)
		}
		read(t, r, os.Getpid())
		x, err := numbersOf(r)
		if err != nil {
			t.Fatal(err)
		}
		if there := x.there(t); len(there) != len(x.Programs)+len(x.Maps) {
			t.Fatalf("before Close the kernel has only %v of %+v", there, x)
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		x.gone(t)
	})
	t.Run("kill -9", func(t *testing.T) {
		c := start(t, "reader with a link", nil)
		x := known[inKernel](t, c)
		if there := x.there(t); len(there) != len(x.Programs)+len(x.Maps)+1 {
			t.Fatalf("before it is killed the kernel has only %v of %+v", there, x)
		}
		if err := unix.Kill(c.pid, unix.SIGKILL); err != nil {
			t.Fatal(err)
		}
		x.gone(t)
	})
	t.Run("refused halfway", func(t *testing.T) {
		if r, err := open(options{ring: 12345}); err == nil { // no power of two
			r.Close()
			t.Fatal("a ring of 12,345 bytes is taken")
		}
	})
}
