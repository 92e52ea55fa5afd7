package diagnostics

import (
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"evviz/timeline"
)

// TestPages: every rule has an id in order, a name, and a page with the sections that findings quote.
func TestPages(t *testing.T) {
	for i := range Rules {
		r := &Rules[i]
		if want := "EV" + string(rune('0'+(i+1)/10)) + string(rune('0'+(i+1)%10)); r.ID != want {
			t.Errorf("rule %d is called %s", i+1, r.ID)
		}
		if !regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`).MatchString(r.Name) || r.check == nil {
			t.Errorf("%s: name %q", r.ID, r.Name)
		}
		if !strings.HasPrefix(r.Page(), "# "+r.ID+" "+r.Name+"\n") {
			t.Errorf("%s: the page does not begin with its id and name", r.ID)
			continue
		}
		for what, s := range map[string]string{"Why it matters": r.Why(), "How to fix it": r.Fix(), "Possible false positives": r.Else(), "What the kernel does": r.section("What the kernel does")} {
			if len(s) < 40 {
				t.Errorf("%s: section %q says too little: %q", r.ID, what, s)
			}
		}
	}
	if RuleOf("ev08") != &Rules[7] || RuleOf("Write-Spin") != &Rules[7] || RuleOf("EV99") != nil {
		t.Error("rules are not found by id and name")
	}
}

// TestThresholds: each can be read and set by its name, and nonsense is refused.
func TestThresholds(t *testing.T) {
	def := Default()
	for i := range Thresholds {
		x := &Thresholds[i]
		set := Default()
		if err := set.Set(x.Name, x.Get(&def)); err != nil || set != def {
			t.Errorf("%s: %v", x.Name, err)
		}
		other := "17"
		if strings.ContainsAny(x.Get(&def), "sm") {
			other = "17s"
		}
		if err := set.Set(x.Name, other); err != nil || x.Get(&set) != other || set == def {
			t.Errorf("%s=%s gives %s, %v", x.Name, other, x.Get(&set), err)
		}
		if set.Set(x.Name, "-1") == nil || set.Set(x.Name, "x") == nil {
			t.Errorf("%s takes nonsense", x.Name)
		}
		if x.most > 0 && set.Set(x.Name, strconv.Itoa(x.most+1)) == nil {
			t.Errorf("%s takes more than %d", x.Name, x.most)
		}
		if len(x.Rules()) == 0 {
			t.Errorf("%s is used by no rule", x.Name)
		}
		if !regexp.MustCompile(`^[a-z]+(-[a-z]+){0,2}$`).MatchString(x.Name) || len(x.Name) > 14 || len(x.Doc) < 7 {
			t.Errorf("%s: %q", x.Name, x.Doc)
		}
	}
	if set := def; set.Set("nagging", "3") != nil || set.Repeats != 3 {
		t.Errorf("the deprecated name of repeats sets nothing: %+v", set)
	}
	if def.Set("nosuch", "1") == nil {
		t.Error("a threshold that there is not was set")
	}
	if len(Thresholds) != reflect.TypeFor[Settings]().NumField() {
		t.Error("Settings has a field that no threshold leads to")
	}
	for i := range Rules {
		if got := len(Rules[i].Thresholds()); got != len(strings.Fields(Rules[i].thresholds)) {
			t.Errorf("%s names a threshold that there is not: %s", Rules[i].ID, Rules[i].thresholds)
		}
	}
}

// TestLimits: what the fold decides with stands in the table of thresholds, and what a rule asks for is noted.
func TestLimits(t *testing.T) {
	set := Default()
	if got, want := set.Limits(), timeline.DefaultLimits(); got != want {
		t.Errorf("by default a timeline is told %+v, and knows %+v by itself", got, want)
	}
	set.Gap, set.SpinRow = 3*time.Millisecond, 5
	if l := set.Limits(); l.Away != 3_000_000 || l.SpinRow != 5 || l.Behind != 10_000_000 {
		t.Errorf("gap=3ms spin-row=5: %+v", l)
	}
	if none := (Settings{}); none.Limits() != (timeline.Limits{}) {
		t.Error("who sets nothing does not get the defaults")
	}
}

// TestPatient: only what a busy machine reaches, too, is multiplied.
func TestPatient(t *testing.T) {
	set := Default()
	got := set.Patient(10)
	want := set
	for _, d := range []*time.Duration{&want.LabStall, &want.LateConnect, &want.BlockedCall, &want.LateBy, &want.Gap, &want.BigGap, &want.Behind, &want.BehindOnce} {
		*d *= 10
	}
	want.Overruns *= 10
	if got != want || set != Default() {
		t.Errorf("%+v, want %+v", got, want)
	}
}
