package show

import (
	"regexp"
	"testing"

	"evviz/record"
)

// TestRecordKey: the key that records never meets a file that is there, however often it is pressed in a second.
func TestRecordKey(t *testing.T) {
	t.Chdir(t.TempDir())
	s := NewLine(&madeSource{}, &LineOptions{Record: true})
	names := map[string]bool{}
	for range 5 {
		if err := (recorder{s.Tee}).Start(""); err != nil {
			t.Fatal(err)
		}
		if err := s.Tee.Stop(); err != nil {
			t.Fatal(err)
		}
		names[s.Tee.Status().Path] = true
	}
	if err := s.End(0); err != nil {
		t.Error(err)
	}
	if len(names) != 5 {
		t.Errorf("files %v", names)
	}
	for name := range names {
		if !regexp.MustCompile(`^evviz-\d{8}-\d{6}(-\d)?\.evt$`).MatchString(name) {
			t.Errorf("name %q", name)
		}
		f, err := record.OpenFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if d := f.Damage(); len(d) > 0 || !f.Closed() {
			t.Errorf("%s: closed %v, damage %v", name, f.Closed(), d)
		}
		f.Close()
	}
}
