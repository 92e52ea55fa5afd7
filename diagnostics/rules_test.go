package diagnostics

import (
	"regexp"
	"strings"
	"testing"
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
		for what, s := range map[string]string{"Why it matters": r.Why(), "How to mend it": r.Fix(), "What else could look like this": r.Else(), "What the kernel does": r.section("What the kernel does")} {
			if len(s) < 40 {
				t.Errorf("%s: section %q says too little: %q", r.ID, what, s)
			}
		}
	}
	if len(Rules) != 35 || RuleOf("ev08") != &Rules[7] || RuleOf("Write-Spin") != &Rules[7] || RuleOf("EV99") != nil {
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
		for _, id := range strings.Fields(x.Rules) {
			if RuleOf(id) == nil {
				t.Errorf("%s: there is no rule %s", x.Name, id)
			}
		}
	}
	if def.Set("nosuch", "1") == nil {
		t.Error("a threshold that there is not was set")
	}
}
