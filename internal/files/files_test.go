package files

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"evviz/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

func mark(head []byte) bool { return bytes.HasPrefix(head, []byte("ours")) }

func put(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func text(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestCreate: what is there stays, unless it is of our kind and that was asked for.
func TestCreate(t *testing.T) {
	dir := t.TempDir()
	ours, force := Over{Kind: "a recording", Ours: mark}, Over{Kind: "a recording", Ours: mark, Force: true}
	at := func(name string) string { return filepath.Join(dir, name) }
	put(t, at("dear.txt"), "dear")
	put(t, at("old"), "ours, from long ago")
	put(t, at("empty"), "")
	if err := os.Symlink(at("dear.txt"), at("link")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(at("nowhere"), at("dangling")); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(at("fifo"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		over Over
		want error
		left string // what is in the file afterwards
	}{
		{"new", ours, nil, ""},
		{"empty", ours, nil, ""},
		{"dear.txt", ours, fs.ErrExist, "dear"},
		{"dear.txt", force, fs.ErrExist, "dear"},
		{"link", force, fs.ErrExist, "dear"},
		{"old", ours, fs.ErrExist, "ours, from long ago"},
		{"old", force, nil, ""},
		{"dangling", force, ErrNotRegular, "-"},
		{"fifo", force, ErrNotRegular, "-"},
		{".", force, ErrNotRegular, "-"},
		{"no/file", force, fs.ErrNotExist, "-"},
	} {
		f, made, err := Create(at(c.name), 0o600, c.over)
		if !errors.Is(err, c.want) || made != (err == nil && c.name == "new") {
			t.Errorf("%s, force %v: %v, made %v", c.name, c.over.Force, err, made)
		}
		if err == nil {
			if _, _, err := Create(at(c.name), 0o600, force); !errors.Is(err, ErrBusy) && !errors.Is(err, fs.ErrExist) {
				t.Errorf("%s is written to by two: %v", c.name, err)
			}
			f.Close()
		}
		if c.left != "-" {
			if got := text(t, at(c.name)); got != c.left {
				t.Errorf("%s, force %v: it holds %q", c.name, c.over.Force, got)
			}
		}
	}
	if _, err := os.Lstat(at("nowhere")); err == nil {
		t.Error("a file was made through a link")
	}
	if f, _, err := Create("/dev/null", 0o600, force); !errors.Is(err, ErrNotRegular) {
		t.Errorf("%v, %v", f, err)
	}
}

// TestCreateBusy: a file that is being written to is not emptied, whatever was asked for.
func TestCreateBusy(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	over := Over{Kind: "a recording", Ours: mark, Force: true}
	f, _, err := Create(path, 0o600, over)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	f.WriteString("ours")
	if _, _, err := Create(path, 0o600, over); !errors.Is(err, ErrBusy) {
		t.Errorf("%v", err)
	}
	if got := text(t, path); got != "ours" {
		t.Errorf("%q is left", got)
	}
}

// TestWrite: a whole file, or what was there before.
func TestWrite(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f.txt")
	if err := Write(path, []byte("one"), 0o640, Over{}); err != nil || text(t, path) != "one" {
		t.Fatal(err)
	}
	if err := Write(path, []byte("two"), 0o640, Over{}); !errors.Is(err, fs.ErrExist) || text(t, path) != "one" {
		t.Error(err)
	}
	os.Chmod(path, 0o604)
	link := filepath.Join(dir, "link")
	os.Symlink(path, link)
	if err := Write(link, []byte("two"), 0o640, Over{Force: true}); err != nil || text(t, path) != "two" {
		t.Error(err)
	}
	if st, err := os.Lstat(link); err != nil || st.Mode()&fs.ModeSymlink == 0 {
		t.Errorf("the link was replaced: %v, %v", st, err)
	}
	if st, _ := os.Stat(path); st.Mode().Perm() != 0o604 {
		t.Errorf("mode %v", st.Mode())
	}
	if err := Write(dir, nil, 0o640, Over{Force: true}); !errors.Is(err, ErrNotRegular) {
		t.Error(err)
	}
	// A disk that is full, as far as a process can have one for itself.
	testkit.LimitFiles(t, 2)
	for _, c := range []struct{ name, left string }{{"f.txt", "two"}, {"new.txt", ""}} {
		err := Write(filepath.Join(dir, c.name), []byte("three"), 0o640, Over{Force: true})
		if !errors.Is(err, syscall.EFBIG) {
			t.Error(err)
		}
		if c.left != "" && text(t, filepath.Join(dir, c.name)) != c.left {
			t.Errorf("%s is lost", c.name)
		}
	}
	es, _ := os.ReadDir(dir)
	if len(es) != 2 {
		t.Errorf("left behind: %v", es)
	}
}

// TestOwn: names of our own never meet one that is taken.
func TestOwn(t *testing.T) {
	dir := t.TempDir()
	for _, want := range []string{"run.evt", "run-2.evt", "run-3.evt"} {
		path, err := Own(filepath.Join(dir, "run"), ".evt", func(p string) error {
			f, _, err := Create(p, 0o600, Over{Kind: "a recording", Ours: mark, Force: false})
			if err == nil {
				f.WriteString("ours")
				defer t.Cleanup(func() { f.Close() })
			}
			return err
		})
		if err != nil || filepath.Base(path) != want {
			t.Errorf("%s, %v, want %s", path, err, want)
		}
	}
	if _, err := Own(filepath.Join(dir, "no", "run"), ".evt", func(p string) error {
		_, _, err := Create(p, 0o600, Over{})
		return err
	}); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

// TestRead: bounded, and nothing that is not a file holds it up.
func TestRead(t *testing.T) {
	dir := t.TempDir()
	path := put(t, filepath.Join(dir, "f"), "12345")
	fifo := filepath.Join(dir, "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	if b, err := Read(path, 5); err != nil || string(b) != "12345" {
		t.Error(b, err)
	}
	if _, err := Read(path, 4); !errors.Is(err, ErrTooLarge) {
		t.Error(err)
	}
	if b, err := Read(os.DevNull, 4); err != nil || len(b) != 0 {
		t.Error(b, err)
	}
	for _, p := range []string{fifo, "/dev/zero", dir} {
		if _, err := Read(p, 4); !errors.Is(err, ErrNotRegular) || strings.Contains(err.Error(), "\n") {
			t.Error(p, err)
		}
	}
	if _, err := Read(filepath.Join(dir, "no"), 4); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

// TestUnnamed: a file that is in no directory, whichever way it was made, and that can be opened again by its descriptor.
func TestUnnamed(t *testing.T) {
	dir := t.TempDir()
	for _, open := range []func(string) (int, error){Unnamed, unlinked} {
		fd, err := open(dir)
		if err != nil {
			t.Fatal(err)
		}
		var st syscall.Stat_t
		if err := syscall.Fstat(fd, &st); err != nil || st.Nlink != 0 || st.Mode&0o777 != 0o600 {
			t.Errorf("%+v, %v", st, err)
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
			t.Errorf("in the directory: %v, %v", left, err)
		}
		f, made, err := Create(fmt.Sprintf("/proc/self/fd/%d", fd), 0o600, Over{})
		if err != nil || made {
			t.Fatal(made, err)
		}
		f.Close()
		syscall.Close(fd)
	}
	if _, err := Unnamed(filepath.Join(dir, "no")); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}
