package sys

import (
	"slices"
	"testing"
)

// TestCauses: which rights are not enough, in which order, and in which words.
func TestCauses(t *testing.T) {
	full := Rights{Release: "6.18.1", BTF: true, Effective: 1<<CapBPF | 1<<CapPerfmon, Seccomp: 0}
	with := func(change func(*Rights)) Rights {
		r := full
		change(&r)
		return r
	}
	for _, c := range []struct {
		is      string
		r       Rights
		want    []string
		certain bool
	}{
		{"all", full, nil, false},
		{"CAP_SYS_ADMIN stands for both", with(func(r *Rights) { r.Effective = 1 << CapSysAdmin }), nil, false},
		{"none", with(func(r *Rights) { r.Effective = 0 }), []string{"this process does not have CAP_BPF and CAP_PERFMON"}, true},
		{"one", with(func(r *Rights) { r.Effective = 1 << CapBPF }), []string{"this process does not have CAP_PERFMON"}, true},
		{"no BTF", with(func(r *Rights) { r.BTF = false }), []string{"the kernel does not describe its structures: there is no /sys/kernel/btf/vmlinux (CONFIG_DEBUG_INFO_BTF)"}, true},
		{"integrity", with(func(r *Rights) { r.Lockdown = "integrity" }), nil, false},
		{"confidentiality", with(func(r *Rights) { r.Lockdown = "confidentiality" }), []string{"the kernel is locked down (confidentiality): nobody may read its memory"}, false},
		{"old", with(func(r *Rights) { r.Release = "5.10.0-9-amd64" }), []string{"the kernel is 5.10.0-9-amd64, and 5.15 or newer is needed"}, false},
		{"just new enough", with(func(r *Rights) { r.Release = "5.15.0" }), nil, false},
		{"a container", with(func(r *Rights) { r.Effective, r.Seccomp = 0, 2 }),
			[]string{"this process does not have CAP_BPF and CAP_PERFMON", "a seccomp filter is on this process, which may forbid bpf(2), as those of containers do"}, true},
		{"a user namespace", with(func(r *Rights) { r.UserNamespace = true }), []string{"this process is in a user namespace, whose root has no rights over the kernel"}, false},
		{"seccomp that cannot be read", with(func(r *Rights) { r.Seccomp = Unknown }), nil, false},
	} {
		var got []string
		certain := false
		for _, x := range c.r.Causes() {
			got = append(got, x.String())
			certain = certain || x.Certain
		}
		if !slices.Equal(got, c.want) || certain != c.certain {
			t.Errorf("%s: %q, certain %v; want %q, %v", c.is, got, certain, c.want, c.certain)
		}
	}
}
