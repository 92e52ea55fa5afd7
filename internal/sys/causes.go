package sys

import "strings"

// Capability is the number of a capability, as in capabilities(7).
type Capability uint8

// The capabilities that BPF is about.
const (
	CapSysAdmin Capability = 21
	CapPerfmon  Capability = 38 // Linux 5.8; before, CAP_SYS_ADMIN was needed
	CapBPF      Capability = 39 // Linux 5.8; before, CAP_SYS_ADMIN was needed
)

var capabilityNames = map[Capability]string{CapSysAdmin: "CAP_SYS_ADMIN", CapPerfmon: "CAP_PERFMON", CapBPF: "CAP_BPF"}

func (c Capability) String() string {
	if n := capabilityNames[c]; n != "" {
		return n
	}
	return "a capability that evviz has no name for"
}

// Capabilities is a set of them.
type Capabilities uint64

// Has reports whether the set has all of these.
func (s Capabilities) Has(cs ...Capability) bool {
	for _, c := range cs {
		if s>>c&1 == 0 {
			return false
		}
	}
	return true
}

// Rights is what decides whether this process may load BPF programs that read the kernel. It is looked at without asking bpf(2), whose
// EPERM has half a dozen causes and names none.
type Rights struct {
	UID       int
	Effective Capabilities // of the thread that asked
	Permitted Capabilities

	NoNewPrivs      bool   // programs that it starts get no capabilities from files
	Seccomp         int    // 0 none, 1 strict, 2 a filter; Unknown when it cannot be read. A filter may forbid bpf(2), as those of containers do
	UserNamespace   bool   // in a user namespace of its own: capabilities do not count outside it, and BPF is outside it
	BTF             bool   // the kernel describes its structures (CONFIG_DEBUG_INFO_BTF)
	Lockdown        string // "none", "integrity" or "confidentiality"; "" when the kernel has no lockdown or it cannot be read
	UnprivilegedBPF int    // kernel.unprivileged_bpf_disabled: 0, 1 or 2; Unknown when it cannot be read
	PerfParanoid    int    // kernel.perf_event_paranoid; Unknown when it cannot be read
	Release         string // of the kernel, as uname -r says it
}

// Unknown is the value of a setting that cannot be read; perf_event_paranoid may be -1.
const Unknown = -1000

// CauseKind is a reason for which BPF programs cannot be loaded.
type CauseKind uint8

// The reasons.
const (
	CauseCapabilities  CauseKind = iota + 1 // Missing says which
	CauseUserNamespace                      // the capabilities are those of a user namespace
	CauseNoBTF                              // the kernel was built without descriptions of its structures
	CauseLockdown                           // the kernel may not be read: Detail is the mode
	CauseSeccomp                            // a filter may forbid bpf(2)
	CauseOldKernel                          // older than what the programs need: Detail is its release
	CauseLacking                            // built without something that the programs need: Detail is its release
	CauseNoBPF                              // the kernel was built without bpf(2), or it is hidden
	CauseOther                              // none of these was found: Detail is what bpf(2) answered
)

// Cause is one reason, with what it is about.
type Cause struct {
	Kind    CauseKind
	Missing []Capability // CauseCapabilities
	Detail  string
	Certain bool // it forbids BPF whatever else is true; else it may, and bpf(2) has refused
}

// OldestForBPF is the first kernel with everything that the programs of probe/kernel need at least (bpf_task_pt_regs).
const OldestForBPF = "5.15"

// String is the part of a sentence that says what is missing. It names no command: what to type depends on who asks for what.
func (c Cause) String() string {
	switch c.Kind {
	case CauseCapabilities:
		names := make([]string, len(c.Missing))
		for i, m := range c.Missing {
			names[i] = m.String()
		}
		if len(names) == 1 {
			return "this process does not have " + names[0]
		}
		return "this process does not have " + strings.Join(names, " and ")
	case CauseUserNamespace:
		return "this process is in a user namespace, whose root has no rights over the kernel"
	case CauseNoBTF:
		return "the kernel does not describe its structures: there is no /sys/kernel/btf/vmlinux (CONFIG_DEBUG_INFO_BTF)"
	case CauseLockdown:
		return "the kernel is locked down (" + c.Detail + "): nobody may read its memory"
	case CauseSeccomp:
		return "a seccomp filter is on this process, which may forbid bpf(2), as those of containers do"
	case CauseOldKernel:
		return "the kernel is " + c.Detail + ", and " + OldestForBPF + " or newer is needed"
	case CauseLacking:
		return "the kernel, " + c.Detail + ", was built without BPF iterators over tasks and their files"
	case CauseNoBPF:
		return "the kernel has no bpf(2), or a sandbox hides it"
	}
	return "bpf(2) answered " + c.Detail + ", and no reason for that was found"
}

// Causes are the reasons for which these rights are not enough, those that forbid for certain first. None: it should work.
func (r Rights) Causes() (out []Cause) {
	if !r.Effective.Has(CapSysAdmin) {
		var missing []Capability
		for _, c := range []Capability{CapBPF, CapPerfmon} {
			if !r.Effective.Has(c) {
				missing = append(missing, c)
			}
		}
		if missing != nil {
			out = append(out, Cause{Kind: CauseCapabilities, Missing: missing, Certain: true})
		}
	}
	if !r.BTF {
		out = append(out, Cause{Kind: CauseNoBTF, Certain: true})
	}
	// A BPF token (Linux 6.9) may be given to a user namespace, so this one is not certain by itself.
	if r.UserNamespace {
		out = append(out, Cause{Kind: CauseUserNamespace})
	}
	if r.Lockdown == "confidentiality" {
		out = append(out, Cause{Kind: CauseLockdown, Detail: r.Lockdown})
	}
	if older(r.Release, OldestForBPF) {
		out = append(out, Cause{Kind: CauseOldKernel, Detail: r.Release})
	}
	if r.Seccomp > 0 {
		out = append(out, Cause{Kind: CauseSeccomp})
	}
	return out
}

// ReadsAfterDropping reports whether a program that is loaded can be put to work again and again by a process that has dropped its
// capabilities. Before Linux 5.19 each link wanted them, where unprivileged BPF is switched off.
func (r Rights) ReadsAfterDropping() bool {
	return !older(r.Release, "5.19") || r.UnprivilegedBPF == 0
}
